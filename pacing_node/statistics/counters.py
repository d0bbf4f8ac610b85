"""Totals to increments, without spikes. Pure.

A total counts from the start of its server, so one total says nothing and two say how much came in between. What must
never happen is a jump that nobody caused: a reset, a first value or a catch-up after a hand-over read as traffic. In
every doubtful case the increment is 0: a period without counts is a small loss, a spike is a wrong estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray


class Totals:
    """The totals of one server, as last read, by slot.

    Increment of a read:

    - first value after a subscription, a reconnection or an invalid value: 0, it becomes the base
    - total unchanged or grown: the difference
    - total fallen (the server restarted or set it back): 0, the new value becomes the base
    - difference above the limit given: 0, the new value becomes the base
    """

    def __init__(self, size: int) -> None:
        self._base: FloatArray = np.full(size, np.nan)

    def resize(self, size: int) -> None:
        """Make room for more slots; what is known stays."""
        if size > len(self._base):
            self._base = np.concatenate([self._base, np.full(size - len(self._base), np.nan)])

    def forget(self, slots: IntArray | None = None) -> None:
        """Drop the base of these slots, or of all."""
        self._base[... if slots is None else slots] = np.nan

    def advance(
        self, slots: IntArray, totals: FloatArray, valid: BoolArray, limit: FloatArray | float = np.inf
    ) -> FloatArray:
        """Increments since the last call for these slots, of the shape of ``slots``; never negative, never NaN.

        ``limit`` is the largest increment that is believed.
        """
        base = self._base[slots]
        with np.errstate(invalid="ignore"):
            difference = totals - base
            believable = valid & (difference >= 0) & (difference <= limit)
        self._base[slots] = np.where(valid, totals, np.nan)
        return np.where(believable, difference, 0.0)


class Usual:
    """What a total usually grows by in one period, by slot: the measure of what a jump is."""

    def __init__(self, size: int, weight: float = 0.2) -> None:
        self._mean: FloatArray = np.zeros(size)
        self._weight = weight

    def resize(self, size: int) -> None:
        """Make room for more slots; what is known stays."""
        if size > len(self._mean):
            self._mean = np.concatenate([self._mean, np.zeros(size - len(self._mean))])

    def forget(self, slots: IntArray) -> None:
        """Drop what is known of these slots."""
        self._mean[slots] = 0.0

    def learn(self, slots: IntArray, increments: FloatArray) -> None:
        """Move the exponentially weighted mean towards these increments."""
        self._mean[slots] += self._weight * (increments - self._mean[slots])

    def limit(self, slots: IntArray, *, factor: float = 4.0, floor: float = 5.0) -> FloatArray:
        """The largest increment that still looks like traffic: ``floor + factor · mean``."""
        return floor + factor * self._mean[slots]
