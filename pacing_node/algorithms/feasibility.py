"""Whether inbound traffic alone already breaks the goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.erlang import blocking

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray

_WORTH_A_LOOK = 0.5
"""Below this inbound load per slot the goal is not in danger from it."""


def infeasible(estimates: Estimates, slots: FloatArray, inbound: FloatArray, goal: FloatArray) -> BoolArray:
    """Rows where a lone proactive visitor would give up with more than the goal's chance.

    Inbound load a = lr H on n slots: a visitor waits with the Erlang-C probability, then leaves after patience 1/theta
    or is served at the rate (n - a) mu at which the queue empties. ``inbound`` interactions enter per second.
    """
    load = inbound * estimates.handle_seconds
    result = np.zeros(len(slots), dtype=np.bool_)
    rows = np.flatnonzero(load > _WORTH_A_LOOK * slots)
    rows = rows[slots[rows] > 0.0]
    if not len(rows):
        return result
    n, a = slots[rows], np.minimum(load[rows], 0.999 * slots[rows])
    lost = blocking(n, a)
    waits = lost / (1.0 - a / n * (1.0 - lost))
    leaves = 1.0 / (1.0 + (n - a) / estimates.handle_seconds[rows] * estimates.patience_seconds[rows])
    result[rows] = (waits * leaves > goal[rows]) | (load[rows] >= n)
    return result
