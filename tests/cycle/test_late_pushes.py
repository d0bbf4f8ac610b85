"""A term may say that nothing of it is under way only when that is so, of it and of all before it."""

from __future__ import annotations

import asyncio

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.late_pushes import LatePushes
from pacing_node.cycle.pushing import Pusher
from pacing_node.engagement.platform import PushOutcome, PushStatus
from pacing_node.engagement.replies import TargetReply
from tests.cycle.test_pushing import entry
from tests.support.cycle_parts import FakePlatform, FakeTerm
from tests.support.waiting import until


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def leading(clock: Clock, *, after_clean_end: bool = True) -> LatePushes:
    late_pushes = LatePushes(clock)
    late_pushes.term_began(3, after_clean_end=after_clean_end, seconds=2.0)
    return late_pushes


def test_a_term_that_was_never_begun_says_nothing(clock: Clock) -> None:
    assert not LatePushes(clock).ended_clean(0)
    assert not leading(clock).ended_clean(2)
    assert not leading(clock).ended_clean(4)


def test_after_a_term_that_may_have_left_something_the_wait_is_owed_even_if_nothing_was_sent(clock: Clock) -> None:
    late_pushes = leading(clock, after_clean_end=False)
    assert not late_pushes.ended_clean(3)
    clock.now += 1.9
    assert not late_pushes.ended_clean(3)
    clock.now += 0.2
    assert late_pushes.ended_clean(3)


async def pushed(late_pushes: LatePushes, outcome: PushOutcome) -> None:
    await Pusher(FakePlatform(lambda *_: outcome), CycleCounters(), late_pushes).push(FakeTerm(), [entry()], 1.0)


async def test_a_push_that_was_answered_leaves_nothing(clock: Clock) -> None:
    late_pushes = leading(clock)
    await pushed(late_pushes, PushOutcome(PushStatus.ACCEPTED, replies=(TargetReply(),)))
    assert late_pushes.ended_clean(3)


@pytest.mark.parametrize(
    "outcome",
    [
        PushOutcome(PushStatus.DEADLINE),
        PushOutcome(PushStatus.FAILED),
        PushOutcome(PushStatus.INVALID_REPLY),
        PushOutcome(PushStatus.ACCEPTED, replies=(TargetReply(),), attempts=2),
    ],
    ids=lambda outcome: f"{outcome.status}-{outcome.attempts}",
)
async def test_one_without_an_answer_or_sent_twice_may_arrive_late(clock: Clock, outcome: PushOutcome) -> None:
    late_pushes = leading(clock)
    await pushed(late_pushes, outcome)
    clock.now += 1.0
    assert not late_pushes.ended_clean(3)
    await pushed(late_pushes, PushOutcome(PushStatus.ACCEPTED, replies=(TargetReply(),)))
    assert not late_pushes.ended_clean(3), "a later one that is answered says nothing of the one before"
    clock.now += 0.03
    assert late_pushes.ended_clean(3)


async def test_a_push_cut_off_by_the_end_of_its_term_may_arrive_late(clock: Clock) -> None:
    late_pushes, platform, term = leading(clock), FakePlatform(), FakeTerm()
    platform.hold = asyncio.Event()
    pushing = asyncio.ensure_future(Pusher(platform, CycleCounters(), late_pushes).push(term, [entry()], 1.0))
    await until(lambda: platform.pushes)
    assert not late_pushes.ended_clean(3), "while it is on its way"
    term.ended.set()
    assert not late_pushes.ended_clean(3), "before anybody has reacted"
    await pushing
    assert not late_pushes.ended_clean(3)
    clock.now += 1.03
    assert late_pushes.ended_clean(3)


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.floats(0.1, 2.0), st.booleans()), max_size=20), st.floats(0.0, 3.0))
def test_whenever_it_says_so_every_push_without_an_answer_is_older_than_its_time(
    pushes: list[tuple[float, float, bool]], pause: float
) -> None:
    clock = Clock()
    late_pushes = leading(clock)
    ends = []
    for wait, seconds, answered in pushes:
        clock.now += wait
        late_pushes.sent(seconds)
        if answered:
            late_pushes.answered()
        else:
            ends.append(clock.now + seconds)
    clock.now += pause
    assert late_pushes.ended_clean(3) == all(end <= clock.now for end in ends)
