"""A push starts only under a lease, lasts no longer than it, and is doubted when the reign ended meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from pacing_node.cycle.cycle_counters import Tally
from pacing_node.cycle.pushing import LATE, WITHHELD, Pusher
from pacing_node.engagement.platform import FencingMark, PushOutcome, PushStatus, TargetPush, TargetReply
from tests.cycle.parts import FakePlatform, FakeReign, target


def entry(name: str = "a") -> TargetPush:
    return TargetPush(target(name), 3, 5.0, None, None, 2, 1, 0, 0, 0, "agents_available")


@pytest.fixture
def tally() -> Tally:
    return Tally()


async def test_a_push_is_given_the_budget_and_the_next_token(tally: Tally) -> None:
    platform, reign = FakePlatform(), FakeReign()
    pusher = Pusher(platform, tally)
    first = await pusher.push(reign, [entry()], 1.3)
    second = await pusher.push(reign, [entry()], 1.3)
    assert (first.status, first.sequence, second.sequence) == ("accepted", 1, 2)
    assert [seconds for _, _, seconds in platform.pushes] == [1.3, 1.3]
    assert tally.pushes == {"accepted": 2}
    assert tally.last_accepted_at > 0


async def test_without_enough_lease_nothing_is_sent_and_no_sequence_is_used(tally: Tally) -> None:
    platform, reign = FakePlatform(), FakeReign(lease=1.0)
    pushed = await Pusher(platform, tally).push(reign, [entry()], 1.3)
    assert pushed.status == WITHHELD
    assert "lease" in pushed.message
    assert platform.pushes == []
    reign.lease = 10.0
    assert (await Pusher(platform, tally).push(reign, [entry()], 1.3)).sequence == 1


async def test_a_push_on_its_way_is_cancelled_when_the_reign_ends(tally: Tally) -> None:
    platform, reign = FakePlatform(), FakeReign()
    platform.hold = asyncio.Event()
    pushing = asyncio.ensure_future(Pusher(platform, tally).push(reign, [entry()], 1.3))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reign.ended.set()
    pushed = await pushing
    assert pushed.status == LATE
    assert platform.cancelled == 1
    assert tally.last_accepted_at == 0, "what became of it is not known, so it does not count as accepted"


async def test_a_success_that_arrives_after_the_reign_ended_is_not_trusted(tally: Tally) -> None:
    reign = FakeReign()

    def late(token: object, targets: object) -> PushOutcome:
        reign.ended.set()
        return PushOutcome(PushStatus.ACCEPTED, (TargetReply(pending=1),))

    assert (await Pusher(FakePlatform(late), tally).push(reign, [entry()], 1.3)).status == LATE


async def test_a_refusal_by_the_fence_ends_the_reign_with_the_mark(tally: Tally) -> None:
    reign = FakeReign()
    mark = FencingMark("other", 9, 4)
    platform = FakePlatform(lambda *_: PushOutcome(PushStatus.FENCED, message="stale", mark=mark))
    pushed = await Pusher(platform, tally).push(reign, [entry()], 1.3)
    assert pushed.status == "fenced"
    assert reign.marks == [("other", 9, 4)]
    assert reign.ended.is_set()


async def test_retry_after_holds_back_the_next_push(tally: Tally) -> None:
    platform = FakePlatform(lambda *_: PushOutcome(PushStatus.FAILED, message="429", retry_after_seconds=30.0))
    pusher, reign = Pusher(platform, tally), FakeReign()
    await pusher.push(reign, [entry()], 1.3)
    held = await pusher.push(reign, [entry()], 1.3)
    assert held.status == WITHHELD
    assert "asked to wait" in held.message
    assert len(platform.pushes) == 1


async def test_errors_of_single_targets_are_told_and_counted(tally: Tally) -> None:
    replies = (TargetReply(pending=2), TargetReply(error="unknown queue"))
    platform = FakePlatform(lambda *_: PushOutcome(PushStatus.ACCEPTED, replies))
    pushed = await Pusher(platform, tally).push(FakeReign(), [entry("a"), entry("b")], 1.3)
    assert pushed.target_errors == ("", "unknown queue")
    assert tally.target_errors == 1
    assert tally.pushes == {"accepted": 1}
