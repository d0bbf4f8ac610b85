"""HTTP servers that answer with exactly the bytes they are given, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

Play = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Hostile:
    """A server; ``play`` writes the answer to each request, of which the heads are kept."""

    play: Play
    url: str = ""
    heads: list[bytes] = field(default_factory=list)
    open: dict[asyncio.Task, asyncio.StreamWriter] = field(default_factory=dict)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open[asyncio.ensure_future(self.serve(reader, writer))] = writer

    async def close(self) -> None:
        for task, writer in self.open.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*self.open, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heads.append(await reader.readuntil(b"\r\n\r\n"))
            await self.play(writer)
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def hostile(play: Play | bytes) -> AsyncIterator[Hostile]:
    """A running server that sends these bytes, or whatever the function writes, and closes."""

    async def send(writer: asyncio.StreamWriter) -> None:
        assert isinstance(play, bytes)
        writer.write(play)

    server = Hostile(send if isinstance(play, bytes) else play)
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}/"
    try:
        yield server
    finally:
        listening.close()
        await server.close()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An answer whose length is right, unless a header says another."""
    length = (
        () if any(each.lower().startswith("content-length") for each in headers) else (f"Content-Length: {len(body)}",)
    )
    head = "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *length, *headers))
    return head.encode() + b"\r\n\r\n" + body


def bomb(mebibytes: int, layers: int = 1) -> bytes:
    """So much of nothing, packed with gzip as many times."""
    packed = bytes(0)
    unpacked = [bytes(1024 * 1024)] * mebibytes
    for _ in range(layers):
        gzip = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        packed = b"".join([*map(gzip.compress, unpacked), gzip.flush()])
        unpacked = [packed]
    return packed
