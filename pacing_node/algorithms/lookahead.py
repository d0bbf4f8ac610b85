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
        rows = np.flatnonzero(slots <= EXACT_SLOTS)
        if not len(rows):
            return closed_level(flow, z)
        level = np.zeros(len(z))
        if len(rows) < len(z):
            large = np.flatnonzero(slots > EXACT_SLOTS)
            level[large] = closed_level(flow.rows(large), z[large])
        rows = rows[slots[rows] > 0.0]
        free_now, turnover = flow.ready[rows] - flow.waiting[rows], flow.disposition[rows] / flow.handle[rows]
        level[rows] = self._exact.level(free_now, flow.busy[rows], flow.acceptance[rows], turnover, z[rows])
        return level


def closed_level(flow: Flow, z: FloatArray) -> FloatArray:
    """M by the normal approximation, the smallest over the horizons."""
    kept = np.exp(-flow.disposition / flow.handle)  # chance that a busy slot is still busy after d
    near, far = (flow.acceptance * -np.expm1(-horizon) for horizon in HORIZONS)
    return np.minimum(normal_level(flow, near, kept, z), normal_level(flow, far, kept * kept * kept, z))


def normal_level(flow: Flow, accept: FloatArray, kept: FloatArray, z: FloatArray) -> FloatArray:
    """M by the root of c - ph M = z sqrt(v + ph (1 - ph) M) on z's branch, one expression for both branches.

    M = (2 c + w - z sqrt(4 v + 4 (1 - ph) c + (1 - ph) w)) / (2 ph), w = (1 - ph) z^2.

    ``kept`` = 1 - f. Without slots to fill on average, c <= 0, a margin z >= 0 allows nothing.
    """
    still = flow.busy * kept
    c = flow.ready + flow.busy - still - flow.waiting
    v = still * (1.0 - kept)
    declined = 1.0 - accept
    w = declined * z * z
    root = np.sqrt(np.maximum(4.0 * (v + declined * c) + declined * w, 0.0))
    level = (2.0 * c + w - z * root) / (2.0 * accept)
    level[(c <= 0.0) & (z >= 0.0)] = 0.0
    return np.maximum(level, 0.0, out=level)
