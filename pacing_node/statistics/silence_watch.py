"""Finds that a server is silent, and does not take the node's own delay for its silence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LATE_SECONDS = 0.25
"""A timer that fires so late was held up by the event loop, and what was received meanwhile waits like the timer."""


class SilenceWatch:
    """Calls once when nothing was heard for a time in which the event loop ran."""

    def __init__(self, seconds: float, on_silence: Callable[[], object]) -> None:
        """``seconds`` is the longest silence until :meth:`heard` gives another; needs a running event loop."""
        self._on_silence = on_silence
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._due = self._loop.time() + seconds
        self._timer = self._loop.call_at(self._due, self._look, self._due)

    def heard(self, seconds: float) -> None:
        """Something came; the next silence can last ``seconds``."""
        self._seconds = seconds
        self._due = self._loop.time() + seconds
        if self._due < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(self._due, self._look, self._due)

    def stop(self) -> None:
        """Call nobody any more."""
        self._timer.cancel()

    def _look(self, planned: float) -> None:
        now = self._loop.time()
        if now - planned > LATE_SECONDS:
            self._due = max(self._due, now + self._seconds)
        if now >= self._due:
            self._on_silence()
            return
        self._timer = self._loop.call_at(self._due, self._look, self._due)
