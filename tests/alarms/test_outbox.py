"""A receiver that is down loses nothing within the bound, is tried with growing pauses, and holds nobody up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from pacing_node.delivery.outbox import DeliveryError, Outbox
from tests.support.waiting import until


class Receiver:
    """Takes items while it is up."""

    def __init__(self) -> None:
        self.up = True
        self.taken: list[int] = []
        self.attempts: list[float] = []
        self.refuse: set[int] = set()

    async def deliver(self, items: Sequence[int]) -> None:
        self.attempts.append(time.monotonic())
        await asyncio.sleep(0)
        if not self.up:
            raise DeliveryError("down")
        if self.refuse & set(items):
            raise DeliveryError("never", permanent=True)
        self.taken += items


def outbox(receiver: Receiver, **options: float) -> Outbox[int]:
    settings = {"first_delay_seconds": 0.01, "longest_delay_seconds": 0.05} | options
    return Outbox("test", receiver.deliver, **settings)  # type: ignore[arg-type]


async def test_everything_arrives_once_and_in_order() -> None:
    receiver = Receiver()
    box = outbox(receiver, batch=7)
    box.start()

    for item in range(50):
        box.offer(item)
    await box.stop(5.0)

    assert receiver.taken == list(range(50))
    assert (box.delivered, box.dropped, box.waiting) == (50, 0, 0)


async def test_a_receiver_that_was_down_gets_everything_within_the_bound_when_it_is_back() -> None:
    receiver = Receiver()
    receiver.up = False
    box = outbox(receiver, capacity=100, batch=10)
    box.start()

    for item in range(100):
        box.offer(item)
    await until(lambda: len(receiver.attempts) >= 4)
    trouble, receiver.up = box.trouble, True
    await until(lambda: box.waiting == 0)
    await box.stop(1.0)

    assert trouble == "down"
    assert box.trouble == ""
    assert receiver.taken == list(range(100))
    assert box.dropped == 0


async def test_beyond_the_bound_the_oldest_are_given_up_and_counted() -> None:
    receiver = Receiver()
    receiver.up = False
    box = outbox(receiver, capacity=10, batch=3)
    box.start()

    box.offer(0)
    await until(lambda: bool(receiver.attempts))
    for item in range(1, 40):
        box.offer(item)
    assert box.waiting == 10
    receiver.up = True
    await until(lambda: box.waiting == 0)
    await box.stop(1.0)

    assert box.dropped == 30
    assert receiver.taken[-1] == 39
    assert len(receiver.taken) == 10
    assert receiver.taken == sorted(receiver.taken)


async def test_the_pauses_between_attempts_grow_to_the_longest() -> None:
    receiver = Receiver()
    receiver.up = False
    box = outbox(receiver, first_delay_seconds=0.02, longest_delay_seconds=0.16)
    box.start()

    box.offer(1)
    await until(lambda: len(receiver.attempts) >= 6)
    await box.stop(0.0)

    pauses = [after - before for before, after in zip(receiver.attempts, receiver.attempts[1:], strict=False)]
    # Half of each pause is random: those that doubled three times are longer than the first can be.
    assert min(pauses[3:]) > 0.07
    assert pauses[0] >= 0.009


async def test_what_is_refused_for_good_does_not_hold_up_the_rest() -> None:
    receiver = Receiver()
    receiver.refuse = {2}
    box = outbox(receiver, batch=1)
    box.start()

    for item in range(5):
        box.offer(item)
    await box.stop(2.0)

    assert receiver.taken == [0, 1, 3, 4]
    assert box.dropped == 1


async def test_offering_never_waits_for_a_receiver_that_hangs() -> None:
    async def hang(items: Sequence[int]) -> None:
        await asyncio.Event().wait()

    box: Outbox[int] = Outbox("hanging", hang, capacity=1000)
    box.start()
    await asyncio.sleep(0)

    for item in range(5000):
        box.offer(item)

    assert box.waiting <= 1000
    await box.stop(0.05)


async def test_a_successor_goes_on_with_what_was_left() -> None:
    receiver, next_receiver = Receiver(), Receiver()
    receiver.up = False
    before, after = outbox(receiver, batch=2), outbox(next_receiver)
    before.start()
    for item in range(5):
        before.offer(item)
    await until(lambda: bool(receiver.attempts))
    await before.stop(0.0)
    after.offer(5)

    after.take_over(before)
    after.start()
    await after.stop(2.0)

    assert next_receiver.taken == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("running", [True, False])
async def test_stopping_with_nothing_to_do_returns_at_once(running: bool) -> None:
    box = outbox(Receiver())
    if running:
        box.start()

    async with asyncio.timeout(30.0):
        await box.stop(60.0)


async def test_one_item_that_is_refused_costs_only_itself_whatever_batch_it_is_in() -> None:
    receiver = Receiver()
    receiver.refuse = {3, 17}
    box = outbox(receiver, batch=10)
    for item in range(30):
        box.offer(item)
    box.start()

    await until(lambda: box.waiting == 0)
    box.offer(99)
    await box.stop(5.0)

    assert receiver.taken == [*(item for item in range(30) if item not in {3, 17}), 99]
    assert (box.delivered, box.dropped) == (29, 2)
    assert len(receiver.attempts) < 30, "one by one only where a batch was spoiled"


async def test_an_item_nobody_foresaw_costs_only_itself_and_delivery_goes_on() -> None:
    taken: list[int] = []

    async def deliver(items: Sequence[int]) -> None:
        await asyncio.sleep(0)
        if 4 in items:
            raise ValueError("out of range float values are not JSON compliant")
        taken.extend(items)

    box: Outbox[int] = Outbox("test", deliver, batch=10)
    for item in range(8):
        box.offer(item)
    box.start()
    await box.stop(5.0)

    assert (taken, box.dropped, box.waiting) == ([0, 1, 2, 3, 5, 6, 7], 1, 0)


async def test_what_a_predecessor_left_is_taken_over_within_the_bound() -> None:
    before, after = outbox(Receiver(), capacity=20), outbox(Receiver(), capacity=10)
    for item in range(20):
        before.offer(item)
    for item in range(20, 25):
        after.offer(item)

    after.take_over(before)

    assert (after.waiting, after.dropped, before.waiting) == (10, 15, 0)
