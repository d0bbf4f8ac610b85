"""Distributions of times in the benchmark: values that can be compared, so that days with the same share one draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import FloatArray, IntArray


class Times(Protocol):
    """A distribution of seconds."""

    def __call__(self, random: np.random.Generator, size: int) -> FloatArray:
        """So many independent times."""


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Lognormal times with this mean (s) and coefficient of variation."""

    mean: float
    variation: float

    def __call__(self, random: np.random.Generator, size: int) -> FloatArray:
        """So many independent times."""
        square = float(np.log1p(self.variation * self.variation))
        return random.lognormal(float(np.log(self.mean)) - 0.5 * square, square**0.5, size)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential times with this mean (s), and a share of them zero."""

    mean: float
    at_once: float = 0.0

    def __call__(self, random: np.random.Generator, size: int) -> FloatArray:
        """So many independent times."""
        times = random.exponential(self.mean, size)
        return times if not self.at_once else times * (random.random(size) >= self.at_once)


@dataclass(frozen=True, slots=True)
class Mixture:
    """With this chance the one, else the other."""

    chance: float
    one: Lognormal | Exponential
    other: Lognormal | Exponential

    def __call__(self, random: np.random.Generator, size: int) -> FloatArray:
        """So many independent times."""
        return np.where(random.random(size) < self.chance, self.one(random, size), self.other(random, size))


class Draws:
    """Times for rows that may differ in their distribution."""

    def __init__(self, by_row: Sequence[Times]) -> None:
        kinds = {times: number for number, times in enumerate(dict.fromkeys(by_row))}
        self._kinds = list(kinds)
        self._kind = np.array([kinds[times] for times in by_row], dtype=np.int64)

    def draw(self, random: np.random.Generator, rows: IntArray) -> FloatArray:
        """One time for each of these rows; rows may repeat."""
        if len(self._kinds) == 1:
            return self._kinds[0](random, len(rows))
        kind, result = self._kind[rows], np.empty(len(rows))
        for number in np.flatnonzero(np.bincount(kind)):
            here = np.flatnonzero(kind == number)
            result[here] = self._kinds[number](random, len(here))
        return result
