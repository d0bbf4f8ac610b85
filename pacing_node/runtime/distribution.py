"""How a measure is distributed: counts below bounds, as a Prometheus histogram has them."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds for durations in seconds."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One value and the trace it was measured in."""

    trace_id: str
    value: float
    at: float
    """Unix time in seconds."""


class Distribution:
    """Counts values by these bounds; to count one costs a search among a dozen numbers."""

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._exemplars: list[Exemplar | None] = [None] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float, trace_id: str = "") -> None:
        """Count a value; ``trace_id`` names the trace it was measured in, if that is kept."""
        place = bisect_left(self._bounds, value)
        self._counts[place] += 1
        self.sum += value
        if trace_id:
            self._exemplars[place] = Exemplar(trace_id, value, time.time())

    def buckets(self) -> list[tuple[str, float]]:
        """How many values were at most so large, for each bound and for all."""
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, accumulate(self._counts), strict=True))

    def exemplars(self) -> list[Exemplar | None]:
        """The newest traced value between each bound and the one below it; None where there was none."""
        return list(self._exemplars)
