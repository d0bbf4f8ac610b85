"""Stands before a server and passes everything on, until it is told to turn hostile.

It works in a process of its own, ``python -m simulator.attack.hostile_front SOCKET``, so that what it sends is no load
of the process that measures. Orders come on its standard input, a line each: ``lead PORT``, ``turn ANSWER``, ``calm``,
and ``count``, which is answered with a line of two numbers.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from typing import TYPE_CHECKING

from cluster import tasks
from simulator.attack.hostile_answers import ANSWERS, LURE
from simulator.attack.ordered_process import OrderedProcess, obey
from simulator.harness.line_relay import join

if TYPE_CHECKING:
    from simulator.attack.hostile_answers import Answer

HOST = "127.0.0.1"
_HEAD_SECONDS = 5.0
_MOST_HEAD = 65536
_AT_ONCE = 4
"""Answers being given at a time."""


class HostileFront:
    """One port, and the process behind it."""

    def __init__(self) -> None:
        """Takes a free port at once, so that options can name it before anything is served."""
        self._socket = socket.create_server((HOST, 0))
        self.port = int(self._socket.getsockname()[1])
        self._process = OrderedProcess(__name__)

    async def start(self, target_port: int) -> None:
        """Pass everything on to a server from now on."""
        descriptor = self._socket.fileno()
        await self._process.start(str(descriptor), [descriptor])
        self._process.order(f"lead {target_port}")
        await self.counts()

    async def stop(self) -> None:
        """End it, with every connection."""
        self._socket.close()
        await self._process.stop()

    def turn(self, answer: str) -> None:
        """Give the answer of this name to every request from now on. Connections are reset."""
        self._process.order(f"turn {answer}")

    def calm(self) -> None:
        """Pass everything on again. Connections are reset."""
        self._process.order("calm")

    async def counts(self) -> tuple[int, int]:
        """How many requests were given a hostile answer, and how many have followed a redirect."""
        answered, lured = (await self._process.ask("count")).split()
        return int(answered), int(lured)


class _Front:
    """The work of the process."""

    def __init__(self) -> None:
        self.answered = 0
        self.lured = 0
        self._target_port = 0
        self._answer: Answer | None = None
        self._connections: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    def take(self, words: list[str]) -> str | None:
        """Carry out one order; its answer, if it has one."""
        match words:
            case ["lead", port]:
                self._target_port = int(port)
            case ["turn", answer]:
                self._become(ANSWERS[answer])
            case ["calm"]:
                self._become(None)
            case ["count"]:
                return f"{self.answered} {self.lured}"
        return None

    def _become(self, answer: Answer | None) -> None:
        self._answer = answer
        for writer in tuple(self._connections):
            writer.transport.abort()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection."""
        task = tasks.spawn("hostile.connection", self._serve(reader, writer), finite=True)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
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
        async with self._at_once:
            await answer(writer)
        # What of the request is still unread would turn the end into a reset, and the answer would be lost.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                writer.write_eof()
                while await reader.read(_MOST_HEAD):
                    pass


async def main(descriptor: int) -> None:
    """Serve on a listening socket, and obey until the standard input ends."""
    front = _Front()
    await asyncio.start_server(front.accept, sock=socket.socket(fileno=descriptor), limit=_MOST_HEAD)
    await obey(front.take)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
