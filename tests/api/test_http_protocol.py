"""What a caller may send on one connection, beyond what the parser itself refuses; over real sockets."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pacing_node.api.http_limits import HttpLimits
from pacing_node.api.http_protocol import MOST_WAITING
from tests.api.test_limits import HEAD, Port, port
from tests.support.waiting import until

LIMITS = HttpLimits()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        HEAD + b"Host: other\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
        HEAD + b"X A: 1\r\n\r\n",
        HEAD + b"X-A : 1\r\n\r\n",
        HEAD + b"X-A: 1\r\n 2\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: node\r\n\r\n",
        b"CONNECT node:80 HTTP/1.1\r\nHost: node:80\r\n\r\n",
    ],
)
async def test_a_request_two_readers_could_understand_differently_is_refused(sent: bytes) -> None:
    async with port(LIMITS) as running:
        answer = await running.asked(sent)
        assert answer.startswith(b"HTTP/1.1 400 ") or not answer
        assert answer.count(b"HTTP/1.1") <= 1
        assert await running.works()


async def test_a_client_of_http_1_0_need_not_name_the_host() -> None:
    async with port(LIMITS) as running:
        assert (await running.asked(b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def in_pieces(running: Port, sent: bytes, pieces: int) -> bytes:
    """All that is answered to bytes that come a part at a time; nothing when the connection is reset."""
    reader, size = await running.connect(), len(sent) // pieces + 1
    with contextlib.suppress(ConnectionError):
        for start in range(0, len(sent), size):
            running.open[-1].write(sent[start : start + size])
            await asyncio.sleep(0)
        return await asyncio.wait_for(reader.read(), 30)
    return b""


@pytest.mark.parametrize("pieces", [1, 50])
async def test_a_head_is_as_long_as_is_allowed_and_no_longer(pieces: int) -> None:
    async with port(LIMITS) as running:
        for length, status in ((60_000, b"200"), (70_000, b"400")):
            head = HEAD + b"Connection: close\r\nX-Long: " + b"x" * length + b"\r\n\r\n"
            answer = await in_pieces(running, head, pieces)
            assert answer.startswith(b"HTTP/1.1 " + status) or (status == b"400" and not answer)


async def test_requests_sent_at_once_are_answered_in_turn_and_only_so_many_may_wait() -> None:
    async with port(LIMITS) as running:
        last = HEAD + b"Connection: close\r\n\r\n"
        answers = await running.asked((HEAD + b"\r\n") * MOST_WAITING + last)
        assert answers.count(b"HTTP/1.1 200 ") == MOST_WAITING + 1
        assert not await running.asked((HEAD + b"\r\n") * (MOST_WAITING + 1) + last)
        assert await running.works()


async def test_what_follows_a_body_is_no_header() -> None:
    seen: list[list[str]] = []

    async def page(request: Request) -> Response:
        await request.body()
        seen.append(request.headers.getlist("authorization"))
        return PlainTextResponse("seen")

    head = b"POST / HTTP/1.1\r\nHost: node\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with port(LIMITS, page) as running:
        answer = await running.asked(head + b"1\r\nx\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert seen == [[]]


async def test_a_page_is_told_that_its_caller_left_although_another_request_waits() -> None:
    told = asyncio.Event()

    async def page(request: Request) -> Response:
        while not await request.is_disconnected():
            await asyncio.sleep(0)
        told.set()
        return PlainTextResponse("nobody")

    async with port(LIMITS, page) as running:
        await running.connect((HEAD + b"\r\n") * 3)
        await until(lambda: running.counters.open == 1)
        running.open[-1].transport.abort()
        await asyncio.wait_for(told.wait(), 30)


async def test_a_client_that_offers_another_protocol_goes_on_with_this_one() -> None:
    async with port(LIMITS) as running:
        reader = await running.connect(HEAD + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
        assert (await asyncio.wait_for(reader.readuntil(b"hello 0"), 30)).startswith(b"HTTP/1.1 200 ")
        running.open[-1].write(HEAD + b"\r\n")
        assert (await asyncio.wait_for(reader.readuntil(b"hello 0"), 30)).startswith(b"HTTP/1.1 200 ")
