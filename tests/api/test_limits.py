"""Limits of an HTTP port, over real sockets: who is silent, slow, large or too many is closed, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from cluster.descriptors import Descriptors
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.http_limits import HttpCounters, HttpLimits, LimitRefusal
from pacing_node.api.http_server import HttpServer
from pacing_node.api.pieces import PiecesResponse
from tests.api.test_server import files
from tests.support.waiting import still, until

QUICK = HttpLimits(
    connections=8,
    connections_per_address=8,
    handshake_seconds=0.5,
    head_seconds=0.5,
    request_seconds=0.7,
    idle_seconds=1.0,
)
HEAD = b"GET / HTTP/1.1\r\nHost: node\r\n"


Page: TypeAlias = Callable[[Request], Awaitable[Response]]


async def hello(request: Request) -> Response:
    return PlainTextResponse(f"hello {len(await request.body())}")


async def large(_request: Request) -> Response:
    return PiecesResponse(bytes(64 * 1024 * 1024), media_type="text/plain")


class Hanging:
    """A page that is answered when it may be."""

    def __init__(self) -> None:
        self.asked, self.may = 0, asyncio.Event()

    async def page(self, _request: Request) -> Response:
        self.asked += 1
        await self.may.wait()
        return PlainTextResponse("at last")


class Port:
    """A running port."""

    def __init__(self, limits: HttpLimits, **more: object) -> None:
        self.counters, self.hanging = HttpCounters(), Hanging()
        self.server = HttpServer("127.0.0.1", 0, limits=limits, counters=self.counters, **more)
        self.open: list[asyncio.StreamWriter] = []

    @property
    def app(self) -> Starlette:
        routes = [Route("/", hello, methods=["GET", "POST"]), Route("/large", large), Route("/hang", self.hanging.page)]
        return Starlette(routes=routes)

    async def connect(self, sent: bytes = b"") -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        self.open.append(writer)
        writer.write(sent)
        return reader

    async def asked(self, sent: bytes) -> bytes:
        """All that is answered until the connection is closed; nothing when it is reset."""
        reader = await self.connect(sent)
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(), 30)
        return b""

    async def works(self) -> bool:
        answer = await self.asked(HEAD + b"Connection: close\r\n\r\n")
        return answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"hello 0")


@contextlib.asynccontextmanager
async def port(limits: HttpLimits = QUICK, page: Page | None = None, **more: object) -> AsyncIterator[Port]:
    """A port with the pages above, or with one of a test's own."""
    running = Port(limits, **more)
    own = page and Starlette(routes=[Route("/", page, methods=["GET", "POST"])])
    await running.server.start(own or running.app)
    try:
        yield running
    finally:
        for writer in running.open:
            writer.transport.abort()
        await running.server.stop()
        assert running.counters.open == 0


