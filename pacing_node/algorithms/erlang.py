"""PREDICTIVE_B: the offered load an Erlang-B group of n servers carries within the goal, tabulated by n.

``B(n, a) = (a^n / n!) / sum_k a^k / k!`` is the share of offers that find all n servers busy. For an abandonment goal
g the load is the largest a with B(n, a) <= g; for a busy-factor goal b the smallest a with a (1 - B(n, a)) / n >= b.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.model import OptimizationTarget
from pacing_node.algorithms.special_functions import incomplete_gamma_upper, poisson_probability

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray

_STEP = 256
_GOAL_STEPS = 10_000


class OfferedLoadTable:
    """a* by number of servers, one table per goal and optimization target; grows as larger groups appear."""

    def __init__(self) -> None:
        self._tables: dict[tuple[OptimizationTarget, int], FloatArray] = {}

    def load(self, servers: FloatArray, goal: FloatArray, target: OptimizationTarget) -> FloatArray:
        """a* per row in erlangs; fractions of a server are interpolated, no server carries nothing."""
        result = np.zeros(len(servers))
        goals = np.clip(np.rint(goal * _GOAL_STEPS), 1, 0.99 * _GOAL_STEPS).astype(np.int64)
        for code in np.unique(goals):
            rows = np.flatnonzero((goals == code) & (servers > 0.0))
            if len(rows):
                table = self._table(target, int(code), int(np.ceil(servers[rows].max())))
                result[rows] = np.interp(servers[rows], np.arange(len(table)), table)
        return result

    def _table(self, target: OptimizationTarget, code: int, most: int) -> FloatArray:
        table = self._tables.get((target, code), np.zeros(1))
        if len(table) <= most:
            servers = np.arange(len(table), (most // _STEP + 1) * _STEP + 1, dtype=np.float64)
            table = np.concatenate([table, solve_load(servers, code / _GOAL_STEPS, target)])
            self._tables[(target, code)] = table
        return table


def blocking(servers: FloatArray, load: FloatArray) -> FloatArray:
    """B(n, a), by the Poisson form pmf(n) / cdf(n)."""
    load = np.maximum(load, 1e-300)
    below = incomplete_gamma_upper(servers + 1.0, load)
    return np.asarray(poisson_probability(servers, load) / np.maximum(below, 1e-300))


def solve_load(servers: FloatArray, goal: float, target: OptimizationTarget) -> FloatArray:
    """a* for n >= 1 by bisection; blocking and carried load both grow with the load."""
    low = np.zeros(len(servers))
    high = servers / (1.0 - goal) + 20.0 + 5.0 * np.sqrt(servers)
    if target is OptimizationTarget.BUSY_FACTOR:
        high = servers * goal / (1.0 - goal) + servers + 20.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        value = blocking(servers, middle)
        busy = target is OptimizationTarget.BUSY_FACTOR
        within = middle * (1.0 - value) / servers < goal if busy else value <= goal
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return low if target is OptimizationTarget.ABANDONMENT_RATE else high
