"""Finds that the calendar clock of this machine was set, by comparing it with one that never is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cluster.clock import boot_seconds

if TYPE_CHECKING:
    from cluster.clock import Clock

LEAST_SECONDS = 1.0
"""What is less is the slow correction of a clock, or does not matter to what is remembered."""
READING_SECONDS = 0.1
"""Longest time in which both clocks must be read: a process that was stopped in between has seen no step."""


class ClockSteps:
    """Compares the two clocks each time it is asked."""

    def __init__(self, calendar: Clock | None = None, steady: Clock = boot_seconds) -> None:
        """``calendar`` gives Unix time, None: this machine's; ``steady`` goes on while the machine sleeps."""
        self._calendar = calendar
        self._steady = steady
        self._difference: float | None = None

    def seconds(self) -> float:
        """By how much the calendar clock was set since this was asked before; 0 when it was not, or hardly."""
        before = self._steady()
        at = time.time() if self._calendar is None else self._calendar()
        if self._steady() - before > READING_SECONDS:
            return 0.0
        known, self._difference = self._difference, at - before
        step = self._difference - known if known is not None else 0.0
        return step if abs(step) >= LEAST_SECONDS else 0.0
