"""How many follow, and how much waits for those who do not read. Memory is bounded for each stream and for all."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

MOST_OF_ONE = 2
"""Streams of one member: the one that follows, and one that it has given up and is not gone yet."""
MOST_STREAMS = 64
MOST_PENDING_BYTES = 64 * 1024 * 1024
"""Most bytes of records that are on their way to all followers; a stream beyond them waits."""
TAKEN_WITHIN_SECONDS = 10.0
"""How long a follower may take to read a record; then its connection is closed, and it can follow again."""


class FollowerLimits:
    """Counts the streams of followers, and the records on their way to them."""

    def __init__(
        self, most_pending_bytes: int = MOST_PENDING_BYTES, taken_within_seconds: float = TAKEN_WITHIN_SECONDS
    ) -> None:
        self._most_pending_bytes = most_pending_bytes
        self._taken_within_seconds = taken_within_seconds
        self._streams: Counter[str] = Counter()
        self.pending_bytes = 0
        """Bytes of records that are on their way now."""
        self._freed = asyncio.Event()

    def why_full(self, name: str) -> str:
        """Why a member gets no further stream; empty when it does."""
        if self._streams[name] >= MOST_OF_ONE:
            return f"{name} has {MOST_OF_ONE} streams already"
        return f"there are {MOST_STREAMS} streams already" if self._streams.total() >= MOST_STREAMS else ""

    @contextmanager
    def stream(self, name: str) -> Iterator[None]:
        """A stream of a member, as long as it lasts."""
        self._streams[name] += 1
        try:
            yield
        finally:
            self._streams[name] -= 1
            self._streams += Counter()

    @asynccontextmanager
    async def sending(self, size: int, give_up: Callable[[], None]) -> AsyncIterator[None]:
        """A record of ``size`` bytes is on its way inside; ``give_up`` is called when it is not taken in time."""
        while self.pending_bytes and self.pending_bytes + size > self._most_pending_bytes:
            await self._freed.wait()
        self.pending_bytes += size
        timer = asyncio.get_running_loop().call_later(self._taken_within_seconds, give_up)
        try:
            yield
        finally:
            timer.cancel()
            self.pending_bytes -= size
            freed, self._freed = self._freed, asyncio.Event()
            freed.set()
