"""Whether inbound traffic alone already breaks the goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.erlang import blocking, blocking_of_whole

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray

_WORTH_A_LOOK = 0.5
"""Below this inbound load per slot the goal is not in danger from it."""
_MOST_SERVERS = 512.0
"""Up to here whole numbers of slots are summed up; above, the incomplete gamma function takes fewer steps."""


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
    result[rows] = load[rows] >= slots[rows]
    n, a = slots[rows], np.minimum(load[rows], 0.999 * slots[rows])
    leaves = 1.0 / (1.0 + (n - a) / estimates.handle_seconds[rows] * estimates.patience_seconds[rows])
    low, high = _bounds(n, a)
    result[rows] |= _waits(n, a, low) * leaves > goal[rows]
    open_rows = np.flatnonzero(~result[rows] & (_waits(n, a, high) * leaves > goal[rows]))
    if len(open_rows):
        rows, n, a, leaves = rows[open_rows], n[open_rows], a[open_rows], leaves[open_rows]
        result[rows] = _waits(n, a, _blocking(n, a)) * leaves > goal[rows]
    return result


def _waits(n: FloatArray, a: FloatArray, lost: FloatArray) -> FloatArray:
    """Erlang C from Erlang B."""
    return np.asarray(lost / (1.0 - a / n * (1.0 - lost)))


def _bounds(n: FloatArray, a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """B(n, a) = pmf(n) / cdf(n) of a Poisson number with mean a <= n lies between these.

    The median is at most n for a <= n, so 1/2 <= cdf(n) <= 1; pmf(n) = e^-D / sqrt(2 pi n) up to Stirling's error,
    between 0 and 1 / 12 n, with D = n ln(n/a) + a - n. Most rows need no more.
    """
    density = np.exp(n - a - n * np.log(n / a)) / np.sqrt(2.0 * np.pi * n)
    return density * np.exp(-1.0 / (12.0 * n)), 2.0 * density


def _blocking(n: FloatArray, a: FloatArray) -> FloatArray:
    """B(n, a), whatever n."""
    whole = (n == np.floor(n)) & (n <= _MOST_SERVERS)
    if whole.all():
        return blocking_of_whole(n, a)
    result = blocking(n, a)
    result[whole] = blocking_of_whole(n[whole], a[whole])
    return result
