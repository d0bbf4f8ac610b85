"""How much of something may be used in a second: processor time, bytes. Pure."""

from __future__ import annotations


class Allowance:
    """A stock that fills all the time up to a bound; who takes more than there is leaves a debt to wait for."""

    def __init__(self, per_second: float, burst: float) -> None:
        """``burst`` is the bound, and what there is at first."""
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._seen_at: float | None = None

    def take(self, amount: float, now: float) -> float:
        """Take so much, which may be 0. Returns the seconds after which the debt, if there is one, is paid.

        ``now`` is a time in seconds of any clock that goes forward.
        """
        since = 0.0 if self._seen_at is None else max(0.0, now - self._seen_at)
        self._left = min(self._burst, self._left + since * self._per_second) - amount
        self._seen_at = now
        return max(0.0, -self._left) / self._per_second
