"""The best a pacer could do who decides once in a refresh period: a constrained Markov decision process, solved.

State: x interactions (served and waiting) and m open invitations; all times exponential. Every T seconds invitations
may be added, so the optimum is a curve m*(x). The reward per second is busy/n - nu (theta (x - n)+ - g m p / d); the
multiplier nu is found so that the abandonment of the optimum is the goal's share. Between two decisions the process
runs by itself and is followed by uniformisation.

What it knows that no pacer knows: every parameter, and x and m at the moment it decides. What it may not do either is
act between two decisions: a short ``period_seconds`` shows what that costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import special
from scipy.sparse import coo_array, csr_array, eye_array

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

_SETTLED = 1e-7
"""Span of the last change of the values, in rewards of a period, at which an iteration ends."""
_MOST_ITERATIONS = 5000
_BISECTIONS = 18
_DENSE_STATES = 1000
"""Up to so many states a period is one matrix: one product instead of dozens of sparse ones."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Parameters of the process, times in seconds."""

    agents: int
    acceptance: float = 0.3
    handle_seconds: float = 300.0
    disposition_seconds: float = 15.0
    patience_seconds: float = 60.0
    goal: float = 0.03
    period_seconds: float = 5.0
    """T: from one decision to the next."""


@dataclass(frozen=True, slots=True)
class Optimum:
    """What the optimum reaches."""

    busy_percent: float
    abandonment_percent: float
    first: int
    """Smallest x of ``levels``."""
    levels: IntArray
    """m*(x) from ``first`` on, right after a decision; of the two curves that are mixed, the one below the goal."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a curve reaches in the long run, per second."""

    levels: IntArray
    busy_ratio: float
    abandoned: float
    entered: float

    @property
    def share(self) -> float:
        """Abandoned of entered."""
        return self.abandoned / max(self.entered, 1e-12)


