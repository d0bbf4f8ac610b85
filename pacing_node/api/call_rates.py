"""How often each caller may ask: so many a second, with a burst. Pure."""

from __future__ import annotations

from collections import OrderedDict

MOST_CALLERS = 10_000
"""Callers that are remembered; the one that asked longest ago is forgotten first."""


class CallRates:
    """One bucket of calls per caller, refilled all the time."""

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        """``burst`` calls may come at once: two seconds' worth unless given."""
        self._per_second = per_second
        self._burst = max(1.0, 2.0 * per_second if burst is None else burst)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admit(self, caller: str, now: float) -> bool:
        """Whether the caller may ask at this time, in seconds of any clock that goes forward; it counts if so."""
        left, then = self._left.pop(caller, (self._burst, now))
        left = min(self._burst, left + (now - then) * self._per_second)
        admitted = left >= 1.0
        self._left[caller] = (left - 1.0 if admitted else left, now)
        if len(self._left) > MOST_CALLERS:
            self._left.popitem(last=False)
        return admitted
