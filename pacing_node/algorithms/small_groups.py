"""LOOKAHEAD for small groups: the exact chance that one more visitor finds nobody free, tabulated as it is asked for.

One more invitation, if accepted, is accepted after a time that is exponential with mean d. By then each of the M - 1
others is accepted with probability p u, each busy slot is free with probability f(u) = 1 - (1 - u)^(d/H), where u is
uniform on (0, 1), because 1 - e^(-t/d) is. So the chance that this visitor has to wait is

    W(M) = int_0^1 P(Q + Bin(M - 1, p u) >= R + Bin(B, f(u))) du,

and the level is the largest M with W(M) <= Phi(-z). There is no horizon to choose. One invitation per free agent never
makes anybody wait, and W says so; near the exact optimum of the Markov decision process W stays about constant.

Between whole numbers of invitations the binomial tail is continued by the incomplete beta function. The table is kept
in units of load, p M, which varies slowly with p. A block holds, for one pair (R - Q, B) of whole numbers, the load
over a grid of (z, d/H, p); a level is read by linear interpolation. Fractions of a slot, which occur where targets
share agents, are interpolated too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.special_functions import normal_tail
from pacing_node.algorithms.super_progressive import binomial_tail

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

EXACT_SLOTS = 30
"""Groups up to this many slots are calculated exactly."""

_Z = np.arange(-1.0, 5.01, 0.25)
_TURNOVER = np.array([0.002, 0.01, 0.02, 0.035, 0.05, 0.075, 0.11, 0.17, 0.3, 1.0])
_ACCEPT = np.array([0.005, 0.05, 0.12, 0.25, 0.45, 0.7, 1.0])
_LOADS = np.concatenate(
    [np.arange(0.0, 3.0, 0.06), np.arange(3.0, 15.0, 0.3), np.arange(15.0, 70.0, 1.25), np.arange(70.0, 201.0, 5.0)]
)
"""Loads of the grid. Up to 187 can be allowed: with 30 slots free and the least z, 0.84 of the visitors may wait."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS
_LEAST_FREE = -EXACT_SLOTS  # waiting visitors beyond every slot: nothing can be promised
_BLOCK_ROWS = EXACT_SLOTS - _LEAST_FREE + 2
_SLOT_STEPS = EXACT_SLOTS + 2


class ExactLevels:
    """Levels of the exact test; blocks are calculated once and kept, about 7 kB each, at most 14 MB."""

    def __init__(self) -> None:
        self._position = np.full((_BLOCK_ROWS, _SLOT_STEPS), -1, dtype=np.int64)
        self._blocks = np.zeros((64, len(_Z), len(_TURNOVER), len(_ACCEPT)), dtype=np.float32)
        self._count = 0
        self._tails: FloatArray | None = None

    def level(
        self, free_now: FloatArray, busy: FloatArray, accept: FloatArray, turnover: FloatArray, z: FloatArray
    ) -> FloatArray:
        """M for R - Q, B, p, d/H and z per row; B at most ``EXACT_SLOTS``."""
        bounded = np.clip(free_now, _LEAST_FREE, EXACT_SLOTS)
        low_free, low_busy = np.floor(bounded), np.floor(busy)
        part_free, part_busy = bounded - low_free, busy - low_busy
        load = self._load(low_free, low_busy, accept, turnover, z)
        # Shared agents make fractions; whole numbers need one reading only.
        fractional = np.flatnonzero((part_free > 0.0) | (part_busy > 0.0))
        if len(fractional):
            rows = fractional
            a, b, pf, pb = low_free[rows], low_busy[rows], part_free[rows], part_busy[rows]
            rest = accept[rows], turnover[rows], z[rows]
            near = load[rows] * (1.0 - pb) + self._load(a, b + 1.0, *rest) * pb
            far = self._load(a + 1.0, b, *rest) * (1.0 - pb) + self._load(a + 1.0, b + 1.0, *rest) * pb
            load[rows] = near * (1.0 - pf) + far * pf
        return load / accept

    def _load(
        self, free_now: FloatArray, busy: FloatArray, accept: FloatArray, turnover: FloatArray, z: FloatArray
    ) -> FloatArray:
        a = free_now.astype(np.int64) - _LEAST_FREE
        b = busy.astype(np.int64)
        block = self._position[a, b]
        if (block < 0).any():
            self._fill(a, b)
            block = self._position[a, b]
        i, x = _cell(_Z, z)
        j, y = _cell(_TURNOVER, turnover)
        k, w = _cell(_ACCEPT, accept)
        plain = self._blocks.reshape(-1)
        base = ((block * len(_Z) + i) * len(_TURNOVER) + j) * len(_ACCEPT) + k
        step_z, step_f = len(_TURNOVER) * len(_ACCEPT), len(_ACCEPT)

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
    """P(Bin(M - 1, p u) >= k) over (u, p, load of the others, k), k from 0 to the most slots that can be free."""
    most = EXACT_SLOTS + _SLOT_STEPS + 1
    u, accept, load, least = np.meshgrid(_NODES, _ACCEPT, _LOADS, np.arange(most, dtype=np.float64), indexing="ij")
    return binomial_tail(load / accept, accept * u, least)


def _block(tails: FloatArray, free_now: int, busy: int) -> FloatArray:
    """Loads over (z, d/H, p) for one pair (R - Q, B)."""
    slots = np.clip(free_now + np.arange(busy + 1), 0, tails.shape[3] - 1)
    wait = np.zeros((len(_ACCEPT), len(_LOADS), len(_TURNOVER)))
    for tail, u, weight in zip(tails, _NODES, _WEIGHTS, strict=True):
        wait += weight * (tail[:, :, slots] @ _free_distribution(busy, u))
    chance = normal_tail(_Z)
    result = np.zeros((len(_Z), len(_TURNOVER), len(_ACCEPT)))
    for i, limit in enumerate(chance):
        last = (wait <= limit).sum(axis=1) - 1  # (p, d/H): index of the largest load on the grid that still passes
        at = np.clip(last, 0, len(_LOADS) - 2)
        low = np.take_along_axis(wait, at[:, None, :], axis=1)[:, 0, :]
        high = np.take_along_axis(wait, at[:, None, :] + 1, axis=1)[:, 0, :]
        part = np.clip((limit - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
        others = _LOADS[at] + part * (_LOADS[at + 1] - _LOADS[at])
        result[i] = np.where(last >= 0, _ACCEPT[:, None] + others, 0.0).T
    return result


def _free_distribution(busy: int, u: float) -> FloatArray:
    """P(Bin(B, f(u)) = j) over (j, d/H)."""
    least = np.arange(busy + 2, dtype=np.float64)[:, None]
    free = -np.expm1(_TURNOVER * np.log1p(-u))
    tail = binomial_tail(np.full((busy + 2, len(_TURNOVER)), float(busy)), free[None, :], least)
    return np.asarray(tail[:-1] - tail[1:])


def _cell(grid: FloatArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Index of the cell a value falls in, and its position 0..1 there; values outside count as the edge."""
    index = np.clip(np.searchsorted(grid, values, side="right") - 1, 0, len(grid) - 2)
    position = (values - grid[index]) / (grid[index + 1] - grid[index])
    return index, np.clip(position, 0.0, 1.0)
