"""Whether inbound traffic breaks the goal even where no more than one invitation per free slot goes out.

An invitation goes out for a slot that is free, and inbound traffic may take the slot before the visitor accepts. Until
then the free slots are a random walk: one fewer at the rate l at which inbound traffic enters, one more at the rate
b = (n - 1)/H at which the other slots become free, ended at the rate 1/d. It falls and rises by one with the chances

    x = (s - root)/(2 b),  y = (s - root)/(2 l),  s = l + b + 1/d,  root = sqrt(s^2 - 4 l b),

so with r slots free at the invitation the visitor finds none with chance w x^(r-1), w = x (1 - y)/(1 - x y). As many
as are ahead then are geometric with x too, so the visitor gives up with chance 1/(1 + n (1 - x) patience/H). Free slots
rise at the rate (n - r)/H and fall at l + r p/d, which makes their distribution; each has an invitation out, so r
counts r times. At three agents the sum is 1.4, 2.9 and 4.4 % with 25, 50 and 75 % inbound traffic, where one invitation
per ready agent loses 1.3, 2.9 and 4.6 in the benchmark's centre.

The goal counts as kept where nine days of ten keep it: m + 1.28 c sqrt(m) <= g entries, with m the mean number lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray, IntArray

_DAY_SECONDS = 28_800.0
"""A day's work: eight hours."""
_NINE_OF_TEN = 1.28
"""Standard deviations that nine of ten days stay below."""
_LEAST_SHARE = 0.25
"""No day is so short that less than this share of the goal may be lost."""
_USUAL_SHARE = 0.6
"""What nine days of ten leave of the goal at least, where what it allows in a day is (2 * 1.28 c)^2 or more."""
_LEAST_TERM = 1e-3
"""A sum is complete when a term is less than this part of the first."""
_MOST_FREE = 24
"""Free slots of which the distribution is summed up; with more free hardly anybody waits."""


class _Groups(NamedTuple):
    """What decides in the rows that are looked at closely."""

    slots: FloatArray
    inbound: FloatArray
    handle: FloatArray
    disposition: FloatArray
    acceptance: FloatArray
    patience: FloatArray
    most: FloatArray
    """The share that may be lost."""

    def rows(self, rows: IntArray) -> _Groups:
        """These alone."""
        return _Groups(*(each.take(rows) for each in self))


def infeasible(
    estimates: Estimates, slots: FloatArray, inbound: FloatArray, goal: FloatArray, caution: float
) -> BoolArray:
    """Rows where visitors invited one per free slot would give up more often than the goal allows.

    ``inbound`` interactions enter per second; ``caution`` is the reserve c of the outer law. Inbound traffic as large
    as the capacity leaves nothing to invite for.
    """
    served = slots / estimates.handle_seconds
    spare = served - inbound
    result = np.asarray((spare <= 0.0) & (slots > 0.0))
    # No more than l d / (1 + l d + n patience/H) can be lost: in most rows that is enough to know.
    taken = inbound * estimates.disposition_seconds
    bound = np.multiply(served, estimates.patience_seconds, out=served)
    bound += taken
    bound += 1.0
    bound *= goal
    bound *= _USUAL_SHARE
    spare *= goal
    few = np.flatnonzero(spare < (2.0 * _NINE_OF_TEN * caution) ** 2 / _DAY_SECONDS)
    bound[few] *= _LEAST_SHARE / _USUAL_SHARE
    rows = np.flatnonzero(taken > bound)
    rows = rows[~result[rows] & (slots[rows] > 0.0)]
    if len(rows):
        result[rows] = _breaks(_groups(estimates, slots, inbound, goal, rows), caution)
    return result


def _groups(estimates: Estimates, slots: FloatArray, inbound: FloatArray, goal: FloatArray, rows: IntArray) -> _Groups:
    return _Groups(
        slots[rows],
        inbound[rows],
        estimates.handle_seconds[rows],
        estimates.disposition_seconds[rows],
        estimates.acceptance_ratio[rows],
        estimates.patience_seconds[rows],
        goal[rows],
    )


