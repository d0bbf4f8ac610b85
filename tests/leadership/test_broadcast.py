"""The master's records reach its followers, and a slow one costs the master nothing."""

from __future__ import annotations

import asyncio

from cluster.peers.server import Broadcast
from cluster.process.watchdog import Watchdog
from cluster.records import Record, RecordInfo
from tests.support.waiting import still, still_blocking, until_blocking


def record(sequence: int) -> Record:
    return Record(RecordInfo(1, sequence, 0.0), "test.v1", b"")


async def test_a_slow_follower_skips_to_the_newest_record() -> None:
    broadcast = Broadcast()
    broadcast.open()
    stream = broadcast.records()
    broadcast.publish(record(1))
    assert (await anext(stream)).info.sequence == 1
    for sequence in range(2, 100):
        broadcast.publish(record(sequence))
    assert (await anext(stream)).info.sequence == 99
    waiting = asyncio.ensure_future(anext(stream))
    await still(lambda: not waiting.done(), 0.05)
    broadcast.publish(record(100))
    assert (await waiting).info.sequence == 100


async def test_a_late_follower_gets_the_newest_record_at_once_and_none_of_an_earlier_term() -> None:
    broadcast = Broadcast()
    broadcast.open()
    broadcast.publish(record(1))
    assert [each.info.sequence async for each in _first(broadcast)] == [1]
    broadcast.close()
    assert [each async for each in broadcast.records()] == []
    broadcast.open()
    waiting = asyncio.ensure_future(anext(broadcast.records()))
    await still(lambda: not waiting.done(), 0.05)
    broadcast.publish(record(2))
    assert (await waiting).info.sequence == 1, "every term numbers its records from 1"


async def test_the_last_record_of_a_term_reaches_its_followers_before_the_stream_ends() -> None:
    broadcast = Broadcast()
    broadcast.open()
    broadcast.publish(record(1))
    following = asyncio.ensure_future(_all(broadcast))
    await asyncio.sleep(0)
    broadcast.close()
    broadcast.publish(record(2))
    assert [each.info.sequence for each in await asyncio.wait_for(following, 30.0)] == [1, 2]


async def _all(broadcast: Broadcast) -> list[Record]:
    return [each async for each in broadcast.records()]


async def _first(broadcast: Broadcast):
    async for each in broadcast.records():
        yield each
        return


async def test_the_watchdog_tells_a_frozen_loop_from_a_busy_one() -> None:
    frozen: list[float] = []
    watchdog = Watchdog(2.0, frozen.append)
    watchdog.start()
    await still(lambda: frozen == [], 2.5)
    until_blocking(lambda: frozen, "a loop that does not turn is noticed")  # it blocks the loop meanwhile
    assert len(frozen) == 1
    assert frozen[0] > 2.0
    watchdog.stop()


async def test_a_stopped_watchdog_harms_nobody() -> None:
    frozen: list[float] = []
    watchdog = Watchdog(0.1, frozen.append)
    watchdog.start()
    await still(lambda: frozen == [], 0.05)
    watchdog.stop()
    still_blocking(lambda: frozen == [], 0.4)
