"""Answers of megabytes, sent in pieces of what is kept once: a slow reader holds one piece, not a copy of the page.

What all readers of a node's long answers cost it together is bounded twice. So many bytes are sent in a second, for
each piece takes a turn of the event loop that the cycle needs too. And so many bytes are kept for readers that are
behind: a page of which there is a newer one stays in memory until its last reader has it, so those of the oldest pages
are left first.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.responses import Response

from pacing_node.api.guarded_connection import STATE, GuardedConnection
from pacing_node.api.http_limits import LimitRefusal
from pacing_node.runtime.allowance import Allowance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.types import Receive, Scope, Send

PIECE_BYTES = 64 * 1024
BYTES_PER_SECOND = 32 * 2**20
"""Most that a node sends of its long answers in a second, to all readers together."""
MOST_READ_BYTES = 24 * 2**20
"""Most memory of long answers that are being read, each counted once however many read it; three of the longest may
take more."""
_BURST_BYTES = 8 * 2**20
_sending = Allowance(BYTES_PER_SECOND, _BURST_BYTES)


class PiecesResponse(Response):
    """A body of several parts one after the other; none of them is copied as a whole."""

    def __init__(self, *parts: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        """The parts make up the body."""
        length = str(sum(map(len, parts)))
        super().__init__(media_type=media_type, headers={**(headers or {}), "Content-Length": length})
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head, then piece by piece as the reader takes them."""
        connection = scope.get("state", {}).get(STATE)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if isinstance(connection, GuardedConnection):
            with _held.reading(self._parts, connection):
                await self._send_pieces(connection, send)
            if connection.closing:
                while (await receive())["type"] != "http.disconnect":
                    pass
                return
        else:
            await self._send_pieces(None, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_pieces(self, connection: GuardedConnection | None, send: Send) -> None:
        """Send all pieces, or those until the connection is closed."""
        for piece in self._pieces():
            if connection is not None and connection.closing:
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            # Also a fast reader would take the whole page in one turn of the event loop.
            await asyncio.sleep(_sending.take(len(piece), time.monotonic()))

    def _pieces(self) -> Iterator[bytes]:
        for part in self._parts:
            for start in range(0, len(part), PIECE_BYTES):
                yield part[start : start + PIECE_BYTES]


@dataclass(slots=True)
class _HeldPart:
    """A part that somebody reads; ``part`` keeps its identity from being another's meanwhile."""

    part: bytes
    readers: dict[GuardedConnection, None] = field(default_factory=dict)


class HeldParts:
    """What is being read, oldest first."""

    def __init__(self, most_bytes: int = MOST_READ_BYTES) -> None:
        self._most_bytes = most_bytes
        self._parts: dict[int, _HeldPart] = {}

    @contextmanager
    def reading(self, parts: tuple[bytes, ...], connection: GuardedConnection) -> Iterator[None]:
        """While a connection reads these parts; closes those that read the oldest ones when it is too much."""
        mine = [part for part in parts if len(part) > PIECE_BYTES]
        for part in mine:
            self._parts.setdefault(id(part), _HeldPart(part)).readers[connection] = None
        self._leave_oldest()
        try:
            yield
        finally:
            for part in mine:
                self._forget(part, connection)

    def _leave_oldest(self) -> None:
        sizes = [len(each.part) for each in self._parts.values()]
        # Of pages of 100,000 targets a few must fit too.
        most, total = max(self._most_bytes, 3 * max(sizes, default=0)), sum(sizes)
        while total > most:
            oldest = self._parts.pop(next(iter(self._parts)))
            total -= len(oldest.part)
            for reader in oldest.readers:
                reader.close(LimitRefusal.SLOW_READER)

    def _forget(self, part: bytes, connection: GuardedConnection) -> None:
        held = self._parts.get(id(part))
        if held is None or held.part is not part:
            return
        held.readers.pop(connection, None)
        if not held.readers:
            del self._parts[id(part)]


_held = HeldParts()
