"""What a hostile server answers: each writes one HTTP answer, bounded in bytes and time, whatever was asked."""

from __future__ import annotations

import asyncio
import functools
import gzip
import time
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import StreamWriter
    from collections.abc import Awaitable, Callable

    Answer = Callable[[StreamWriter], Awaitable[None]]

_MIB = 2**20
_BLOCK = 16 * _MIB
_MOST_SENT = 256 * _MIB
_MOST_SECONDS = 30.0
_DEPTH = 100_000
_PIECE = 65536


@functools.cache
def gzip_of_zeros(mebibytes: int) -> bytes:
    """A gzip stream of so many MiB of zeros, made of one block that is repeated; its checksum is wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b"\0" * _BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return head + block * max(1, mebibytes * _MIB // _BLOCK) + b"\x03\x00" + b"\0" * 8


def whole(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """An answer with a body and its length, or another one."""
    size = len(body) if length is None else length
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


async def bomb(writer: StreamWriter) -> None:
    """256 MiB of zeros in gzip."""
    await _send(writer, whole(gzip_of_zeros(256), "Content-Encoding: gzip"))


async def nested_bomb(writer: StreamWriter) -> None:
    """4 GiB of zeros in gzip in gzip: some kilobytes."""
    await _send(writer, whole(_nested(), "Content-Encoding: gzip, gzip"))


@functools.cache
def _nested() -> bytes:
    return gzip.compress(gzip_of_zeros(4096), mtime=0)


async def many_codings(writer: StreamWriter) -> None:
    """Nothing, said to be packed a hundred times."""
    packed = b"{}"
    for _ in range(5):
        packed = gzip.compress(packed, mtime=0)
    await _send(writer, whole(packed, f"Content-Encoding: {', '.join(['gzip', 'deflate'] * 50)}"))


async def endless(writer: StreamWriter) -> None:
    """A body in chunks that does not end."""
    await _send(writer, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"%x\r\n" % _PIECE + b'["",' * (_PIECE // 4) + b"\r\n"
    await _repeat(writer, chunk)


async def endless_headers(writer: StreamWriter) -> None:
    """Headers that do not end."""
    await _send(writer, b"HTTP/1.1 200 OK\r\n")
    await _repeat(writer, b"X-Endless: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 1000)


async def endless_header(writer: StreamWriter) -> None:
    """One header that does not end."""
    await _send(writer, b"HTTP/1.1 200 OK\r\nX-Endless: ")
    await _repeat(writer, b"z" * _PIECE)


async def endless_interim(writer: StreamWriter) -> None:
    """Interim answers without a final one."""
    await _repeat(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


async def redirect(writer: StreamWriter) -> None:
    """To a place that only the server knows."""
    place = writer.get_extra_info("sockname")
    await _send(
        writer, f"HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:{place[1]}{LURE}\r\nContent-Length: 0\r\n\r\n".encode()
    )


async def trickle(writer: StreamWriter) -> None:
    """A byte a second."""
    for byte in whole(b"{}" + b" " * 60):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.25)


async def too_short(writer: StreamWriter) -> None:
    """Less than was announced, then the end."""
    await _send(writer, whole(b'{"a": 1', length=10**6))


async def absurd_length(writer: StreamWriter) -> None:
    """A length no machine has room for."""
    await _send(writer, whole(b"{}", length=10**18))


async def negative_length(writer: StreamWriter) -> None:
    """A length below nothing."""
    await _send(writer, whole(b"{}", length=-5))


async def two_lengths(writer: StreamWriter) -> None:
    """Two lengths that differ."""
    await _send(writer, whole(b'{"a": 1}', "Content-Length: 2"))


async def deep_lists(writer: StreamWriter) -> None:
    """100,000 lists in lists."""
    await _send(writer, whole(b"[" * _DEPTH + b"]" * _DEPTH))


async def deep_objects(writer: StreamWriter) -> None:
    """100,000 objects in objects."""
    await _send(writer, whole(b'{"a":' * _DEPTH + b"1" + b"}" * _DEPTH))


_LARGE = whole(b"[" + b"{}," * (8 * _MIB) + b"{}]")


async def large_json(writer: StreamWriter) -> None:
    """24 MiB of small objects, which take many times as much in memory."""
    await _send(writer, _LARGE)


async def long_number(writer: StreamWriter) -> None:
    """Numbers no type takes, where a number is expected."""
    numbers = b"9" * 200_000
    await _send(writer, whole(b'{"access_token": "x", "expires_in": ' + numbers + b', "results": [' + numbers + b"]}"))


async def no_numbers(writer: StreamWriter) -> None:
    """Infinity and no number, as JSON knows none."""
    await _send(writer, whole(b'{"access_token": NaN, "expires_in": 1e999, "results": [Infinity, -Infinity, NaN]}'))


async def nasty_token(writer: StreamWriter) -> None:
    """A token that would become headers of its own."""
    await _send(writer, whole(b'{"access_token": "x\\r\\nX-Other: y\\u0000\\u2028", "expires_in": 1e-300}'))


async def junk(writer: StreamWriter) -> None:
    """No HTTP at all."""
    await _send(writer, bytes(range(256)) * 256)


async def switching(writer: StreamWriter) -> None:
    """Another protocol from here on."""
    await _send(
        writer, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + b"\xff" * 999
    )


LURE = "/lure"
"""Path a redirect leads to; nobody may ever ask for it."""

ANSWERS: dict[str, Answer] = {
    answer.__name__: answer
    for answer in (
        bomb,
        nested_bomb,
        many_codings,
        endless,
        endless_headers,
        endless_header,
        endless_interim,
        redirect,
        trickle,
        too_short,
        absurd_length,
        negative_length,
        two_lengths,
        deep_lists,
        deep_objects,
        large_json,
        long_number,
        no_numbers,
        nasty_token,
        junk,
        switching,
    )
}
"""Every answer by its name."""


async def _send(writer: StreamWriter, content: bytes) -> None:
    writer.write(content)
    await writer.drain()


async def _repeat(writer: StreamWriter, piece: bytes) -> None:
    """Send a piece again and again, at most 256 MiB and 30 s."""
    deadline = time.monotonic() + _MOST_SECONDS
    for _ in range(_MOST_SENT // len(piece)):
        if time.monotonic() > deadline:
            return
        await _send(writer, piece)
        await asyncio.sleep(0.001)