class Process:
    """The process on a bounded grid of (x, m), and what a period of it brings."""

    def __init__(self, setting: Setting) -> None:
        n, self._setting = setting.agents, setting
        spread = int(6.0 * np.sqrt(n)) + 6
        self.first = max(0, n - 2 * spread)
        steady = n / setting.handle_seconds * setting.disposition_seconds / setting.acceptance
        most_m = int(steady + 6.0 * np.sqrt(steady) + min(n - self.first, spread) / setting.acceptance * 1.5) + 8
        self.x = np.arange(self.first, n + spread + 1)
        self.m = np.arange(most_m + 1)
        xs, ms = np.meshgrid(self.x, self.m, indexing="ij")
        busy: FloatArray = np.minimum(xs, n).astype(np.float64)
        accepts: FloatArray = np.asarray(ms * setting.acceptance / setting.disposition_seconds)
        leaves: FloatArray = np.asarray(np.maximum(xs - n, 0) / setting.patience_seconds)
        rates = np.stack([busy / n, leaves, accepts], axis=-1).reshape(xs.size, 3)
        self._uniformise(xs, ms, busy, leaves, accepts)
        self._gains = self._sum(rates, self._occupancy)
        self._period = self._sum(np.eye(xs.size), self._chances) if xs.size <= _DENSE_STATES else None

    def _uniformise(
        self, xs: IntArray, ms: IntArray, busy: FloatArray, leaves: FloatArray, accepts: FloatArray
    ) -> None:
        """One jump of the uniformised chain, and the chances and times of 0, 1, 2 … jumps in a period."""
        s, top = self._setting, xs == self.x[-1]
        declines = ms * (1.0 - s.acceptance) / s.disposition_seconds
        moves = (
            (np.where(xs == self.x[0], 0.0, busy / s.handle_seconds + leaves), -1, 0),
            (np.where(top, 0.0, accepts), 1, -1),
            (declines + np.where(top, accepts, 0.0), 0, -1),
        )
        here = np.arange(xs.size)
        fastest = float(np.sum([rate for rate, _, _ in moves], axis=0).max())
        jump = eye_array(xs.size, format="csr")
        for rate, dx, dm in moves:
            part = rate.ravel() / fastest
            there = np.where(part > 0.0, here + dx * len(self.m) + dm, here)
            jump = jump + coo_array((part, (here, there)), shape=jump.shape) - coo_array((part, (here, here)))
        self._jump = csr_array(jump)
        mean = fastest * s.period_seconds
        counts = np.arange(int(mean + 8.0 * np.sqrt(mean)) + 16)
        # Of a Poisson distribution; `scipy.stats` takes a second to load, for these two lines.
        self._chances = np.exp(special.xlogy(counts, mean) - special.gammaln(counts + 1.0) - mean)
        self._occupancy = special.pdtrc(counts, mean) / fastest

    def _sum(self, values: FloatArray, weights: FloatArray) -> FloatArray:
        """Weighted sum of the values after 0, 1, 2 … jumps."""
        result, later = weights[0] * values, values
        for weight in weights[1:]:
            later = self._jump @ later
            result = result + weight * later
        return np.asarray(result)

    def _after_period(self, values: FloatArray) -> FloatArray:
        """Expected values a period later."""
        return self._sum(values, self._chances) if self._period is None else np.asarray(self._period @ values)

    def evaluate(self, levels: IntArray) -> Outcome:
        """The long run under a curve: at each decision the pending level is filled up to it."""
        grid = np.arange(len(self.x) * len(self.m)).reshape(len(self.x), len(self.m))
        filled = (grid[:, :1] + np.maximum(self.m, levels[:, None])).ravel()
        values = np.zeros((grid.size, 3))
        for _ in range(_MOST_ITERATIONS):
            change = (self._gains + self._after_period(values))[filled] - values
            values = values + change - change[0]
            if float(np.ptp(change, axis=0).max()) < _SETTLED:
                break
        busy, abandoned, entered = (float(v) for v in change.mean(axis=0) / self._setting.period_seconds)
        return Outcome(levels, busy, abandoned, entered)

    def optimise(self, nu: float, values: FloatArray) -> tuple[FloatArray, IntArray]:
        """Value iteration from earlier values: the relative values (x, m) before a decision, and the best curve."""
        gains = (self._gains[:, 0] - nu * (self._gains[:, 1] - self._setting.goal * self._gains[:, 2])).reshape(
            values.shape
        )
        for _ in range(_MOST_ITERATIONS):
            after = gains + self._after_period(values.ravel()).reshape(values.shape)
            best = np.maximum.accumulate(after[:, ::-1], axis=1)[:, ::-1]  # invitations are added, never taken back
            change = best - values
            values = best - best[0, 0]
            if float(np.ptp(change)) < _SETTLED:
                break
        return values, np.argmax(after, axis=1)


@lru_cache(maxsize=64)
def solve(setting: Setting) -> Optimum:
    """Bisect the multiplier until the optimum abandons the goal's share; mixes in time the two curves next to it."""
    process = Process(setting)
    values = np.zeros((len(process.x), len(process.m)))
    low, high = 0.0, 2000.0 / setting.agents
    found: dict[bool, Outcome] = {}
    for _ in range(_BISECTIONS):
        nu = 0.5 * (low + high)
        values, levels = process.optimise(nu, values)
        outcome = next((o for o in found.values() if (o.levels == levels).all()), None) or process.evaluate(levels)
        within = outcome.share <= setting.goal
        found[within] = outcome
        low, high = (low, nu) if within else (nu, high)
    under, over = found.get(True), found.get(False)
    if under is None or over is None:
        only = under or over or outcome
        return Optimum(100.0 * only.busy_ratio, 100.0 * only.share, process.first, only.levels)
    saved, spent = (setting.goal * o.entered - o.abandoned for o in (under, over))
    part = saved / max(saved - spent, 1e-12)
    busy = under.busy_ratio + part * (over.busy_ratio - under.busy_ratio)
    return Optimum(100.0 * busy, 100.0 * setting.goal, process.first, under.levels)
