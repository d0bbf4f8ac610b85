"""Work that anybody can ask for has a share of the time, whoever asks and however often."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from pacing_node.api import pieces
from pacing_node.api.guarded_connection import GuardedConnection
from pacing_node.api.http_limits import HttpLimits, LimitRefusal
from pacing_node.api.pieces import PIECE_BYTES, HeldParts, PiecesResponse
from pacing_node.runtime import pools
from pacing_node.runtime.allowance import Allowance
from pacing_node.runtime.pools import BURST_SECONDS, Pool


class TestAllowance:
    def test_what_was_saved_may_be_taken_at_once_and_a_debt_is_waited_for(self) -> None:
        allowance = Allowance(per_second=2.0, burst=10.0)
        assert allowance.take(10.0, 0.0) == 0.0
        assert allowance.take(4.0, 0.0) == 2.0
        assert allowance.take(0.0, 1.0) == 1.0
        assert allowance.take(0.0, 2.0) == 0.0

    def test_a_long_rest_saves_no_more_than_the_burst(self) -> None:
        allowance = Allowance(per_second=2.0, burst=10.0)
        allowance.take(0.0, 0.0)
        assert allowance.take(12.0, 1000.0) == 1.0

    def test_a_clock_that_goes_back_neither_gives_nor_takes(self) -> None:
        allowance = Allowance(per_second=1.0, burst=1.0)
        allowance.take(2.0, 100.0)
        assert allowance.take(0.0, 50.0) == 1.0


class Clock:
    """Time that passes only while somebody sleeps or works."""

    def __init__(self) -> None:
        self.now, self.worked, self.slept = 0.0, 0.0, 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    def work(self, seconds: float) -> None:
        self.now += seconds
        self.worked += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    times = SimpleNamespace(sleep=clock.sleep, monotonic=lambda: clock.now, thread_time=lambda: clock.worked)
    monkeypatch.setattr(pools, "time", times)
    return clock


class TestPools:
    async def test_work_without_an_end_gets_its_share_of_the_time(self, clock: Clock) -> None:
        pool = Pool("test", 1, share=0.1)
        for _ in range(100):
            await pool.run(clock.work, 0.05)
        assert clock.worked == pytest.approx(5.0)
        assert clock.worked <= 0.1 * clock.now + BURST_SECONDS + 0.05
        assert clock.worked == pytest.approx(0.1 * clock.now, rel=0.1)

    async def test_work_that_fails_counts_as_well(self, clock: Clock) -> None:
        def fail() -> None:
            clock.work(1.0)
            raise ValueError("no flour")

        pool = Pool("test", 1, share=0.1)
        with pytest.raises(ValueError, match="no flour"):
            await pool.run(fail)
        await pool.run(lambda: None)
        assert clock.slept == pytest.approx((1.0 - BURST_SECONDS) / 0.1)

    async def test_a_pool_without_a_share_never_rests(self, clock: Clock) -> None:
        pool = Pool("test", 1)
        for _ in range(10):
            await pool.run(clock.work, 100.0)
        assert clock.slept == 0.0


class Transport(asyncio.Transport):
    """Of a connection that is open until it is aborted."""

    aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted


class Reader:
    """A connection, and why it was closed."""

    def __init__(self) -> None:
        self.refused: list[LimitRefusal] = []
        self.transport = Transport()
        self.connection = GuardedConnection(
            "192.0.2.1",
            HttpLimits(),
            server=lambda _: asyncio.Protocol(),
            refuse=self.refused.append,
            lost=lambda _: None,
        )
        self.connection.connection_made(self.transport)


class TestPagesBeingRead:
    async def test_readers_of_the_oldest_pages_are_left_when_it_is_too_much(self) -> None:
        held = HeldParts(most_bytes=4 * PIECE_BYTES)
        pages = [bytes([number]) * (PIECE_BYTES + 1) for number in range(4)]
        readers = [Reader() for _ in range(4)]
        readings = [held.reading((page,), reader.connection) for page, reader in zip(pages, readers, strict=True)]
        for reading in readings[:3]:
            reading.__enter__()
        assert not any(reader.refused for reader in readers)
        readings[3].__enter__()
        assert [reader.refused for reader in readers] == [[LimitRefusal.SLOW_READER], [], [], []]
        assert [reader.transport.aborted for reader in readers] == [True, False, False, False]
        for reading in readings:
            reading.__exit__(None, None, None)
        with held.reading((pages[1],), readers[1].connection), held.reading((pages[2],), readers[2].connection):
            assert not readers[1].refused, "what was read to its end still counts"

    async def test_a_page_counts_once_however_many_read_it(self) -> None:
        held, page = HeldParts(most_bytes=4 * PIECE_BYTES), bytes(PIECE_BYTES + 1)
        readers = [Reader() for _ in range(50)]
        readings = [held.reading((page,), reader.connection) for reader in readers]
        for reading in readings:
            reading.__enter__()
        with held.reading((bytes(2 * PIECE_BYTES),), Reader().connection):
            assert not any(reader.refused for reader in readers)
        for reading in readings:
            reading.__exit__(None, None, None)

    async def test_a_page_longer_than_the_bound_is_readable(self) -> None:
        held, reader = HeldParts(most_bytes=PIECE_BYTES), Reader()
        with held.reading((bytes(5 * PIECE_BYTES), bytes(5 * PIECE_BYTES)), reader.connection):
            assert not reader.refused

    async def test_nothing_is_sent_to_a_reader_who_was_left(self) -> None:
        reader, sent = Reader(), []

        async def send(message: dict[str, object]) -> None:
            sent.append(message)
            if len(sent) == 3:
                reader.connection.close(LimitRefusal.SLOW_READER)

        async def receive() -> dict[str, object]:
            return {"type": "http.disconnect"}

        answer = PiecesResponse(bytes(100 * PIECE_BYTES), media_type="text/plain")
        await answer({"state": {"connection": reader.connection}}, receive, send)
        assert len(sent) == 3

    async def test_all_long_answers_together_have_a_bound_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        turn: Callable[[float], Awaitable[None]] = asyncio.sleep

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            await turn(0)

        monkeypatch.setattr(pieces, "_sending", Allowance(per_second=PIECE_BYTES, burst=2 * PIECE_BYTES))
        monkeypatch.setattr(pieces, "time", SimpleNamespace(monotonic=lambda: 0.0))
        monkeypatch.setattr(pieces, "asyncio", SimpleNamespace(sleep=sleep))

        async def send(_message: dict[str, object]) -> None: ...

        answers = [PiecesResponse(bytes(2 * PIECE_BYTES), media_type="text/plain") for _ in range(3)]
        await asyncio.gather(*(answer({}, None, send) for answer in answers))  # type: ignore[arg-type]
        assert sorted(waits) == [0.0, 0.0, 1.0, 2.0, 3.0, 4.0]
