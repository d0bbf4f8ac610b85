"""How late the statistics are beyond what their own times say, found by comparing them with the platform's replies.

A statistics server may stamp old values with a new time. The platform's pending counts are of the moment, and they say
how many invitations got a disposition between two replies; a share of those are the visitors who entered the queue. So
the entries that the statistics show follow the dispositions, later by the lag. For every candidate L the dispositions D
of the same interval, L seconds earlier, are correlated with the entries E over the last half hour,

    r(L) = sum (E - mean)(D - mean) / sqrt(sum (E - mean)^2 sum (D - mean)^2),

and the lag is where r is highest, once that is beyond chance. One lag holds for all targets of a feed: the first
``MOST_ROWS`` targets tell it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, Snapshot

MOST_ROWS = 200
LONGEST_SECONDS = 40.0
STEP_SECONDS = 2.5
MEMORY_SECONDS = 1800.0
LEAST_SAMPLES = 40.0
"""Periods with entries or dispositions, over all targets, before anything is concluded."""
CHANCE = 5.0
"""Standard deviations by which another lag must fit better,"""
LEAST_GAIN = 0.15
"""and the correlation it must gain at least: what a whole day has in common is no lag."""
LEAST_LEFT = 0.3
"""Of what could be out after a push this share is left at the next reply, if the push was spent; else dispositions
that were counted tell nothing of visitors, and the target is left out until the next reply."""

_KEPT_SECONDS = 5.0 * LONGEST_SECONDS
_CANDIDATES = np.arange(0.0, LONGEST_SECONDS + 0.1, STEP_SECONDS)


class FeedLag:
    """Learns the unstated lag of one feed; ``seconds`` is what is believed, 0 until something is known."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._at = np.nan
        self._waiting: FloatArray = np.zeros(0)
        self._interval: tuple[float, float, FloatArray] | None = None  # from, to, entries not compared yet
        self._spans: deque[tuple[float, float, FloatArray]] = deque()  # from, to, dispositions
        size = len(_CANDIDATES)
        self._products, self._squares, self._means = np.zeros(size), np.zeros(size), np.zeros(size)
        self._entries_square = self._entries_mean = self._samples = self._active = 0.0

    def reported(self, start: float, end: float, disposed: FloatArray) -> None:
        """Dispositions of every target between two replies, Unix seconds; NaN where a push was not spent."""
        self._spans.append((start, end, disposed[:MOST_ROWS].copy()))
        while self._spans[0][1] < end - _KEPT_SECONDS:
            self._spans.popleft()

    def learn(self, snapshot: Snapshot, at: float) -> None:
        """Take in a snapshot said to be of the time ``at``, and compare the one before, whose reply is known by now."""
        rows = slice(0, MOST_ROWS)
        waiting, usable = snapshot.waiting[rows].copy(), bool(snapshot.valid[rows].all())
        interval, self._interval = self._interval, None
        if usable and len(self._waiting) == len(waiting) and at > self._at:
            entries = snapshot.accepted[rows] + snapshot.abandoned[rows] + waiting - self._waiting
            self._interval = (self._at, at, np.maximum(entries, 0.0))
        self._at, self._waiting = at, waiting if usable else np.zeros(0)
        if interval is None:
            return
        start, end, entries = interval
        table = np.array([self._disposed(start - lag, end - lag, len(entries)) for lag in _CANDIDATES])
        known = np.isfinite(table).all(axis=0)
        if known.any():
            self._add(entries[known], table[:, known], float(np.exp((start - end) / MEMORY_SECONDS)))
            self._choose()

    def clock_set(self, seconds: float) -> None:
        """The clock was set by so many seconds: everything remembered moves with it."""
        self._at += seconds
        self._spans = deque((start + seconds, end + seconds, disposed) for start, end, disposed in self._spans)
        if self._interval is not None:
            start, end, entries = self._interval
            self._interval = (start + seconds, end + seconds, entries)

    def _disposed(self, start: float, end: float, size: int) -> FloatArray:
        """Dispositions from ``start`` to ``end``, each spread evenly over its span; NaN where not all is known."""
        total, covered = np.zeros(size), 0.0
        for first, last, disposed in reversed(self._spans):
            if last <= start:
                break
            part = min(end, last) - max(start, first)
            if part > 0.0:
                total += disposed * (part / (last - first))
                covered += part
        return total if covered >= 0.9 * (end - start) else np.full(size, np.nan)

    def _add(self, entries: FloatArray, table: FloatArray, fade: float) -> None:
        size = float(len(entries))
        self._samples = fade * self._samples + size
        self._active = fade * self._active + float(((entries > 0.0) | (table > 0.0).any(axis=0)).sum())
        self._entries_mean += (float(entries.sum()) - size * self._entries_mean) / self._samples
        self._means += (table.sum(axis=1) - size * self._means) / self._samples
        from_mean, spread = entries - self._entries_mean, table - self._means[:, None]
        self._products = fade * self._products + spread @ from_mean
        self._squares = fade * self._squares + np.square(spread).sum(axis=1)
        self._entries_square = fade * self._entries_square + float(from_mean @ from_mean)

    def _choose(self) -> None:
        """Take another lag when it fits better than chance allows."""
        if self._active < LEAST_SAMPLES or not self._entries_square:
            return
        fit = self._products / np.sqrt(np.maximum(self._squares * self._entries_square, 1e-9))
        best, present = int(fit.argmax()), round(self.seconds / STEP_SECONDS)
        if fit[best] - fit[present] > max(CHANCE / np.sqrt(self._active), LEAST_GAIN):
            self.seconds = float(_CANDIDATES[best])
