"""The connections of one server, none of which outlives it.

A coroutine given to ``asyncio.start_server`` closes nothing when its task is cancelled before it has begun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster import tasks

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable


class Connections:
    """Serves each connection by a task of its own, and closes it when that has ended."""

    def __init__(
        self, name: str, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    ) -> None:
        """``name`` is that of the tasks."""
        self._name = name
        self._serve = serve
        self._serving: set[asyncio.Task[None]] = set()
        self._ended = False

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection; to be given to the server."""
        if self._ended:
            writer.transport.abort()
            return
        task = tasks.spawn(self._name, self._served(reader, writer), finite=True)
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    async def end(self) -> None:
        """Close them all; what comes now is closed at once."""
        self._ended = True
        await tasks.cancel(*self._serving)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._serve(reader, writer)
