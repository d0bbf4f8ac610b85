"""How long a push may take: it follows the number of targets and what pushes took, within lease and period. Pure.

The estimate is that of TCP's retransmission timer (RFC 6298, 2.3 and 5.5): a smoothed duration, its smoothed deviation,
and twice the time after a push that had not ended in it. Its gain is higher than there: pushes are seconds apart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

LEAST_SECONDS = 1.2
"""A push gets this much however fast the platform is, where lease and period allow it: one repetition fits."""
FIRST_SECONDS_PER_TARGET = 2e-4
"""Assumed of each target before a push was measured: about three times what a slow core takes."""
PERIOD_SHARE = 0.9
"""Share of the refresh period that a push and the rest of its cycle may take together."""
LEAST_PERIOD_SHARE = 0.3
"""Share of the refresh period that a push gets, however long the rest of its cycle takes."""
_GAIN, _DEVIATIONS, _ROOM = 1 / 4, 4.0, 2.0
_AFTER_OVERRUN, _MOST_OVERRUNS = 2.0, 64.0


@dataclass(frozen=True, slots=True)
class PushTime:
    """What pushes take and what they may take, as of one moment. Times in seconds."""

    budget_seconds: float
    """What the push may take, all attempts together."""
    limit_seconds: float
    """The longest budget that lease and refresh period allow."""
    expected_seconds: float | None
    """What a push of so many targets takes: smoothed, and its deviation; None before one was measured."""
    targets: int
    at: float
    """Unix time."""

    @property
    def used_percent(self) -> float | None:
        """What a push takes as a share of what lease and period allow; None before one was measured."""
        return None if self.expected_seconds is None else 100.0 * self.expected_seconds / self.limit_seconds

    def __str__(self) -> str:
        """In words, for people."""
        allowed = f"lease and refresh period allow {self.limit_seconds:.2f} s"
        if self.expected_seconds is None:
            return f"no push of {self.targets} targets has been measured; {allowed}"
        return f"a push of {self.targets} targets takes {self.expected_seconds:.2f} s; {allowed}"


class PushBudget:
    """Learns what pushes take. A longer list of targets is expected to take longer before it was pushed."""

    def __init__(self) -> None:
        self._smoothed: float | None = None
        self._deviation = 0.0
        self._targets = 1
        self._overruns = 1.0
        self._rest_seconds = 0.0

    def expected_seconds(self, targets: int) -> float | None:
        """What a push of so many targets takes; None before one was measured."""
        return None if self._smoothed is None else (self._smoothed + self._deviation) * self._growth(targets)

    def limit_seconds(self, most_seconds: float, period_seconds: float) -> float:
        """The longest budget: ``most_seconds``, and what the rest of the cycle leaves of its period."""
        left = max(PERIOD_SHARE * period_seconds - self._rest_seconds, LEAST_PERIOD_SHARE * period_seconds)
        return min(most_seconds, left)

    def seconds(self, targets: int, most_seconds: float, period_seconds: float) -> float:
        """What the next push of so many targets may take; above 0, never beyond the limit."""
        limit = self.limit_seconds(most_seconds, period_seconds)
        return min(max(LEAST_SECONDS, self._needed(targets)), limit)

    def push_time(self, targets: int, most_seconds: float, period_seconds: float) -> PushTime:
        """What the next push of so many targets may take and is expected to, as of now."""
        return PushTime(
            budget_seconds=self.seconds(targets, most_seconds, period_seconds),
            limit_seconds=self.limit_seconds(most_seconds, period_seconds),
            expected_seconds=self.expected_seconds(targets),
            targets=targets,
            at=time.time(),
        )

    def _needed(self, targets: int) -> float:
        if self._smoothed is None:
            return self._overruns * (LEAST_SECONDS + FIRST_SECONDS_PER_TARGET * targets)
        needed = max(_ROOM * self._smoothed, self._smoothed + _DEVIATIONS * self._deviation)
        return self._overruns * needed * self._growth(targets)

    def answered(self, targets: int, seconds: float) -> None:
        """A push of so many targets was answered after ``seconds``."""
        growth, self._overruns = self._growth(targets), 1.0
        if self._smoothed is None:
            self._smoothed = seconds
        else:
            before = self._smoothed * growth
            self._deviation += _GAIN * (abs(seconds - before) - self._deviation)
            self._smoothed = before + _GAIN * (seconds - before)
        self._targets = max(targets, 1)

    def overran(self, targets: int, seconds: float) -> None:
        """A push was given up unanswered after ``seconds``: it takes longer than that, nobody knows how much."""
        self._overruns = min(self._overruns * _AFTER_OVERRUN, _MOST_OVERRUNS)
        self._smoothed = max((self._smoothed or 0.0) * self._growth(targets), seconds)
        self._targets = max(targets, 1)

    def cycle_ended(self, rest_seconds: float) -> None:
        """A cycle took ``rest_seconds`` beside its push."""
        self._rest_seconds = max(rest_seconds, self._rest_seconds + _GAIN * (rest_seconds - self._rest_seconds))

    def _growth(self, targets: int) -> float:
        """More targets take in proportion; fewer are not trusted to take less before they were pushed."""
        return max(1.0, targets / self._targets)