async def ended(reader: asyncio.StreamReader) -> float:
    """Seconds until the other side has closed."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        await asyncio.wait_for(reader.read(), 30)
    return time.monotonic() - began


async def test_a_silent_connection_is_closed() -> None:
    async with port() as running:
        reader = await running.connect()
        print(f"closed after {await ended(reader):.2f} s")
        assert running.counters.refused == {LimitRefusal.HEAD_TIME: 1}


async def test_a_head_that_trickles_is_closed() -> None:
    async with port() as running:
        reader = await running.connect()
        closing = asyncio.ensure_future(ended(reader))

        async def trickle() -> None:
            for byte in HEAD * 100:
                if closing.done():
                    return
                with contextlib.suppress(ConnectionError):
                    running.open[0].write(bytes([byte]))
                await asyncio.sleep(0.02)

        await trickle()
        print(f"closed after {await closing:.2f} s")
        assert running.counters.refused == {LimitRefusal.HEAD_TIME: 1}


async def test_a_later_request_that_trickles_is_closed_too() -> None:
    async with port(HttpLimits(head_seconds=0.5, idle_seconds=30.0)) as running:
        reader = await running.connect(HEAD + b"\r\n")
        await reader.readuntil(b"hello 0")
        running.open[0].write(b"GET / HT")
        await ended(reader)
        assert running.counters.refused == {LimitRefusal.HEAD_TIME: 1}


async def test_a_connection_without_another_request_is_closed_and_that_is_no_refusal() -> None:
    async with port() as running:
        reader = await running.connect(HEAD + b"\r\n")
        await ended(reader)
        assert not running.counters.refused


async def test_an_answer_nobody_reads_is_given_up() -> None:
    async with port() as running:
        await running.connect(b"GET /large HTTP/1.1\r\nHost: node\r\n\r\n")
        await until(lambda: running.counters.refused == {LimitRefusal.REQUEST_TIME: 1})
        await until(lambda: running.counters.open == 0)


async def test_a_page_that_hangs_is_given_up() -> None:
    async with port() as running:
        await running.connect(b"GET /hang HTTP/1.1\r\nHost: node\r\n\r\n")
        await until(lambda: running.counters.refused == {LimitRefusal.REQUEST_TIME: 1})
        running.hanging.may.set()
        assert await running.works()


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"GET /?" + b"x" * 60_000 + b" HTTP/1.1\r\nHost: node\r\n\r\n", b"414", LimitRefusal.URL_SIZE),
        (b"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: 70000\r\n\r\n", b"413", LimitRefusal.BODY_SIZE),
        (
            b"POST / HTTP/1.1\r\nHost: node\r\nContent-Length: " + b"9" * 18 + b"\r\n\r\n",
            b"413",
            LimitRefusal.BODY_SIZE,
        ),
    ],
)
async def test_a_request_that_is_too_large_is_refused_with_the_limit(sent: bytes, status: bytes, reason: str) -> None:
    async with port() as running:
        answer = await running.asked(sent)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b"; allowed: " in answer
        assert running.counters.refused == {reason: 1}


async def test_a_head_without_an_end_is_refused() -> None:
    async with port() as running:
        answer = await running.asked(HEAD + b"X-A: 1\r\n" * 1_000_000)
        assert answer[:12] in {b"", b"HTTP/1.1 400", b"HTTP/1.1 431"}
        assert await running.works()


async def test_a_body_without_an_end_is_cut_off() -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = b"POST /hang HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with port() as running:
        await ended(await running.connect(head + chunk * 64))
        assert await running.works()


async def test_bytes_that_are_no_request_get_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async with port() as running:
        for junk in (b"\0\1\2\3\r\n\r\n", HEAD + b"\r\n\x16\x03 junk\r\n\r\n", b"GET\r\n\r\n"):
            await running.asked(junk * 3)
        await running.connect(b"GET /hang HTTP/1.1\r\nHost: node\r\n\r\njunk\r\n\r\n")
        await until(lambda: running.hanging.asked)
        running.hanging.may.set()
        assert await running.works()
    assert "Traceback" not in caplog.text
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_flood_of_requests_leaves_turns_of_the_event_loop_to_everything_else() -> None:
    """Between two requests something else has its turn, also when many connections have hundreds of them ready."""
    requests, turns, between = 0, 0, []

    async def page(_request: Request) -> Response:
        nonlocal requests
        requests += 1
        between.append(turns)
        return PlainTextResponse("hello")

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with port(HttpLimits(), page) as running:
        other = asyncio.ensure_future(take_turns())
        for _ in range(20):
            await running.connect((HEAD + b"\r\n") * 20)
        await until(lambda: requests == 400)
        other.cancel()
    assert len(set(between)) == len(between), "two requests began in the same turn"


async def test_silent_connections_keep_nobody_out() -> None:
    # Patient with heads, so that it is the newcomer who ends a silent connection, however slow the machine is.
    async with port(replace(QUICK, head_seconds=60.0)) as running:
        silent = [await running.connect() for _ in range(8)]
        await until(lambda: running.counters.open == 8)
        await until(running.works)
        assert running.counters.open <= 8
        assert running.counters.refused[LimitRefusal.CONNECTIONS_PER_ADDRESS] >= 1
        assert await ended(silent[0]) < 30


async def test_the_oldest_idle_connection_makes_room_and_no_busy_one() -> None:
    async with port(HttpLimits(connections=3, connections_per_address=100)) as running:
        busy = await running.connect(b"GET /hang HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n")
        await until(lambda: running.hanging.asked == 1)
        older, newer = await running.connect(), None
        await until(lambda: running.counters.open == 2)
        newer = await running.connect()
        await until(lambda: running.counters.open == 3)
        await until(running.works)
        await ended(older)
        await still(lambda: not newer.at_eof() and not busy.at_eof(), 0.1)
        running.hanging.may.set()
        assert (await busy.read()).endswith(b"at last")
        assert set(running.counters.refused) == {LimitRefusal.CONNECTIONS}


async def test_when_all_are_busy_the_newest_is_refused() -> None:
    async with port(HttpLimits(connections=2)) as running:
        for _ in range(2):
            await running.connect(b"GET /hang HTTP/1.1\r\nHost: node\r\n\r\n")
        await until(lambda: running.hanging.asked == 2)
        assert not await running.works()
        running.hanging.may.set()


async def test_a_trusted_proxy_may_have_as_many_as_there_are() -> None:
    limits = HttpLimits(connections=20, connections_per_address=2)
    async with port(limits, proxies=TrustedProxies(["127.0.0.0/8"])) as running:
        for _ in range(10):
            await running.connect()
        await until(lambda: running.counters.open == 10)
        assert await running.works()
        assert not running.counters.refused


class Scarce(Descriptors):
    """Descriptors that run short when they are told to."""

    running_short = False

    def short(self, newest: int) -> bool:
        return self.running_short


async def test_idle_connections_are_closed_before_the_reserve_is_touched() -> None:
    scarce = Scarce()
    async with port(HttpLimits(), descriptors=scarce) as running:
        silent = [await running.connect() for _ in range(3)]
        await until(lambda: running.counters.open == 3)
        scarce.running_short = True
        await until(running.works)
        await ended(silent[0])
        assert running.counters.refused[LimitRefusal.DESCRIPTORS] >= 1
        assert running.counters.open <= 3


async def test_a_handshake_that_does_not_go_on_is_closed(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with port(QUICK, tls=files(authority, tmp_path)) as running:
        silent = [await running.connect() for _ in range(3)] + [await running.connect(b"\x16\x03\x01\x02\x00\x01")]
        await until(lambda: running.counters.open == 4)
        for reader in silent:
            await ended(reader)
        await until(lambda: running.counters.refused == {LimitRefusal.HANDSHAKE: 4})
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=30.0) as client:
            assert (await client.get(f"https://localhost:{running.server.port}/")).text == "hello 0"
