"""Finds that a server is silent, and does not take the node's own delay for its silence."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LATE_SECONDS = 0.1
"""A timer that fires so late was held up by the event loop, and what was received meanwhile waits like the timer."""
STEPS = 10
"""Parts of a silence that are judged each by itself: a loop that is slow all the time is late at every one of them."""


class SilenceWatch:
    """Calls once when nothing was heard for a time in which the event loop ran."""

    def __init__(self, seconds: float, on_silence: Callable[[], object]) -> None:
        """``seconds`` is the longest silence until :meth:`heard` gives another; needs a running event loop.

        It is found a tenth later at most, while the loop runs.
        """
        self._on_silence = on_silence
        self._loop = asyncio.get_running_loop()
        self._step = seconds / STEPS
        self._left = STEPS
        self._timer = self._wait()

    def heard(self, seconds: float) -> None:
        """Something came; the next silence can last ``seconds``."""
        self._step = seconds / STEPS
        self._left = STEPS
        if self._loop.time() + self._step < self._timer.when():
            self._timer.cancel()
            self._timer = self._wait()

    def stop(self) -> None:
        """Call nobody any more."""
        self._timer.cancel()

    def _wait(self) -> asyncio.TimerHandle:
        due = self._loop.time() + self._step
        return self._loop.call_at(due, self._look, due)

    def _look(self, planned: float) -> None:
        if self._loop.time() - planned <= LATE_SECONDS:
            self._left -= 1
        if self._left < 0:
            self._on_silence()
            return
        self._timer = self._wait()
