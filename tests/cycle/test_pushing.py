"""A push starts only under a lease, lasts no longer than it, and is doubted when the term ended meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest

from cluster.clock import boot_seconds
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.late_pushes import LatePushes
from pacing_node.cycle.pushing import Pusher
from pacing_node.engagement.platform import FencingMark, PushOutcome, PushStatus, TargetPush
from pacing_node.engagement.replies import TargetReply
from tests.support.cycle_parts import FakePlatform, FakeTerm, target


def entry(name: str = "a") -> TargetPush:
    return TargetPush(target(name), 3, 5.0, None, None, 2, 1, 0, 0, 0, "agents_available")


@pytest.fixture
def cycle_counters() -> CycleCounters:
    return CycleCounters()


async def test_a_push_is_given_the_budget_and_the_next_token(cycle_counters: CycleCounters) -> None:
    platform, term = FakePlatform(), FakeTerm()
    pusher = Pusher(platform, cycle_counters)
    began = boot_seconds()
    first = await pusher.push(term, [entry()], 1.3)
    second = await pusher.push(term, [entry()], 1.3)
    assert (first.status, first.sequence, second.sequence) == ("accepted", 1, 2)
    deadlines = [deadline for _, _, deadline in platform.pushes]
    assert all(began + 1.3 <= deadline <= boot_seconds() + 1.3 for deadline in deadlines)
    assert cycle_counters.pushes == {"accepted": 2}
    assert cycle_counters.last_accepted_at > 0


async def test_without_enough_lease_nothing_is_sent_and_no_sequence_is_used(cycle_counters: CycleCounters) -> None:
    platform, term = FakePlatform(), FakeTerm(lease=1.0)
    pushed = await Pusher(platform, cycle_counters).push(term, [entry()], 1.3)
    assert pushed.status is PushStatus.WITHHELD
    assert "lease" in pushed.message
    assert platform.pushes == []
    term.lease = 10.0
    assert (await Pusher(platform, cycle_counters).push(term, [entry()], 1.3)).sequence == 1


async def test_a_push_on_its_way_is_cancelled_when_the_term_ends(cycle_counters: CycleCounters) -> None:
    platform, term = FakePlatform(), FakeTerm()
    platform.hold = asyncio.Event()
    pushing = asyncio.ensure_future(Pusher(platform, cycle_counters).push(term, [entry()], 1.3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    term.ended.set()
    pushed = await pushing
    assert pushed.status is PushStatus.LATE
    assert platform.cancelled == 1
    assert cycle_counters.last_accepted_at == 0, "what became of it is not known, so it does not count as accepted"


async def test_nothing_is_sent_when_the_term_ends_while_the_push_is_announced(cycle_counters: CycleCounters) -> None:
    """The streams to the standbys have a turn then, and so has whatever ends the term."""
    platform, term, late = FakePlatform(), FakeTerm(), LatePushes()
    late.term_began(term.epoch, after_clean_end=True, seconds=0.0)

    async def announce(_sequence: int) -> None:
        asyncio.get_running_loop().call_soon(term.ended.set)

    pushed = await Pusher(platform, cycle_counters, late).push(term, [entry()], 1.3, announce)
    assert pushed.status is PushStatus.LATE
    assert platform.pushes == []
    assert late.ended_clean(term.epoch), "nothing of it can arrive"


async def test_a_success_that_arrives_after_the_term_ended_is_not_trusted(cycle_counters: CycleCounters) -> None:
    term = FakeTerm()

    def late(token: object, targets: object) -> PushOutcome:
        term.ended.set()
        return PushOutcome(PushStatus.ACCEPTED, replies=(TargetReply(pending=1),))

    assert (await Pusher(FakePlatform(late), cycle_counters).push(term, [entry()], 1.3)).status is PushStatus.LATE


async def test_a_refusal_by_the_fence_ends_the_term_with_the_mark(cycle_counters: CycleCounters) -> None:
    term = FakeTerm()
    mark = FencingMark("other", 9, 4)
    platform = FakePlatform(lambda *_: PushOutcome(PushStatus.FENCED, message="stale", mark=mark))
    pushed = await Pusher(platform, cycle_counters).push(term, [entry()], 1.3)
    assert pushed.status == "fenced"
    assert term.marks == [("other", 9, 4)]
    assert term.ended.is_set()


async def test_retry_after_holds_back_the_next_push(cycle_counters: CycleCounters) -> None:
    platform = FakePlatform(lambda *_: PushOutcome(PushStatus.FAILED, message="429", retry_after_seconds=30.0))
    pusher, term = Pusher(platform, cycle_counters), FakeTerm()
    await pusher.push(term, [entry()], 1.3)
    held = await pusher.push(term, [entry()], 1.3)
    assert held.status is PushStatus.WITHHELD
    assert "asked to wait" in held.message
    assert len(platform.pushes) == 1


async def test_errors_of_single_targets_are_told_and_counted(cycle_counters: CycleCounters) -> None:
    replies = (TargetReply(pending=2), TargetReply(error="unknown queue"))
    platform = FakePlatform(lambda *_: PushOutcome(PushStatus.ACCEPTED, replies=replies))
    pushed = await Pusher(platform, cycle_counters).push(FakeTerm(), [entry("a"), entry("b")], 1.3)
    assert pushed.target_errors == ("", "unknown queue")
    assert cycle_counters.target_errors == 1
    assert cycle_counters.pushes == {"accepted": 1}


def taken(*_: object) -> PushOutcome:
    return PushOutcome(PushStatus.ACCEPTED, replies=(TargetReply(),), takes_partials=True)


async def test_full_and_partial_pushes_share_one_counter_and_name_what_they_change(
    cycle_counters: CycleCounters,
) -> None:
    platform, term = FakePlatform(taken), FakeTerm()
    pusher = Pusher(platform, cycle_counters)
    assert not pusher.may_be_partial(term, "b")
    assert (await pusher.push_partial(term, [entry()], 0.5, basis="b")).status is PushStatus.WITHHELD
    for _ in range(2):
        await pusher.push(term, [entry()], 1.3, basis="b")
        assert pusher.may_be_partial(term, "b")
        assert (await pusher.push_partial(term, [entry()], 0.5, basis="b")).accepted
    assert [token.sequence for token, _, _ in platform.pushes] == [1, 2, 3, 4]
    assert platform.prevs == [None, 1, None, 3]
    assert (cycle_counters.pushes, cycle_counters.partial_pushes) == ({"accepted": 2}, {"withheld": 1, "accepted": 2})


@pytest.mark.parametrize("status", [each for each in PushStatus if each is not PushStatus.ACCEPTED])
async def test_after_anything_but_accepted_the_next_push_is_full(
    cycle_counters: CycleCounters, status: PushStatus
) -> None:
    platform, term = FakePlatform(taken), FakeTerm()
    pusher = Pusher(platform, cycle_counters)
    await pusher.push(term, [entry()], 1.3)
    platform.answer = lambda *_: PushOutcome(status, takes_partials=True)
    await pusher.push_partial(term, [entry()], 0.5)
    platform.answer = taken
    assert not pusher.may_be_partial(term, None)
    await pusher.push(term, [entry()], 1.3)
    assert pusher.may_be_partial(term, None) is not term.ended.is_set()


async def test_a_full_push_that_is_withheld_is_not_followed_by_partial_ones(cycle_counters: CycleCounters) -> None:
    platform, term = FakePlatform(taken), FakeTerm()
    pusher = Pusher(platform, cycle_counters)
    await pusher.push(term, [entry()], 1.3)
    term.lease = 1.0
    assert (await pusher.push(term, [entry()], 1.3)).status is PushStatus.WITHHELD
    assert (await pusher.push_partial(term, [entry()], 0.5)).status is PushStatus.WITHHELD
    assert platform.prevs == [None]


async def test_what_a_partial_push_is_asked_to_wait_does_not_hold_back_the_full_one(
    cycle_counters: CycleCounters,
) -> None:
    platform, term = FakePlatform(taken), FakeTerm()
    pusher = Pusher(platform, cycle_counters)
    await pusher.push(term, [entry()], 1.3)
    platform.answer = lambda *_: PushOutcome(PushStatus.FAILED, message="429", retry_after_seconds=30.0)
    await pusher.push_partial(term, [entry()], 0.5)
    platform.answer = taken
    assert (await pusher.push(term, [entry()], 1.3)).accepted
    assert not pusher.budget.allows(time.monotonic(), 1000, full_requests=1, refresh_seconds=5.0)


async def test_a_push_that_raises_is_no_longer_in_flight(cycle_counters: CycleCounters) -> None:
    platform, term = FakePlatform(taken), FakeTerm()
    pusher = Pusher(platform, cycle_counters)
    await pusher.push(term, [entry()], 1.3)

    def fails(*_: object) -> PushOutcome:
        raise ArithmeticError

    platform.answer = fails
    with pytest.raises(ArithmeticError):
        await pusher.push_partial(term, [entry()], 0.5)
    platform.answer = taken
    assert not pusher.may_be_partial(term, None)
    assert (await pusher.push(term, [entry()], 1.3)).accepted


@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        (PushOutcome(PushStatus.ACCEPTED), True),
        (PushOutcome(PushStatus.FENCED), True),
        (PushOutcome(PushStatus.FAILED, answered=True), True),
        (PushOutcome(PushStatus.FAILED), False),
        (PushOutcome(PushStatus.DEADLINE), False),
        (PushOutcome(PushStatus.WITHHELD), None),
        (PushOutcome(PushStatus.LATE), None),
        (PushOutcome(PushStatus.LATE, answered=True), True),
    ],
)
def test_an_outcome_says_whether_the_platform_was_reached_where_it_can(
    outcome: PushOutcome, reached: bool | None
) -> None:
    assert outcome.reached is reached
