"""A session with one statistics server that begins anew whenever it breaks, whatever protocol it speaks."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import structlog

from cluster.backoff import Backoff
from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from pacing_node.runtime.failures import innermost

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.statistics.feed import Feed

log = structlog.get_logger(__name__)


class ReconnectingSession(ABC):
    """Keeps one server's feed alive until it is stopped."""

    def __init__(
        self,
        feed: Feed,
        *,
        first_delay_seconds: float,
        longest_delay_seconds: float,
        on_change: Callable[[], object],
    ) -> None:
        """The delays are those before a reconnection; ``on_change`` is called when the feed's state has changed."""
        self._feed = feed
        self._on_change = on_change
        self._longest_delay_seconds = longest_delay_seconds
        self._backoff = Backoff(first_delay_seconds, longest_delay_seconds)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._task = spawn(f"statistics-{self._feed.name}", lasting(f"statistics-{self._feed.name}", self._run))

    async def stop(self) -> None:
        """End the session and stay away."""
        await cancel(self._task)

    @abstractmethod
    async def _attempt(self) -> str:
        """One session from connection to end; returns why it ended, for people."""

    async def _run(self) -> None:
        while True:
            began = time.monotonic()
            error = await self._guarded()
            # A server that breaks off again and again at once is no less of a burden than one that does not answer.
            if self._feed.connected and time.monotonic() - began > self._longest_delay_seconds:
                self._backoff.reset()
            if self._feed.connected or self._backoff.failures == 0:
                log.warning("statistics.server_lost", server=self._feed.name, address=self._feed.address, error=error)
            self._feed.closed(error)
            self._on_change()
            await asyncio.sleep(self._backoff.next_seconds())

    async def _guarded(self) -> str:
        """One session; whatever a server provokes, the session ends and the next one begins."""
        try:
            return await self._attempt()
        except Exception as failure:
            log.error(
                "statistics.unexpected",
                server=self._feed.name,
                kind=type(failure).__name__,
                where=innermost(failure),
            )
            return f"unexpected {type(failure).__name__}"
