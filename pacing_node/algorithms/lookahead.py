"""LOOKAHEAD, inner law: the level of pending invitations whose accepts will find an agent.

Over a horizon h an open invitation is accepted with probability ph = p (1 - e^(-h/d)), and each busy slot frees with
f = 1 - e^(-h/H). With c = R + B f - Q slots to fill on average and v = B f (1 - f) their variance, M is the largest
level with

    c - ph M >= z sqrt(v + ph (1 - ph) M),

a margin of z standard deviations against more accepts than slots. The smaller M of the horizons d and 3 d counts: the
longer one prevents a mass start. Groups up to ``EXACT_SLOTS`` use the exact distribution (``small_groups.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.small_groups import EXACT_SLOTS, ExactLevels

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

HORIZONS = (1.0, 3.0)
"""Multiples of the time to a disposition."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows in and out of a target's queue, one row per target."""

    ready: FloatArray
    busy: FloatArray
    waiting: FloatArray
    acceptance: FloatArray
    handle: FloatArray
    disposition: FloatArray

    def rows(self, rows: IntArray) -> Flow:
        """These rows alone."""
        return Flow(*(getattr(self, name)[rows] for name in self.__slots__))

    def smaller(self, rows: IntArray) -> Flow:
        """These rows with ready slots taken off down to the size of the exact test; all of them when none are left."""
        spare = np.minimum(self.ready[rows], self.ready[rows] + self.busy[rows] - EXACT_SLOTS)
        beyond = self.ready[rows] + self.busy[rows] - spare > EXACT_SLOTS
        return Flow(
            np.where(beyond, 0.0, self.ready[rows] - spare),
            np.minimum(self.busy[rows], EXACT_SLOTS),
            self.waiting[rows],
            self.acceptance[rows],
            self.handle[rows],
            self.disposition[rows],
        )


class LookaheadLevels:
    """The level M for all targets; keeps the tables of the exact test."""

    def __init__(self) -> None:
        self._exact = ExactLevels()

    def level(self, flow: Flow, z: FloatArray) -> FloatArray:
        """M ≥ 0, a real number of invitations, for a margin of z standard deviations."""
        slots = flow.ready + flow.busy
        exact = slots <= EXACT_SLOTS
        if not exact.any():
            return closed_level(flow, z)
        rows = np.flatnonzero(exact)
        level = np.zeros(len(z))
        if len(rows) < len(z):
            large = np.flatnonzero(~exact)
            level[large] = closed_level(flow.rows(large), z[large])
        elif slots.min() > 0.0:  # the same without picking rows
            return self._small(flow, z)
        rows = rows[slots[rows] > 0.0]
        level[rows] = self._small(flow.rows(rows), z[rows])
        return level

    def _small(self, flow: Flow, z: FloatArray) -> FloatArray:
        turnover = flow.disposition / flow.handle
        return self._exact.level(flow.ready - flow.waiting, flow.busy, flow.acceptance, turnover, z)


def closed_level(flow: Flow, z: FloatArray) -> FloatArray:
    """M by the normal approximation, the smallest over the horizons."""
    kept = np.exp(-flow.disposition / flow.handle)  # chance that a busy slot is still busy after d
    near, far = (flow.acceptance * -np.expm1(-horizon) for horizon in HORIZONS)
    available, half_square = flow.ready + flow.busy - flow.waiting, 0.5 * z * z
    still = flow.busy * kept
    free = available - still
    level = normal_level(free, still * (1.0 - kept), near, z, half_square)
    kept *= kept * kept
    still = np.multiply(flow.busy, kept, out=still)
    available -= still
    still *= np.subtract(1.0, kept, out=kept)
    longer = normal_level(available, still, far, z, half_square)
    np.maximum(np.minimum(level, longer, out=level), 0.0, out=level)
    # More slots free until the longer horizon, so those without any to fill until the shorter one are all there are.
    level[np.flatnonzero((free <= 0.0) & (z >= 0.0))] = 0.0
    return level


def normal_level(
    c: FloatArray, v: FloatArray, accept: FloatArray, z: FloatArray, half_square: FloatArray
) -> FloatArray:
    """M by the root of c - ph M = z sqrt(v + ph (1 - ph) M) on z's branch, one expression for both branches.

    M = (c + w - z sqrt(v + (1 - ph) (c + w/2))) / ph, w = (1 - ph) z^2 / 2.

    ``half_square`` = z^2 / 2. Without slots to fill on average, c <= 0, a margin z >= 0 allows nothing, whatever the
    number says.
    """
    declined = 1.0 - accept
    w = declined * half_square
    root = 0.5 * w
    root += c
    root *= declined
    root += v
    np.sqrt(np.maximum(root, 0.0, out=root), out=root)
    w += c
    w -= z * root
    return np.divide(w, accept, out=w)
