"""Stands before a server and passes everything on, until it is told to turn hostile."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from cluster import tasks
from simulator.attack.hostile_answers import LURE
from simulator.harness.line_relay import join

if TYPE_CHECKING:
    from simulator.attack.hostile_answers import Answer

HOST = "127.0.0.1"
_HEAD_SECONDS = 5.0
_MOST_HEAD = 65536


class HostileFront:
    """One port. :meth:`lead_to` the server behind it, then :meth:`start`."""

    def __init__(self) -> None:
        """Takes a free port at once, so that options can name it before anything is served."""
        self._socket = socket.create_server((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self.answered = 0
        """Requests that were given a hostile answer."""
        self.lured = 0
        """Requests that followed a redirect."""
        self._target_port = 0
        self._answer: Answer | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Serve."""
        self._server = await asyncio.start_server(self._accept, sock=self._socket, limit=_MOST_HEAD)

    async def stop(self) -> None:
        """Listen no more, and reset every connection."""
        if self._server is not None:
            self._server.close()
        self._socket.close()
        self._reset()
        await tasks.cancel(*self._serving)

    def lead_to(self, port: int) -> None:
        """The server that is behind it."""
        self._target_port = port

    def turn(self, answer: Answer | None) -> None:
        """Give this answer to every request from now on; None passes everything on again. Connections are reset."""
        self._answer = answer
        self._reset()

    def _reset(self) -> None:
        for writer in tuple(self._connections):
            writer.transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = tasks.spawn("hostile.connection", self._serve(reader, writer), finite=True)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
                if self._answer is None:
                    await join(reader, writer, *await asyncio.open_connection(HOST, self._target_port))
                else:
                    await self._be_hostile(reader, writer, self._answer)
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _be_hostile(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        if LURE.encode() in head.split(b"\r\n", 1)[0]:
            self.lured += 1
        self.answered += 1
        await answer(writer)
        # What of the request is still unread would turn the end into a reset, and the answer would be lost.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                writer.write_eof()
                while await reader.read(_MOST_HEAD):
                    pass
