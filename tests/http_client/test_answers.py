"""How an answer is read: within bounds of size and time, whatever the server sends."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib

import pytest

from pacing_node.http_client.bodies import LEAST_CHUNK_BYTES, MOST_SMALL_CHUNKS, STEPS_AT_ONCE
from pacing_node.http_client.client import MOST_COOKIES, Answer, ClientSettings, HttpClient, StreamRefusedError
from pacing_node.http_client.interim_answers import MOST_INTERIM_ANSWERS
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError
from tests.http_client.hostile import Play, answer, bomb, hostile

MEBIBYTE = 1024 * 1024
LIMIT = 64 * 1024


async def ask(play: Play | bytes, *, seconds: float = 20.0, most_bytes: int = LIMIT, packed: bool = False) -> Answer:
    async with hostile(play) as server, HttpClient(ClientSettings(most_bytes, seconds, gzip=packed)) as client:
        return await client.request("GET", server.url)


@pytest.mark.parametrize(("packed", "coding"), [(False, "identity"), (True, "gzip")])
async def test_it_asks_for_one_known_coding_at_most(packed: bool, coding: str) -> None:
    async with hostile(answer(b"{}")) as server, HttpClient(ClientSettings(LIMIT, 20.0, gzip=packed)) as client:
        await client.request("GET", server.url)
    assert f"accept-encoding: {coding}\r\n".encode() in server.heads[0].lower()


@pytest.mark.parametrize(
    "header", ["Content-Encoding: gzip", "Content-Encoding: x-gzip", "Content-Encoding: identity, GZip"]
)
async def test_gzip_once_is_unpacked_asked_for_or_not(header: str) -> None:
    assert (await ask(answer(gzip.compress(b"hello", mtime=0), header))).body == b"hello"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Encoding: gzip, gzip"],
        ["Content-Encoding: gzip", "Content-Encoding: gzip"],
        ["Content-Encoding: " + ", ".join(["gzip"] * 1000)],
        ["Content-Encoding: deflate"],
        ["Content-Encoding: br"],
        ["Content-Encoding: zstd"],
        ["Content-Encoding: gzip, br"],
        ["Content-Encoding: rot13"],
        ["Content-Encoding: gzip;q=1"],
    ],
)
async def test_every_other_coding_is_refused_and_nothing_unpacked(headers: list[str]) -> None:
    with pytest.raises(UnreadableAnswerError, match="allowed: gzip or none") as refused:
        await ask(answer(zlib.compress(b"hello"), *headers))
    assert len(str(refused.value)) < 200


INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_some_interim_answers_are_passed_over_in_each_request() -> None:
    async with (
        hostile(INTERIM * MOST_INTERIM_ANSWERS + answer(b"{}")) as server,
        HttpClient(ClientSettings(LIMIT, 20.0)) as client,
    ):
        for _ in range(3):
            assert (await client.request("GET", server.url)).body == b"{}"


async def test_interim_answers_without_an_end_end_the_exchange_at_once() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(INTERIM * 1000)
            await writer.drain()

    with pytest.raises(REQUEST_FAILURES, match=f"more than {MOST_INTERIM_ANSWERS} interim answers"):
        await ask(endless, seconds=30.0)


def chunked(*chunks: bytes, coding: str = "") -> bytes:
    """An answer in these chunks."""
    head = f"HTTP/1.1 200 OK\r\n{coding}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_in_single_bytes_is_read_up_to_so_many(packed: bool) -> None:
    body = zlib.compress(b"x" * 4000, wbits=31) if packed else b"x" * MOST_SMALL_CHUNKS
    sent = chunked(*(bytes([each]) for each in body), coding="Content-Encoding: gzip\r\n" if packed else "")
    assert set((await ask(sent, packed=packed)).body) == {ord("x")}


@pytest.mark.parametrize("cut", [False, True])
async def test_more_single_bytes_are_given_up(cut: bool) -> None:
    sent = chunked(*[b"x"] * (MOST_SMALL_CHUNKS + 1))
    async with hostile(sent) as server, HttpClient(ClientSettings(LIMIT, 20.0)) as client:
        if cut:
            assert (await client.request("GET", server.url, cut=True)).body == b""
            return
        with pytest.raises(UnreadableAnswerError, match=r"chunks of 1\.0 bytes on average after 4097; allowed: 64"):
            await client.request("GET", server.url)


async def test_many_chunks_are_read_while_there_is_something_in_them() -> None:
    count = MOST_SMALL_CHUNKS + 500
    # Where the kernel parts one chunk, two are read.
    sent = chunked(*[b"x" * 2 * LEAST_CHUNK_BYTES] * count)
    assert len((await ask(sent, most_bytes=MEBIBYTE)).body) == 2 * count * LEAST_CHUNK_BYTES


@pytest.mark.parametrize("cut", [False, True])
async def test_while_single_bytes_are_read_others_have_their_turn(cut: bool) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    sent = chunked(*[b"x"] * MOST_SMALL_CHUNKS)
    async with hostile(sent) as server, HttpClient(ClientSettings(LIMIT, 20.0)) as client:
        turning = asyncio.ensure_future(take_turns())
        await client.request("GET", server.url, cut=cut)
        turning.cancel()
    assert turns >= MOST_SMALL_CHUNKS // STEPS_AT_ONCE


async def test_a_bomb_costs_no_more_than_the_limit() -> None:
    packed = answer(bomb(256), "Content-Encoding: gzip")
    tracemalloc.start()
    with pytest.raises(UnreadableAnswerError, match=f"longer than {4 * MEBIBYTE} bytes"):
        await ask(packed, most_bytes=4 * MEBIBYTE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * MEBIBYTE


async def test_while_a_bomb_is_unpacked_others_have_their_turn() -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.ensure_future(take_turns())
    packed, settings = answer(bomb(64), "Content-Encoding: gzip"), ClientSettings(128 * MEBIBYTE, 60.0)
    async with hostile(packed) as server, HttpClient(settings) as client:
        before = turns
        body = (await client.request("GET", server.url)).body
        taken = turns - before
    other.cancel()
    assert len(body) == 64 * MEBIBYTE
    assert taken >= 64


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no gzip at all", "cannot be unpacked: "),
        (gzip.compress(b"hello", mtime=0)[:-4], "ends too early"),
        (gzip.compress(b"hello", mtime=0)[:9], "ends too early"),
        (gzip.compress(b"hello", mtime=0) + gzip.compress(b"again", mtime=0), "something follows its end"),
        (gzip.compress(b"hello", mtime=0) + b"\0" * 100, "something follows its end"),
        (gzip.compress(b"hello", mtime=0)[:-8] + b"\1" * 8, "cannot be unpacked: "),
    ],
)
async def test_damaged_gzip_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(UnreadableAnswerError, match=words):
        await ask(answer(body, "Content-Encoding: gzip"))


async def test_an_empty_body_needs_no_unpacking() -> None:
    assert (await ask(answer(b"", "Content-Encoding: gzip"))).body == b""


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
        await writer.drain()


async def endless_drops(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n" * 1000)
        await writer.drain()


@pytest.mark.parametrize("play", [endless, endless_drops])
async def test_a_body_without_an_end_is_given_up_at_the_limit(play: Play) -> None:
    with pytest.raises(UnreadableAnswerError, match=r"longer than|in chunks of"):
        await ask(play)


async def slow(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def slow_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def only_continue(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(INTERIM)
        await writer.drain()
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("play", [slow, slow_head, only_continue])
async def test_an_answer_that_trickles_is_given_up_after_its_time(play: Play) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await ask(play, seconds=0.5)
    print(f"given up after {time.monotonic() - began:.2f} s")


@pytest.mark.parametrize(
    "raw",
    [
        answer(b"abc", "Content-Length: 5"),
        answer(b"abc", "Content-Length: -1"),
        answer(b"abc", "Content-Length: 3", "Content-Length: 4"),
        answer(b"abc", "Content-Length: 99999999999999999999999999"),
        answer(b"abc", "Content-Length: three"),
        answer(b"zz\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
        answer(b"3\r\nabc\r\n", "Transfer-Encoding: gzip, chunked"),
        answer(b"", "X-Long: " + "x" * 2 * MEBIBYTE),
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
        b"\0" * 1000,
    ],
)
async def test_what_is_no_answer_is_a_failed_request(raw: bytes) -> None:
    with pytest.raises(REQUEST_FAILURES):
        await ask(raw)


async def test_what_follows_the_announced_length_is_not_read() -> None:
    assert (await ask(answer(b"abcdef", "Content-Length: 3"))).body == b"abc"


async def test_cookies_are_kept_where_they_are_wanted_and_never_without_end() -> None:
    async def many(writer: asyncio.StreamWriter) -> None:
        number = len(server.heads)
        writer.write(answer(b"{}", *(f"Set-Cookie: c{number}x{each}={each}" for each in range(20))))

    for cookies in (True, False):
        async with hostile(many) as server, HttpClient(ClientSettings(LIMIT, 20.0, cookies=cookies)) as client:
            for _ in range(10):
                await client.request("GET", server.url)
        sent = [head.count(b"=") for head in server.heads]
        assert sent[:3] == ([0, 20, 40] if cookies else [0, 0, 0])
        assert max(sent) <= MOST_COOKIES


async def lines_of(play: Play | bytes, *, most_bytes: int = LIMIT) -> list[str]:
    async with hostile(play) as server, HttpClient(ClientSettings(LIMIT, 20.0)) as client:
        found = client.lines(server.url, most_bytes=most_bytes, silent_seconds=20.0, headers={"X-Own": "1"})
        return [line async for line in found]


async def test_the_lines_of_a_stream_are_handed_out_one_by_one() -> None:
    assert await lines_of(answer("é\n\r\nb\nrest".encode())) == ["é", "", "b"]


@pytest.mark.parametrize(
    "play", [answer(b"x" * 200 + b"\n"), answer(b"\xff\n"), answer(gzip.compress(b"a\n"), "Content-Encoding: gzip")]
)
async def test_a_line_that_is_too_long_or_no_text_ends_a_stream(play: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        await lines_of(play, most_bytes=100)


async def test_a_refused_stream_hands_out_the_answer() -> None:
    with pytest.raises(StreamRefusedError) as refused:
        await lines_of(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
    assert (refused.value.answer.status, refused.value.answer.body) == (401, b"no")
