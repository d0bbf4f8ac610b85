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
        level = np.full(len(z), np.inf)
        for horizon in HORIZONS:
            accept = flow.acceptance * -np.expm1(-horizon)
            free = -np.expm1(-horizon * flow.disposition / flow.handle)
            level = np.minimum(level, normal_level(flow, accept, free, z))
        rows = np.flatnonzero((slots <= EXACT_SLOTS) & (slots > 0.0))
        if len(rows):
            free_now, turnover = flow.ready[rows] - flow.waiting[rows], flow.disposition[rows] / flow.handle[rows]
            level[rows] = self._exact.level(free_now, flow.busy[rows], flow.acceptance[rows], turnover, z[rows])
        return level


def normal_level(flow: Flow, accept: FloatArray, free: FloatArray, z: FloatArray) -> FloatArray:
    """M by the normal approximation: the root of c - ph M = z sqrt(v + ph (1 - ph) M) on z's branch."""
    turnover = flow.busy * free
    c = flow.ready + turnover - flow.waiting
    v = turnover * (1.0 - free)
    z2 = z * z
    b = 2.0 * accept * c + accept * (1.0 - accept) * z2
    k = c * c - z2 * v
    root = np.sqrt(np.maximum(b * b - 4.0 * accept * accept * k, 0.0))
    cautious = np.where((c > 0.0) & (k > 0.0), b - root, 0.0)
    level = np.where(z >= 0.0, cautious, b + root) / (2.0 * accept * accept)
    return np.asarray(np.maximum(level, 0.0))
