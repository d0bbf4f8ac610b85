"""HTTP servers that answer with exactly the bytes they are given, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from tests.support.listening import listening

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Hostile:
    """A server; ``play`` writes the answer to each request, of which the heads are kept."""

    play: Play
    url: str = ""
    heads: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await self.play(writer)
            await writer.drain()


@contextlib.asynccontextmanager
async def hostile(play: Play | bytes) -> AsyncIterator[Hostile]:
    """A running server that sends these bytes, or whatever the function writes, and closes."""

    async def send(writer: asyncio.StreamWriter) -> None:
        assert isinstance(play, bytes)
        writer.write(play)

    server = Hostile(send if isinstance(play, bytes) else play)
    async with listening(server.serve) as listener:
        server.url = f"{listener.url}/"
        yield server


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer whose length is right, unless a header says another."""
    length = (
        () if any(each.lower().startswith("content-length") for each in headers) else (f"Content-Length: {len(body)}",)
    )
    head = "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *length, *headers))
    return head.encode() + b"\r\n\r\n" + body


@functools.cache
def bomb(mebibytes: int, layers: int = 1) -> bytes:
    """So much of nothing, packed with gzip as many times."""
    packed = bytes(0)
    unpacked = [bytes(1024 * 1024)] * mebibytes
    for _ in range(layers):
        gzip = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        packed = b"".join([*map(gzip.compress, unpacked), gzip.flush()])
        unpacked = [packed]
    return packed
