"""How long to pause before trying again what has failed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_EXPONENT = 30
"""Beyond this the delay has long reached any bound; it keeps the power from overflowing."""


class Backoff:
    """Delays between attempts: each twice the previous one, up to a bound, shortened at random. Times in seconds.

    Jitter keeps nodes that failed at the same moment from trying again at the same moment.
    """

    def __init__(
        self,
        first_seconds: float,
        longest_seconds: float,
        *,
        jitter: float = 0.5,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """The delay after the first failure, and the longest one.

        ``jitter`` is the share of a delay that chance can take off, 0 to 1: with 0.5 a delay is between half and all of
        its full length; with 0 it is always its full length. ``uniform`` draws a number between two others.

        Raises ValueError when a delay is not above 0, the longest is below the first, or the jitter is out of bounds.
        """
        if not 0.0 < first_seconds <= longest_seconds:
            message = f"backoff: found {first_seconds:g} to {longest_seconds:g} s, allowed is 0 < first <= longest"
            raise ValueError(message)
        if not 0.0 <= jitter <= 1.0:
            message = f"jitter: found {jitter:g}, allowed is 0 to 1"
            raise ValueError(message)
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._jitter = jitter
        self._uniform = uniform
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures in a row so far."""
        return self._failures

    def next_seconds(self) -> float:
        """Count one more failure; returns how long to pause before the next attempt."""
        full = self._first_seconds * 2.0 ** min(self._failures, _LARGEST_EXPONENT)
        self._failures += 1
        return min(full, self._longest_seconds) * self._uniform(1.0 - self._jitter, 1.0)

    def reset(self) -> None:
        """An attempt has succeeded: the next failure is the first one again."""
        self._failures = 0
