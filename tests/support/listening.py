"""Servers of tests on real sockets, none of whose connections outlives its test.

``asyncio.start_server`` leaves that to its handlers, and one that has not begun when the event loop ends closes
nothing: the transport is found by the garbage collector in the middle of another test, which fails for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HOST = "127.0.0.1"
_TURNS_TO_ACCEPT = 8
"""Turns of the loop in which a connection that the kernel had handed over reaches its handler."""
_WANTED_ENDS = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)


class Listener:
    """A server whose connections are known; :meth:`close` closes them all and waits for their handlers."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._handlers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._writers: list[asyncio.StreamWriter] = []
        self._failures: list[BaseException] = []
        self._server: asyncio.Server | None = None
        self._closing = False
        self.port = 0
        """Where it listens, once it is open."""

    @property
    def url(self) -> str:
        """Its address for HTTP without TLS."""
        return f"http://{HOST}:{self.port}"

    @property
    def socket(self) -> socket.socket:
        """The socket that listens."""
        assert self._server is not None
        return self._server.sockets[0]

    async def open(self, port: int = 0, *, host: str = HOST, tls: ssl.SSLContext | None = None) -> int:
        """Listen; returns the port."""
        self._closing = False
        self._server = await asyncio.start_server(self._accept, host, port, ssl=tls)
        self.port = int(self.socket.getsockname()[1])
        return self.port

    def abort_connections(self) -> None:
        """Reset what is open; the port stays."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def close(self) -> None:
        """Close the port and every connection, and end the handlers. Raises what one of them has raised."""
        if self._server is None:
            return
        server, self._server = self._server, None
        self._closing = True
        server.close()
        for _ in range(_TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        self.abort_connections()
        for task in self._handlers:
            task.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await server.wait_closed()
        if self._failures:
            raise self._failures[0]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # No coroutine: its task would be unknown here, and would close nothing when it is cancelled before it began.
        if self._closing:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._handlers[task] = writer
        self._writers.append(writer)
        task.add_done_callback(self._ended)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._handle(reader, writer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        writer = self._handlers.pop(task)
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not isinstance(failure, _WANTED_ENDS):
            self._failures.append(failure)
        # What the handler has written still arrives; after a cancellation or a break nothing does.
        if failure is None and not task.cancelled():
            writer.close()
        else:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def listening(
    handle: Handler, port: int = 0, *, host: str = HOST, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Listener]:
    """A server that hands each connection to a coroutine; the connection is closed when that has ended."""
    listener = Listener(handle)
    await listener.open(port, host=host, tls=tls)
    try:
        yield listener
    finally:
        await listener.close()
