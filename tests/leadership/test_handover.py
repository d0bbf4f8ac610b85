"""Real processes, a real ensemble, and a receiver that checks tokens: the master goes, in every way it can.

Times are printed. What must not wait for the session to expire is tried with a session far longer than the bound.
"""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from tests.leadership.conftest import SESSION_TIMEOUT_SECONDS, SLACK_SECONDS, TICK_SECONDS, Workers
from tests.support.receiver import Push, Receiver
from tests.support.waiting import PATIENCE_SECONDS, still

pytestmark = pytest.mark.ensemble

NOTICED_SECONDS = SESSION_TIMEOUT_SECONDS + TICK_SECONDS + SLACK_SECONDS
LONG_SESSION_SECONDS = 40.0
PLANNED_SECONDS = LONG_SESSION_SECONDS / 2


async def leading(workers: Workers, receiver: Receiver, **options) -> Push:
    """Two workers, both up, one of them pushing: its newest push."""
    for node in ("a", "b"):
        workers.start(node, receiver, **options)
    return await receiver.next_accepted(lambda push: push.members == 2)


async def gap_after(last: Push, receiver: Receiver) -> float:
    """Seconds from the last accepted push of the old term to the first of a newer one."""
    first = await receiver.next_accepted(lambda push: push.epoch > last.epoch)
    return first.at - max(push.at for push in receiver.accepted if push.epoch == last.epoch)


async def test_a_master_told_to_stop_hands_over_at_once(workers: Workers, receiver: Receiver) -> None:
    last = await leading(workers, receiver, session_timeout_seconds=LONG_SESSION_SECONDS)
    workers.processes[last.node].terminate()
    gap = await gap_after(last, receiver)
    print(f"SIGTERM: {gap * 1000:.0f} ms")
    assert gap <= PLANNED_SECONDS
    assert await asyncio.to_thread(workers.processes[last.node].wait, PATIENCE_SECONDS) == 0
    assert receiver.order_kept()
    assert not receiver.refused


async def test_a_killed_master_is_replaced_when_its_session_ends(workers: Workers, receiver: Receiver) -> None:
    last = await leading(workers, receiver)
    workers.processes[last.node].kill()
    gap = await gap_after(last, receiver)
    print(f"SIGKILL: {gap * 1000:.0f} ms")
    assert gap <= NOTICED_SECONDS
    assert receiver.order_kept()


async def test_a_supervisor_that_saw_its_worker_die_releases_its_mastership(
    workers: Workers, receiver: Receiver
) -> None:
    last = await leading(workers, receiver, supervised=True, session_timeout_seconds=LONG_SESSION_SECONDS)
    os.kill(last.pid, signal.SIGKILL)
    gap = await gap_after(last, receiver)
    print(f"SIGKILL, supervised: {gap * 1000:.0f} ms")
    assert gap <= PLANNED_SECONDS
    assert await asyncio.to_thread(workers.processes[last.node].wait, PATIENCE_SECONDS) == 128 + signal.SIGKILL
    assert receiver.order_kept()


async def test_a_master_frozen_and_continued_does_not_act_any_more(workers: Workers, receiver: Receiver) -> None:
    last = await leading(workers, receiver)
    workers.processes[last.node].send_signal(signal.SIGSTOP)
    gap = await gap_after(last, receiver)
    print(f"SIGSTOP: {gap * 1000:.0f} ms")
    assert gap <= NOTICED_SECONDS
    workers.processes[last.node].send_signal(signal.SIGCONT)
    resumed = len(receiver.pushes)

    def tried() -> int:
        return sum(push.node == last.node and push.epoch == last.epoch for push in receiver.pushes[resumed:])

    # What was on the wire when it was frozen may still arrive, and is refused; nothing new is begun.
    await still(lambda: tried() <= 1, 1.5)
    assert receiver.order_kept()


async def test_a_frozen_event_loop_ends_the_process_and_the_term(workers: Workers, receiver: Receiver) -> None:
    last = await leading(
        workers, receiver, supervised=True, watchdog_seconds=3.0, session_timeout_seconds=LONG_SESSION_SECONDS
    )
    os.kill(last.pid, signal.SIGUSR1)
    gap = await gap_after(last, receiver)
    print(f"frozen event loop: {gap * 1000:.0f} ms")
    assert gap <= PLANNED_SECONDS
    assert await asyncio.to_thread(workers.processes[last.node].wait, PATIENCE_SECONDS) == 70
    assert receiver.order_kept()
