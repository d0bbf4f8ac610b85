"""SUPER_PROGRESSIVE: promise only agents who are ready now, over-inviting against the acceptance ratio.

With ``a`` agents free and invitations accepted independently with probability p, the largest number k out at once is

    K(a) = max{ k : E[(Bin(k,p) - a)+] <= g k p },
    E[(Bin(k,p) - a)+] = k p P(Bin(k-1,p) >= a) - a P(Bin(k,p) >= a+1),

the expected overflow staying a share g of the expected accepts. K is tabulated by (a, p, g) as it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.special_functions import incomplete_beta

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

ACCEPTANCE_STEPS = 1000
"""The acceptance ratio is rounded to 1/1000 for the table."""

EXACT_AGENTS = 128
"""Up to here every number of agents has its own entry; above, entries are interpolated."""

_LARGE = np.unique(np.round(EXACT_AGENTS * 1.08 ** np.arange(0, 90)).astype(np.int64))
_GOAL_STEPS = 10_000
_UNKNOWN = -1


class OverInvitationTable:
    """K(a) by (a, p, g), filled as entries are asked for."""

    def __init__(self) -> None:
        self._nodes = np.concatenate([np.arange(EXACT_AGENTS), _LARGE])
        self._tables: dict[int, IntArray] = {}

    def limit(self, agents: FloatArray, acceptance: FloatArray, goal: FloatArray) -> FloatArray:
        """K per row for whole numbers of agents; a row without agents gets 0."""
        result = np.zeros(len(agents))
        goals = np.clip(np.rint(goal * _GOAL_STEPS), 1, 0.95 * _GOAL_STEPS).astype(np.int64)
        ratio = np.clip(np.rint(acceptance * ACCEPTANCE_STEPS), 2, ACCEPTANCE_STEPS).astype(np.int64)
        bounded = np.minimum(np.floor(agents), float(self._nodes[-1]))
        for code in np.unique(goals):
            rows = np.flatnonzero((goals == code) & (bounded > 0))
            result[rows] = self._interpolate(int(code), bounded[rows], ratio[rows])
        return result

    def _interpolate(self, code: int, agents: FloatArray, ratio: IntArray) -> FloatArray:
        if not len(agents):
            return np.zeros(0)
        table = self._tables.setdefault(
            code, np.full((len(self._nodes), ACCEPTANCE_STEPS + 1), _UNKNOWN, dtype=np.int64)
        )
        upper = np.searchsorted(self._nodes, agents)
        exact = self._nodes[upper] == agents
        lower = np.where(exact, upper, upper - 1)
        self._fill(table, code, np.concatenate([lower, upper]), np.concatenate([ratio, ratio]))
        low, high = table[lower, ratio], table[upper, ratio]
        span = np.maximum(self._nodes[upper] - self._nodes[lower], 1)
        return np.asarray(np.floor(low + (high - low) * (agents - self._nodes[lower]) / span))

    def _fill(self, table: IntArray, code: int, node: IntArray, ratio: IntArray) -> None:
        missing = table[node, ratio] == _UNKNOWN
        if not missing.any():
            return
        pairs = np.unique(np.stack([node[missing], ratio[missing]]), axis=1)
        agents = self._nodes[pairs[0]].astype(np.float64)
        table[pairs[0], pairs[1]] = largest_over_invitation(agents, pairs[1] / ACCEPTANCE_STEPS, code / _GOAL_STEPS)


def largest_over_invitation(agents: FloatArray, acceptance: FloatArray, goal: float) -> IntArray:
    """K(a) by bisection over k; the overflow's share of the accepts grows with k."""
    low = np.floor(agents)  # k <= a never overflows
    high = np.ceil(agents / acceptance / max(1.0 - goal, 0.05)) * 1.5 + 20.0
    while bool(np.any(high - low > 1.0)):
        middle = np.floor((low + high) / 2.0)
        fits = overflow(middle, agents, acceptance) <= goal * middle * acceptance + 1e-12
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return np.where(agents > 0.0, low, 0.0).astype(np.int64)


def overflow(invitations: FloatArray, agents: FloatArray, acceptance: FloatArray) -> FloatArray:
    """E[(Bin(k,p) - a)+], the interactions expected beyond the agents, for a >= 1 or k = 0."""
    beyond = binomial_tail(invitations, acceptance, agents + 1.0)
    return np.asarray(invitations * acceptance * binomial_tail(invitations - 1.0, acceptance, agents) - agents * beyond)


def binomial_tail(trials: FloatArray, probability: FloatArray, least: FloatArray) -> FloatArray:
    """P(Bin(trials, probability) >= least), continued to real numbers of trials by the incomplete beta function."""
    trials, probability, least = np.broadcast_arrays(trials, probability, least)
    tail = np.where(least <= 0.0, 1.0, 0.0)
    possible = (trials > least - 1.0) & (least > 0.0)
    first = least[possible]
    tail[possible] = incomplete_beta(first, trials[possible] - first + 1.0, probability[possible])
    return tail
