"""The best any law could do: the constrained Markov decision process behind pacing, solved exactly.

State: x interactions (served and waiting) and m open invitations; all times exponential. At any moment invitations
may be added, so the optimum is a curve m*(x). The reward per second is busy/n - nu (theta (x - n)+ - g m p / d); the
multiplier nu is found so that the abandonment of the optimum is the goal's share. It knows every parameter, sees every
event at once, and is therefore ahead of any law that calculates once in a refresh period.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import coo_array, csc_array, diags_array
from scipy.sparse.linalg import splu

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Setting:
    """Parameters of the process, times in seconds."""

    agents: int
    acceptance: float = 0.3
    handle_seconds: float = 300.0
    disposition_seconds: float = 15.0
    patience_seconds: float = 60.0
    goal: float = 0.03


@dataclass(frozen=True, slots=True)
class Optimum:
    """What the optimum reaches."""

    busy_percent: float
    abandonment_percent: float
    first: int
    """Smallest x of ``levels``."""
    levels: IntArray
    """m*(x) from ``first`` on."""


class Process:
    """The process on a bounded grid of (x, m), for one multiplier at a time."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        n = setting.agents
        spread = int(6.0 * np.sqrt(n)) + 6
        self.first = max(0, n - 2 * spread)
        most_x = n + spread
        steady = n / setting.handle_seconds * setting.disposition_seconds / setting.acceptance
        start = n if self.first == 0 else n - self.first
        most_m = int(steady + 6.0 * np.sqrt(steady) + min(start, spread) / setting.acceptance * 1.5) + 8
        self.x = np.arange(self.first, most_x + 1)
        self.m = np.arange(most_m + 1)

    def evaluate(self, levels: IntArray, nu: float) -> tuple[FloatArray, float, float, float]:
        """Relative values (x, m) of a curve, its gain, and busy share and abandonment share in the long run."""
        s = self._setting
        xs, ms = np.meshgrid(self.x, self.m, indexing="ij")
        busy: FloatArray = np.minimum(xs, s.agents).astype(np.float64)
        waiting = np.maximum(xs - s.agents, 0)
        accepts: FloatArray = np.asarray(ms * s.acceptance / s.disposition_seconds)
        declines = ms * (1.0 - s.acceptance) / s.disposition_seconds
        leaves = waiting / s.patience_seconds
        reward = busy / s.agents - nu * (leaves - s.goal * accepts)
        top, bottom = xs == self.x[-1], xs == self.x[0]
        moves = (
            (np.where(bottom, 0.0, busy / s.handle_seconds + leaves), -1, 0),
            (np.where(top, 0.0, accepts), 1, -1),
            (declines + np.where(top, accepts, 0.0), 0, -1),
            (np.where((xs == 0) & (ms == 0), 1.0, 0.0), 0, 0),  # nothing happens by itself here but an invitation
        )
        size = xs.size
        here = np.arange(size)
        rows: list[Any] = [here]
        columns: list[Any] = [here]
        values: list[Any] = [np.zeros(size)]
        for rate, dx, dm in moves:
            flat = np.flatnonzero(rate.ravel() > 0.0)
            x_index = flat // len(self.m) + dx
            after = np.maximum(flat % len(self.m) + dm, levels[x_index])
            rows += [flat, flat]
            columns += [x_index * len(self.m) + after, flat]
            values += [rate.ravel()[flat], -rate.ravel()[flat]]
        generator = coo_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size)
        ).tocsc()
        return self._solve(generator, reward, busy, leaves, accepts)

    def _solve(
        self, generator: csc_array, reward: FloatArray, busy: FloatArray, leaves: FloatArray, accepts: FloatArray
    ) -> tuple[FloatArray, float, float, float]:
        # One value is fixed at zero (at x = n, the middle of the grid); its column carries the gain instead.
        size = reward.size
        pivot = int(np.searchsorted(self.x, self._setting.agents)) * len(self.m) + len(self.m) - 1
        keep = np.ones(size)
        keep[pivot] = 0.0
        matrix = generator @ diags_array(keep)
        gain = coo_array((-np.ones(size), (np.arange(size), np.full(size, pivot))), shape=(size, size)).tocsc()
        factors = splu((matrix + gain).tocsc())
        solved = [-factors.solve(r.ravel().astype(np.float64)) for r in (reward, busy, leaves, accepts)]
        gains = [float(values[pivot]) for values in solved]
        values = solved[0]
        values[pivot] = 0.0
        share = gains[2] / max(gains[3], 1e-12)
        return values.reshape(reward.shape), gains[0], gains[1] / self._setting.agents, share

    def optimise(self, nu: float, levels: IntArray) -> tuple[IntArray, float, float]:
        """Policy iteration from a curve: the best curve, its busy share and abandonment share."""
        for _ in range(40):
            values, _, busy, share = self.evaluate(levels, nu)
            better = np.argmax(values, axis=1)
            now = values[np.arange(len(levels)), levels]
            improved = np.where(values.max(axis=1) > now + 1e-9 * (1.0 + np.abs(now)), better, levels)
            if (improved == levels).all():
                break
            levels = improved
        return levels, busy, share


@lru_cache(maxsize=64)
def solve(setting: Setting) -> Optimum:
    """Bisect the multiplier until the optimum abandons the goal's share; mixes the two curves next to it."""
    process = Process(setting)
    levels = np.minimum(np.maximum(setting.agents - process.x, 0), process.m[-1])
    low, high = 0.0, 2000.0 / setting.agents
    found: dict[bool, tuple[IntArray, float, float]] = {}
    for _ in range(24):
        nu = 0.5 * (low + high)
        levels, busy, share = process.optimise(nu, levels)
        within = share <= setting.goal
        found[within] = (levels, busy, share)
        low, high = (low, nu) if within else (nu, high)
    under, over = found.get(True), found.get(False)
    if under is None or over is None:
        curve, busy, share = under or over or (levels, busy, share)
    else:
        part = (setting.goal - under[2]) / max(over[2] - under[2], 1e-12)
        curve = under[0]
        busy, share = under[1] + part * (over[1] - under[1]), setting.goal
    return Optimum(100.0 * busy, 100.0 * share, int(process.first), curve)
