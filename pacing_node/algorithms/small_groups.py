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

from typing import TYPE_CHECKING, NamedTuple

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
_STEP_TURNOVER = len(_ACCEPT)
_STEP_Z = len(_TURNOVER) * _STEP_TURNOVER
_BLOCK_SIZE = len(_Z) * _STEP_Z
_FEW_VALUES = 1000
"""Up to here a binary search costs less than a comparison with each line of a grid."""


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
        place = _Place.of(accept, turnover, z)
        a, b = low_free.astype(np.int64), low_busy.astype(np.int64)
        load = self._load(a, b, place)
        # Inbound traffic and shared agents make fractions of a slot; whole numbers need one reading only.
        rows = np.flatnonzero(part_free > 0.0)
        if len(rows) == len(load):  # as where all have inbound traffic: the same without picking rows
            more = self._load(a + 1, b, place)
            more -= load
            more *= part_free
            load += more
        elif len(rows):
            load[rows] += part_free[rows] * (self._load(a[rows] + 1, b[rows], place.rows(rows)) - load[rows])
        rows = np.flatnonzero(part_busy > 0.0)
        if len(rows):
            a, b, place, part = a[rows], b[rows] + 1, place.rows(rows), part_free[rows]
            more = self._load(a, b, place)
            more += part * (self._load(a + 1, b, place) - more)
            load[rows] += part_busy[rows] * (more - load[rows])
        return load / accept

    def _load(self, free_now: IntArray, busy: IntArray, place: _Place) -> FloatArray:
        """Load by linear interpolation in z, d/H and p, for whole numbers of slots."""
        pair = (free_now - _LEAST_FREE) * _SLOT_STEPS + busy
        block = self._position.reshape(-1).take(pair)
        if len(block) and block.min() < 0:
            self._fill(pair)
            block = self._position.reshape(-1).take(pair)
        block *= _BLOCK_SIZE
        block += place.offset
        plain, (x, y, w) = self._blocks.reshape(-1), place.parts

        def along_accept(offset: int) -> FloatArray:
            left = plain[offset:].take(block)
            right = plain[offset + 1 :].take(block)
            right -= left
            return np.asarray(left + right * w)

        def along_turnover(offset: int) -> FloatArray:
            low, high = along_accept(offset), along_accept(offset + _STEP_TURNOVER)
            high -= low
            high *= y
            high += low
            return high

        near, far = along_turnover(0), along_turnover(_STEP_Z)
        far -= near
        far *= x
        far += near
        return far

    def _fill(self, pairs: IntArray) -> None:
        """Calculate the blocks that are missing."""
        if self._tails is None:
            self._tails = _accept_tails()
        for code in np.unique(pairs):
            row, column = divmod(int(code), _SLOT_STEPS)
            if self._position[row, column] >= 0:
                continue
            if self._count == len(self._blocks):
                self._blocks = np.concatenate([self._blocks, np.zeros_like(self._blocks)])
            self._blocks[self._count] = _block(self._tails, row + _LEAST_FREE, column)
            self._position[row, column] = self._count
            self._count += 1


def _accept_tails() -> FloatArray:
    """P(Bin(M - 1, p u) >= k) over (u, p, load of the others, k), k from 0 to the most slots that can be free.

    The tail of the largest k is an incomplete beta function, and each smaller one is the next with one probability
    more (DLMF 8.17.20): all of them are sums of positive terms, which lose no digits.
    """
    most = EXACT_SLOTS + _SLOT_STEPS
    u, accept, load = np.meshgrid(_NODES, _ACCEPT, _LOADS, indexing="ij")
    trials, chance = load / accept, accept * u
    largest = np.minimum(np.ceil(trials), float(most))
    counts = np.arange(1.0, most + 1.0)
    more = np.maximum(trials[..., None] - counts + 1.0, 0.0) * (chance / (1.0 - chance))[..., None] / counts
    terms = np.empty((*trials.shape, most + 1))
    terms[..., 0] = np.exp(trials * np.log1p(-chance))
    np.multiply(np.cumprod(more, axis=-1), terms[..., :1], out=terms[..., 1:])
    terms[np.arange(most + 1.0) >= largest[..., None]] = 0.0
    np.put_along_axis(terms, largest.astype(np.int64)[..., None], binomial_tail(trials, chance, largest)[..., None], -1)
    tails = np.minimum(np.cumsum(terms[..., ::-1], axis=-1)[..., ::-1], 1.0)
    tails[..., 0] = 1.0
    return np.asarray(tails)


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


class _Place(NamedTuple):
    """Where rows are on the grid of (z, d/H, p), whatever their block."""

    offset: IntArray
    """Of the cell's lowest corner from the beginning of a block."""
    parts: tuple[FloatArray, FloatArray, FloatArray]
    """Position within the cell, 0..1, along z, d/H and p."""

    @staticmethod
    def of(accept: FloatArray, turnover: FloatArray, z: FloatArray) -> _Place:
        """Values outside the grid count as its edge."""
        i, x = _even_cell(_Z, z)
        j, y = _TURNOVERS.cell(turnover)
        k, w = _ACCEPTS.cell(accept)
        i *= _STEP_Z
        j *= _STEP_TURNOVER
        i += j
        i += k
        return _Place(i, (x, y, w))

    def rows(self, rows: IntArray) -> _Place:
        """These rows alone; itself where these are all."""
        if len(rows) == len(self.offset):
            return self
        x, y, w = self.parts
        return _Place(self.offset[rows], (x[rows], y[rows], w[rows]))


class _Grid:
    """A few lines, of which a value falls between two."""

    def __init__(self, lines: FloatArray) -> None:
        self.lines = lines
        self._inner, self._steps = lines[1:-1], np.diff(lines)

    def cell(self, values: FloatArray) -> tuple[IntArray, FloatArray]:
        """Index of the cell a value falls in, and its position 0..1 there; values outside count as the edge.

        By comparison with each of the lines: for many values several times as fast as a binary search, which guesses
        wrong at every step. A few are searched for, which is one call.
        """
        if len(values) < _FEW_VALUES:
            index = self._inner.searchsorted(values, "right")
        else:
            passed = np.zeros(len(values), dtype=np.uint8)
            for line in self._inner:
                passed += (values >= line).view(np.uint8)
            index = passed.astype(np.int64)
        position = values - self.lines.take(index)
        position /= self._steps.take(index)
        return index, np.clip(position, 0.0, 1.0, out=position)


def _even_cell(grid: FloatArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """The same on a grid of even steps."""
    position = (values - grid[0]) * (1.0 / (grid[1] - grid[0]))
    index = np.clip(position, 0.0, len(grid) - 2.0).astype(np.int64)
    position -= index
    return index, np.clip(position, 0.0, 1.0, out=position)


_TURNOVERS, _ACCEPTS = _Grid(_TURNOVER), _Grid(_ACCEPT)
