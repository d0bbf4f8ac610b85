"""A reign may say that nothing of it is under way only when that is so, of it and of all before it."""

from __future__ import annotations

import asyncio

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pacing_node.cycle.cycle_counters import Tally
from pacing_node.cycle.late_pushes import Aftermath
from pacing_node.cycle.pushing import Pusher
from pacing_node.engagement.platform import PushOutcome, PushStatus, TargetReply
from tests.cycle.parts import FakePlatform, FakeReign
from tests.cycle.test_pushing import entry


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def reigning(clock: Clock, *, after_settled: bool = True) -> Aftermath:
    aftermath = Aftermath(clock)
    aftermath.reign_began(3, after_settled=after_settled, seconds=2.0)
    return aftermath


def test_a_reign_that_was_never_begun_says_nothing(clock: Clock) -> None:
    assert not Aftermath(clock).settled(0)
    assert not reigning(clock).settled(2)
    assert not reigning(clock).settled(4)


def test_after_a_reign_that_may_have_left_something_the_wait_is_owed_even_if_nothing_was_sent(clock: Clock) -> None:
    aftermath = reigning(clock, after_settled=False)
    assert not aftermath.settled(3)
    clock.now += 1.9
    assert not aftermath.settled(3)
    clock.now += 0.2
    assert aftermath.settled(3)


async def pushed(aftermath: Aftermath, outcome: PushOutcome) -> None:
    await Pusher(FakePlatform(lambda *_: outcome), Tally(), aftermath).push(FakeReign(), [entry()], 1.0)


async def test_a_push_that_was_answered_leaves_nothing(clock: Clock) -> None:
    aftermath = reigning(clock)
    await pushed(aftermath, PushOutcome(PushStatus.ACCEPTED, (TargetReply(),)))
    assert aftermath.settled(3)


@pytest.mark.parametrize(
    "outcome",
    [
        PushOutcome(PushStatus.DEADLINE),
        PushOutcome(PushStatus.FAILED),
        PushOutcome(PushStatus.INVALID_REPLY),
        PushOutcome(PushStatus.ACCEPTED, (TargetReply(),), attempts=2),
    ],
    ids=lambda outcome: f"{outcome.status}-{outcome.attempts}",
)
async def test_one_without_an_answer_or_sent_twice_may_arrive_late(clock: Clock, outcome: PushOutcome) -> None:
    aftermath = reigning(clock)
    await pushed(aftermath, outcome)
    clock.now += 1.0
    assert not aftermath.settled(3)
    await pushed(aftermath, PushOutcome(PushStatus.ACCEPTED, (TargetReply(),)))
    assert not aftermath.settled(3), "a later one that is answered says nothing of the one before"
    clock.now += 0.03
    assert aftermath.settled(3)


async def test_a_push_cut_off_by_the_end_of_its_reign_may_arrive_late(clock: Clock) -> None:
    aftermath, platform, reign = reigning(clock), FakePlatform(), FakeReign()
    platform.hold = asyncio.Event()
    pushing = asyncio.ensure_future(Pusher(platform, Tally(), aftermath).push(reign, [entry()], 1.0))
    await asyncio.sleep(0.01)
    assert not aftermath.settled(3), "while it is on its way"
    reign.ended.set()
    assert not aftermath.settled(3), "before anybody has reacted"
    await pushing
    assert not aftermath.settled(3)
    clock.now += 1.03
    assert aftermath.settled(3)


@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.floats(0.1, 2.0), st.booleans()), max_size=20), st.floats(0.0, 3.0))
def test_whenever_it_says_so_every_push_without_an_answer_is_older_than_its_time(
    pushes: list[tuple[float, float, bool]], pause: float
) -> None:
    clock = Clock()
    aftermath = reigning(clock)
    ends = []
    for wait, seconds, answered in pushes:
        clock.now += wait
        aftermath.sent(seconds)
        if answered:
            aftermath.answered()
        else:
            ends.append(clock.now + seconds)
    clock.now += pause
    assert aftermath.settled(3) == all(end <= clock.now for end in ends)
