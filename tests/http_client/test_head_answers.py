"""A body after the answer to a HEAD is noticed, in whatever pieces it comes."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.http_client.head_answers import MOST_HEAD_BYTES, HeadAnswer
from tests.support.listening import listening

INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
HEAD = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 5\r\n\r\n"


def noticed(answer: bytes, size: int, request: bytes = b"HEAD / HTTP/1.1\r\n\r\n") -> bool:
    head = HeadAnswer()
    head.wrote(request)
    head.wrote(b"")
    for start in range(0, len(answer), size):
        head.read(answer[start : start + size])
    return head.body_follows


@given(st.integers(0, 3), st.sampled_from([b"", b"x", b"hello", HEAD, INTERIM]), st.integers(1, 300))
def test_what_follows_in_the_same_piece_is_noticed(interim: int, body: bytes, size: int) -> None:
    answer = INTERIM * interim + HEAD + body
    # A piece that begins with the body is in the socket when the next request is due, where the library looks.
    last = (len(INTERIM * interim + HEAD) - 1) // size * size + size
    assert noticed(answer, size) == (last > len(INTERIM * interim + HEAD) and bool(body))


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n"])
def test_other_requests_have_bodies(request_: bytes) -> None:
    assert not noticed(HEAD + b"hello", 1000, request_)


def test_heads_without_an_end_are_not_kept() -> None:
    assert noticed(b"HTTP/1.1 200 OK\r\nX: " + bytes(MOST_HEAD_BYTES), 65536)


@pytest.mark.parametrize("body", [b"hello", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad"])
async def test_the_next_request_gets_its_own_answer(body: bytes) -> None:
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            good = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
            writer.write(b"HTTP/1.1 405 No\r\n" + length + body if request.startswith(b"HEAD") else good)

    async with listening(serve) as server, HttpClient(ClientSettings(1000, 20.0)) as client:
        for _ in range(3):
            assert (await client.request("HEAD", server.url)).status == 405
            assert (await client.request("GET", server.url)).body == b"good"
            assert (await client.request("GET", server.url)).body == b"good"
    assert connections == 4
