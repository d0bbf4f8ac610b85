"""Increments of the totals between two snapshots, with the guards against spikes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.statistics.aggregation import forget_completed, sum_completed
from pacing_node.statistics.counters import Usual

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import FloatArray, IntArray
    from pacing_node.statistics.columns import Layout
    from pacing_node.statistics.feed import Feed

GUARD_SECONDS = 30.0
"""After a change of the server or of its mode, for this long: increments far above the usual are jumps, not traffic."""
GUARD_AFTER_READS = 5
"""With fewer reads than this behind it nobody knows what is usual, as at the start of a node: nothing is guarded."""
LONGEST_PERIOD_SECONDS = 120.0
"""What came in over a longer time than this between two snapshots is no longer the traffic of one period."""


class Increments:
    """Reads the totals of both servers at every snapshot, so that either can be believed at the next."""

    def __init__(self, size: int) -> None:
        self._usual = Usual(size)
        self._source: tuple[int, str] | None = None
        self._guarded_until = -np.inf
        self._read_at = -np.inf
        self._reads = 0

    def resize(self, size: int, changed: IntArray) -> None:
        """Make room for more slots, and forget those of before whose subject changed."""
        self._usual.resize(size)
        self._usual.forget(changed)

    def read(self, feeds: Sequence[Feed], active: int, layout: Layout, now: float) -> tuple[FloatArray, FloatArray]:
        """Increments since the last read at the active server: totals as (4, targets), and completed per target.

        Every server's totals are differenced with its own only; the others' increments are thrown away.
        """
        source = (active, feeds[active].mode)
        if source != self._source and self._reads >= GUARD_AFTER_READS:
            self._guarded_until = now + GUARD_SECONDS
        self._source = source
        slots = layout.columns.totals
        limit = self._usual.limit(slots) if now < self._guarded_until else np.inf
        totals = np.zeros(slots.shape)
        completed = np.zeros(layout.roster.targets)
        for index, feed in enumerate(feeds):
            numbers, valid = feed.numbers(slots)
            if index != active:
                feed.totals.follow(slots, numbers, valid)
                forget_completed(layout.roster, feed.table)
                continue
            increments = feed.totals.advance(slots, numbers, valid, limit)
            ended = sum_completed(layout.roster, feed.table)
            if now - self._read_at <= LONGEST_PERIOD_SECONDS:
                totals, completed = increments, ended
        speaking = feeds[active].connected and feeds[active].available  # an outage is not what is usual
        if speaking and now >= self._guarded_until:
            self._usual.learn(slots, totals)
            self._reads += 1
        self._read_at = now
        return totals, completed
