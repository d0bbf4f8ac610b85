"""LOOKAHEAD for small groups: the exact test instead of the normal one, tabulated as it is asked for.

The level M is the real number with P(Q + Bin(M, ph) >= R + Bin(B, f)) = Phi(-z): the chance that no slot is left for
one more accept. Between whole numbers of invitations the binomial tail is continued by the incomplete beta function.

The table is kept in units of load, ph M, which varies slowly with ph. A block holds, for one pair (R - Q, B) of whole
numbers, the load over a grid of (z, f, ph); a level is read by linear interpolation. Fractions of a slot, which occur
where targets share agents, are interpolated too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from pacing_node.algorithms.super_progressive import binomial_tail

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

EXACT_SLOTS = 30
"""Groups up to this many slots are calculated exactly."""

_Z = np.arange(-1.0, 5.01, 0.25)
_FREE = np.array([0.0, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0])
_ACCEPT = np.array([0.001, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 1.0])
_LOADS = np.concatenate([np.arange(0.0, 4.0, 0.05), np.arange(4.0, 16.0, 0.2), np.arange(16.0, 72.0, 0.75)])
_LEAST_FREE = -EXACT_SLOTS  # waiting visitors beyond every slot: nothing can be promised
_BLOCK_ROWS = EXACT_SLOTS - _LEAST_FREE + 2
_SLOT_STEPS = EXACT_SLOTS + 2


class ExactLevels:
    """Levels of the exact test; blocks are calculated once and kept, about 11 kB each, at most 22 MB."""

    def __init__(self) -> None:
        self._position = np.full((_BLOCK_ROWS, _SLOT_STEPS), -1, dtype=np.int64)
        self._blocks = np.zeros((64, len(_Z), len(_FREE), len(_ACCEPT)), dtype=np.float32)
        self._count = 0
        self._tails: FloatArray | None = None

    def level(
        self, free_now: FloatArray, busy: FloatArray, accept: FloatArray, free: FloatArray, z: FloatArray
    ) -> FloatArray:
        """M for R - Q, B, ph, f and z per row; B at most ``EXACT_SLOTS``."""
        bounded = np.clip(free_now, _LEAST_FREE, EXACT_SLOTS)
        low_free, low_busy = np.floor(bounded), np.floor(busy)
        part_free, part_busy = bounded - low_free, busy - low_busy
        load = self._load(low_free, low_busy, accept, free, z)
        # Shared agents make fractions; whole numbers need one reading only.
        fractional = np.flatnonzero((part_free > 0.0) | (part_busy > 0.0))
        if len(fractional):
            rows = fractional
            a, b, pf, pb = low_free[rows], low_busy[rows], part_free[rows], part_busy[rows]
            rest = accept[rows], free[rows], z[rows]
            near = load[rows] * (1.0 - pb) + self._load(a, b + 1.0, *rest) * pb
            far = self._load(a + 1.0, b, *rest) * (1.0 - pb) + self._load(a + 1.0, b + 1.0, *rest) * pb
            load[rows] = near * (1.0 - pf) + far * pf
        return load / accept

    def _load(
        self, free_now: FloatArray, busy: FloatArray, accept: FloatArray, free: FloatArray, z: FloatArray
    ) -> FloatArray:
        a = free_now.astype(np.int64) - _LEAST_FREE
        b = busy.astype(np.int64)
        block = self._position[a, b]
        if (block < 0).any():
            self._fill(a, b)
            block = self._position[a, b]
        i, x = _cell(_Z, z)
        j, y = _cell(_FREE, free)
        k, w = _cell(_ACCEPT, accept)
        plain = self._blocks.reshape(-1)
        base = ((block * len(_Z) + i) * len(_FREE) + j) * len(_ACCEPT) + k
        step_z, step_f = len(_FREE) * len(_ACCEPT), len(_ACCEPT)

        def edge(offset: int) -> FloatArray:
            left = plain[base + offset]
            return np.asarray(left + (plain[base + offset + 1] - left) * w)

        near = edge(0) * (1.0 - y) + edge(step_f) * y
        far = edge(step_z) * (1.0 - y) + edge(step_z + step_f) * y
        return np.asarray(near * (1.0 - x) + far * x)

    def _fill(self, a: IntArray, b: IntArray) -> None:
        """Calculate the blocks that are missing."""
        if self._tails is None:
            self._tails = _accept_tails()
        for code in np.unique(a * _SLOT_STEPS + b):
            row, column = divmod(int(code), _SLOT_STEPS)
            if self._position[row, column] >= 0:
                continue
            if self._count == len(self._blocks):
                self._blocks = np.concatenate([self._blocks, np.zeros_like(self._blocks)])
            self._blocks[self._count] = _block(self._tails, row + _LEAST_FREE, column)
            self._position[row, column] = self._count
            self._count += 1


def _accept_tails() -> FloatArray:
    """P(Bin(M, ph) >= k) over (ph, load, k), k from 0 to the most slots that can be free."""
    most = EXACT_SLOTS + _SLOT_STEPS + 1
    accept, load, least = np.meshgrid(_ACCEPT, _LOADS, np.arange(most, dtype=np.float64), indexing="ij")
    return binomial_tail(load / accept, accept, least)


def _block(tails: FloatArray, free_now: int, busy: int) -> FloatArray:
    """Loads over (z, f, ph) for one pair (R - Q, B)."""
    slots = np.clip(free_now + np.arange(busy + 1), 0, tails.shape[2] - 1)
    miss = tails[:, :, slots] @ _free_distribution(busy)  # (ph, load, f): chance that no slot is left
    chance = ndtr(-_Z)
    result = np.zeros((len(_Z), len(_FREE), len(_ACCEPT)))
    for i, limit in enumerate(chance):
        below = miss <= limit
        last = below.sum(axis=1) - 1  # (ph, f): index of the largest load on the grid that still passes
        at = np.clip(last, 0, len(_LOADS) - 2)
        low = np.take_along_axis(miss, at[:, None, :], axis=1)[:, 0, :]
        high = np.take_along_axis(miss, at[:, None, :] + 1, axis=1)[:, 0, :]
        part = np.clip((limit - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
        load = _LOADS[at] + part * (_LOADS[at + 1] - _LOADS[at])
        result[i] = np.where(last >= 0, load, 0.0).T
    return result


def _free_distribution(busy: int) -> FloatArray:
    """P(Bin(B, f) = j) over (j, f)."""
    least = np.arange(busy + 2, dtype=np.float64)[:, None]
    tail = binomial_tail(np.full((busy + 2, len(_FREE)), float(busy)), _FREE[None, :], least)
    return np.asarray(tail[:-1] - tail[1:])


def _cell(grid: FloatArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Index of the cell a value falls in, and its position 0..1 there; values outside count as the edge."""
    index = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, len(grid) - 2)
    position = (values - grid[index]) / (grid[index + 1] - grid[index])
    return index, np.clip(position, 0.0, 1.0)
