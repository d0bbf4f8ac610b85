"""Totals to increments, without spikes. Pure.

A total counts from the start of its server, so one total says nothing and two say how much came in between. What must
never happen is a jump that nobody caused: a reset, a first value or a catch-up after a hand-over read as traffic. In
every doubtful case the increment is 0: a period without counts is a small loss, a spike is a wrong estimate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.statistics.table import grown

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray


def room_for(size: int) -> FloatArray:
    """What the totals of so many slots need; for very many it takes milliseconds to make."""
    return np.full(size, np.nan)


class Totals:
    """The totals of one server, as last read, by slot.

    Increment of a read:

    - first value after a subscription, a reconnection or an invalid value: 0, it becomes the base
    - total unchanged or grown: the difference
    - total fallen (the server restarted or set it back): 0, the new value becomes the base
    - difference above the limit given: 0, the new value becomes the base
    """

    def __init__(self, size: int) -> None:
        self._base: FloatArray = room_for(size)

    def resize(self, size: int, room: FloatArray | None = None) -> None:
        """Make room for more slots; what is known stays. ``room`` is that room, made with :func:`room_for` before."""
        if size > len(self._base):
            larger = room_for(size) if room is None else room
            larger[: len(self._base)] = self._base
            self._base = larger

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
        difference = np.subtract(totals, base, out=base)
        with np.errstate(invalid="ignore"):
            believable = valid & (difference >= 0)
            if not (isinstance(limit, float) and limit == np.inf):
                believable &= difference <= limit
        self.follow(slots, totals, valid)
        difference[~believable] = 0.0
        return difference

    def follow(self, slots: IntArray, totals: FloatArray, valid: BoolArray) -> None:
        """As :meth:`advance`, for a server whose increments nobody wants now."""
        self._base[slots] = totals if valid.all() else np.where(valid, totals, np.nan)


class Usual:
    """What a total usually grows by in one period, by slot: the measure of what a jump is."""

    def __init__(self, size: int, weight: float = 0.2) -> None:
        self._mean: FloatArray = np.zeros(size)
        self._weight = weight

    def resize(self, size: int) -> None:
        """Make room for more slots; what is known stays."""
        self._mean = grown(self._mean, size)

    def forget(self, slots: IntArray) -> None:
        """Drop what is known of these slots."""
        self._mean[slots] = 0.0

    def learn(self, slots: IntArray, increments: FloatArray) -> None:
        """Move the exponentially weighted mean towards these increments."""
        mean = self._mean[slots]
        step = increments - mean
        step *= self._weight
        mean += step
        self._mean[slots] = mean

    def limit(self, slots: IntArray, *, factor: float = 4.0, floor: float = 5.0) -> FloatArray:
        """The largest increment that still looks like traffic: ``floor + factor · mean``."""
        return floor + factor * self._mean[slots]