def _breaks(groups: _Groups, caution: float) -> BoolArray:
    """Rows where more than the goal allows is lost; ``most`` still is the goal."""
    groups = groups._replace(most=_allowed(groups, caution))
    result = np.asarray(_at_most(groups) > groups.most)
    near = np.flatnonzero(result)
    result[near] = _loses_more(groups.rows(near))
    return result


def _allowed(groups: _Groups, caution: float) -> FloatArray:
    """The mean share that may be lost so that nine days of ten stay within the goal, which ``most`` still is."""
    entries = groups.slots / groups.handle
    entries -= groups.inbound
    entries *= _DAY_SECONDS
    half = 0.5 * _NINE_OF_TEN * caution
    mean = groups.most * entries
    mean += half * half
    np.sqrt(mean, out=mean)
    mean -= half
    mean *= mean
    mean /= entries
    return np.maximum(mean, _LEAST_SHARE * groups.most)


def _at_most(groups: _Groups) -> FloatArray:
    """A bound of the loss, without roots: x = l/(s - b x) is at most l/(s - b x'), and of free slots one or two."""
    ends, up = 1.0 / groups.disposition, _rises(groups)
    falls = groups.inbound / (groups.inbound + ends)
    still = 1.0 - falls
    falls = groups.inbound / (groups.inbound + ends + up * still)
    still = 1.0 - falls
    loss = falls / (1.0 + groups.slots * still * groups.patience / groups.handle)
    others = np.maximum(groups.slots - 1.0, 0.0) / groups.handle
    several = 2.0 * others / (groups.inbound + 2.0 * groups.acceptance * ends)
    return np.asarray(loss * (1.0 - still * several / (1.0 + several)))


def _rises(groups: _Groups) -> FloatArray:
    """The rate at which the other slots become free, as if a lone one had a neighbour."""
    return np.maximum(groups.slots - 1.0, 1.0) / groups.handle


def _loses_more(groups: _Groups) -> BoolArray:
    """Rows where one invitation per free slot loses more than ``most``."""
    slots, inbound, handle, disposition, acceptance, patience, most = groups
    up, ends = _rises(groups), 1.0 / disposition
    both = inbound + up + ends
    less = both - np.sqrt(np.square(both) - 4.0 * inbound * up)
    falls, rises = 0.5 * less / up, 0.5 * less / inbound
    waits = falls * (1.0 - rises) / (1.0 - falls * rises)
    part = most * (1.0 + slots * (1.0 - falls) * patience / handle) / waits  # of the loss with one slot free
    result = part < 1.0
    rows = np.flatnonzero(result)
    if len(rows):
        table = np.stack([slots, inbound * handle, acceptance * ends * handle, falls, part])
        result[rows] = _mean_over_free(table.take(rows, axis=1))
    return np.asarray(result)


def _mean_over_free(table: FloatArray) -> BoolArray:
    """Columns where the mean of x^(r-1), each r as often as invitations go out with r free, is above the last value.

    The rows of the table: n, l H, p H/d, x and that value. The mean becomes less with every r that is added, so that a
    column that is below is done.
    """
    above = np.ones(table.shape[1], dtype=np.bool_)
    columns = np.arange(table.shape[1])
    table = np.vstack([table, np.ones(len(above)), table[3], 1.0 - table[4]])
    for free in range(2, _MOST_FREE + 1):
        slots, inbound, accepts, falls, part, times, power, surplus = table
        times *= np.maximum(slots - (free - 1.0), 0.0) * (free / (free - 1.0)) / (inbound + free * accepts)
        surplus += times * (power - part)
        power *= falls
        keeps = surplus > 0.0
        above[columns] = keeps
        kept = np.flatnonzero(keeps & (times > _LEAST_TERM))
        if not len(kept):
            break
        columns, table = columns[kept], table.take(kept, axis=1)
    return above
