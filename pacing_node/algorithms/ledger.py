"""The in-flight ledger: invitations without a disposition, by what the platform last reported and was sent.

What can still go out. A push is the whole state of one period: it replaces what the platform has not yet spent of the
previous push. The reply to a push reports the invitations pending at that moment, before any of the push's own go out.
So at a later moment, between two reports, at most ``pending of the newest report + invitations of that push`` are out,
plus those of every later push without a report, because an unanswered push may have arrived. Dispositions since the
report only lower the number; how many to expect is the estimators' business (``in_flight.py``).

Which report counts. The statistics have a time of their own. A report newer than the snapshot already misses accepted
invitations that the snapshot does not show as interactions yet; so the ledger starts from the newest report that is
not after the snapshot and adds every allotment since.

How many got a disposition between two reports follows from the counts, ``sent - Δpending``, where ``sent`` is what the
pushes in between allowed. A count that moves further than the allowance can explain says nothing of visitors: a rise
above it is taken as it is, with no disposition.

A partial push replaces the allowance of some targets and says nothing of the others, so everything is counted target
by target. What is remembered is bounded by time, not by a number of pushes: with partial pushes twelve may be one
period.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pacing_node.algorithms.feed_lag import LEAST_LEFT, FeedLag
from pacing_node.algorithms.model import Feedback

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray, Snapshot

    Rows = IntArray | slice

Array = TypeVar("Array", bound="np.ndarray[Any, Any]")

REPORT_TOLERANCE_SECONDS = 0.25
"""A report this much newer than the snapshot counts as of the same moment: it answers the push that followed it."""

HISTORY_PERIODS = 12.0
"""Refresh periods for which pushes are remembered; enough for statistics that lag by several."""
HISTORY_SECONDS = 60.0
"""How long pushes are remembered unless the ledger is told otherwise: so many periods of 5 s."""
_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class _Change:
    """What happened between two reports, per target of the push that brought the later one."""

    at: float
    rows: Rows
    sent: FloatArray
    disposed: FloatArray
    seconds: FloatArray
    pending_seconds: FloatArray


@dataclass(slots=True)
class _Push:
    at: float
    rows: Rows  # of the targets it is for; everything below has one element for each of them
    invitations: FloatArray
    reported_at: float
    pending: FloatArray  # NaN where this push has no report


class Ledger:
    """Keeps the newest pushes of all targets and what the platform replied; rows in the order of ``names``."""

    def __init__(self, names: Sequence[str], kept_seconds: float = HISTORY_SECONDS) -> None:
        """``kept_seconds`` is how long pushes are remembered: several refresh periods."""
        self.names = tuple(names)
        self.kept_seconds = kept_seconds
        size = len(self.names)
        self._pushes: deque[_Push] = deque()
        self._last_pending = np.zeros(size)
        self._last_report_at = np.full(size, np.nan)
        self._since_report = np.zeros(size)
        self._changes: deque[_Change] = deque()
        self._acceptance = np.full(size, np.nan)
        self._positive = np.full(size, np.nan)
        self._negative = np.full(size, np.nan)
        self._acknowledged = np.ones(size, dtype=np.bool_)
        self.lag = FeedLag()
        """How late the statistics are beyond what they say."""
        self._disposed_since = np.zeros(size)
        self._all_reported_at = np.nan

    def compare(self, snapshot: Snapshot, at: float) -> None:
        """Look whether the statistics said to be of the time ``at``, Unix seconds, are in fact older."""
        self.lag.learn(snapshot, at)

    def allotted(self, at: float, invitations: IntArray, rows: IntArray | None = None) -> None:
        """A push with these invitations leaves now (Unix seconds); until it is answered it counts as arrived.

        ``rows`` are those of the targets of a partial push, in the order of ``invitations``; None for all targets.
        """
        amount = np.asarray(invitations, dtype=np.float64)
        self._forget(at - self.kept_seconds)
        place = _ALL if rows is None else rows
        self._pushes.append(_Push(at, place, amount, at, np.full(len(amount), np.nan)))
        self._acknowledged = self._acknowledged.copy()
        self._acknowledged[place] = False

    def acknowledged(
        self,
        at: float,
        pending: FloatArray,
        acceptance_ratio: FloatArray | None = None,
        positive_seconds: FloatArray | None = None,
        negative_seconds: FloatArray | None = None,
    ) -> None:
        """The platform took the newest push and reported on its targets; NaN where it said nothing or refused one."""
        if not self._pushes:
            return
        push = self._pushes[-1]
        known = np.isfinite(pending)
        push.pending = np.where(known, np.maximum(pending, 0.0), np.nan)
        push.reported_at = at
        self._acknowledged = _with(self._acknowledged, push.rows, known)
        self._learn(at, push, known)
        self._acceptance = _newer(self._acceptance, push.rows, acceptance_ratio)
        self._positive = _newer(self._positive, push.rows, positive_seconds)
        self._negative = _newer(self._negative, push.rows, negative_seconds)

    def failed(self, *, arrived: bool = True) -> None:
        """The newest push has no usable reply; ``arrived=False`` when it certainly never reached the platform."""
        if self._pushes and not arrived:
            self._pushes.pop()
        elif self._pushes:
            push = self._pushes[-1]
            self._since_report = _with(self._since_report, push.rows, self._since_report[push.rows] + push.invitations)

    def feedback(self, now: float) -> Feedback:
        """What is known for statistics said to be of ``now``, Unix seconds; increments count from the previous call."""
        now -= self.lag.seconds
        reported, age, after, allotted_age = self._base(now)
        sent, disposed, seconds, pending_seconds = self._released(now)
        return Feedback(
            pending=reported + after,
            sent=sent,
            disposed=disposed,
            acceptance_ratio=self._acceptance,
            disposition_seconds=self._mean_disposition(),
            acknowledged=self._acknowledged,
            reported=reported,
            report_age_seconds=age,
            allotted_age_seconds=allotted_age,
            report_seconds=seconds,
            pending_seconds=pending_seconds,
            accept_seconds=self._positive,
            refuse_seconds=self._negative,
        )

    def position(self) -> tuple[FloatArray, FloatArray]:
        """Pending of the newest report and invitations allotted since, for a successor to resume from."""
        reported, _, after, _ = self._base(np.inf)
        return reported, after

    def resume(self, at: float, reported: FloatArray, allotted: FloatArray) -> None:
        """Start from a predecessor's position, which was current at ``at`` (Unix seconds)."""
        self._pushes.clear()
        self._changes.clear()
        self._pushes.append(_Push(at, _ALL, allotted.copy(), at, reported.copy()))
        self._last_pending = reported.copy()
        self._last_report_at = np.full(len(self.names), at)
        self._since_report = allotted.copy()

    def unread(self) -> tuple[float, FloatArray]:
        """What the next ``feedback`` will say of the newest replies, for a successor: their time, and seven columns.

        The columns: acceptance ratio, seconds to an accept and to a refusal as the platform reported them, then sums of
        invitations sent and disposed, and of both integrals, that no calculation has looked at. Unix seconds; NaN
        without a reply.
        """
        sums = np.zeros((4, len(self.names)))
        for change in self._changes:
            sums[:, change.rows] += (change.sent, change.disposed, change.seconds, change.pending_seconds)
        at = max((push.reported_at for push in self._pushes if np.isfinite(push.pending).any()), default=np.nan)
        return at, np.vstack([self._acceptance, self._positive, self._negative, sums])

    def resume_unread(self, at: float, lag: float, columns: FloatArray) -> None:
        """Take over a predecessor's ``unread`` after ``resume``; NaN in targets it did not know."""
        self._acceptance, self._positive, self._negative = (_plausible(each) for each in columns[:3])
        self.lag.seconds = lag
        if not np.isfinite(at):
            return
        if self._pushes:
            self._pushes[-1].reported_at = at
            self._last_report_at = np.full(len(self.names), at)
        sums = np.nan_to_num(columns[3:])
        self._changes.append(_Change(at, _ALL, *sums))

    def clock_set(self, seconds: float, now: float) -> None:
        """The clock was set by ``seconds``, to ``now`` (Unix seconds): what is remembered keeps its age.

        Otherwise everything out would look answered after a step forward, and as much again would go out; and after a
        step back what was just reported would lie in the future, not be looked at, and not be forgotten until then.
        """
        for push in self._pushes:
            push.at, push.reported_at = min(push.at + seconds, now), min(push.reported_at + seconds, now)
        self._changes = deque(replace(change, at=min(change.at + seconds, now)) for change in self._changes)
        self._last_report_at = np.minimum(self._last_report_at + seconds, now)
        self._all_reported_at = float(np.minimum(self._all_reported_at + seconds, now))
        self.lag.clock_set(seconds)

    def _forget(self, before: float) -> None:
        """Drop pushes, and dispositions nobody has asked for, that are older than this or of the same moment."""
        while self._pushes and self._pushes[0].at <= before:
            self._pushes.popleft()
        while self._changes and self._changes[0].at <= before:
            self._changes.popleft()

    def _learn(self, at: float, push: _Push, known: BoolArray) -> None:
        """Book dispositions between each target's previous report and this one."""
        rows = push.rows
        last, allowed = self._last_pending[rows], self._since_report[rows]
        span = at - self._last_report_at[rows]
        fresh = known & (span > 0.0)
        rise = np.where(fresh, push.pending - last, 0.0)
        disposed = np.where(fresh, np.maximum(allowed - rise, 0.0), 0.0)
        middle = 0.5 * (last + push.pending) + 0.25 * np.minimum(allowed, disposed)
        sent = np.where(fresh, np.minimum(allowed, np.maximum(rise + disposed, 0.0)), 0.0)
        seconds = np.where(fresh, span, 0.0)
        spent = push.pending >= LEAST_LEFT * (last + allowed) - 1.0
        self._disposed_since[rows] += np.where(spent | ~fresh, disposed, np.nan)
        if rows is _ALL:
            if at > self._all_reported_at:
                self.lag.reported(self._all_reported_at, at, self._disposed_since)
            self._all_reported_at = at
            self._disposed_since = np.zeros(len(self.names))
        self._changes.append(_Change(at, rows, sent, disposed, seconds, np.where(fresh, middle * seconds, 0.0)))
        self._last_pending = _with(self._last_pending, rows, np.where(known, push.pending, last))
        self._last_report_at = _with(self._last_report_at, rows, np.where(known, at, self._last_report_at[rows]))
        since = np.where(known, push.invitations, allowed + push.invitations)
        self._since_report = _with(self._since_report, rows, since)

    def _released(self, now: float) -> tuple[FloatArray, ...]:
        """Sums of the changes up to ``now``: later ones wait for statistics that show what they brought."""
        sums = np.zeros((4, len(self.names)))
        while self._changes and self._changes[0].at <= now + REPORT_TOLERANCE_SECONDS:
            change = self._changes.popleft()
            sums[:, change.rows] += (change.sent, change.disposed, change.seconds, change.pending_seconds)
        return tuple(sums)

    def _base(self, now: float) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Pending of the report that counts, its age, what was allotted since, and the newest allotment's age."""
        size = len(self.names)
        reported, age, after = np.zeros(size), np.zeros(size), np.zeros(size)
        found = np.zeros(size, dtype=np.bool_)
        allotted_age = np.full(size, np.nan)
        aged = False
        for push in reversed(self._pushes):
            rows = push.rows
            here = found[rows]
            if not aged:
                newest = allotted_age[rows]
                allotted_age[rows] = np.where(np.isnan(newest), max(now - push.at, 0.0), newest)
                aged = rows is _ALL
            after[rows] += np.where(here, 0.0, push.invitations)
            if push.reported_at <= now + REPORT_TOLERANCE_SECONDS:
                take = ~here & np.isfinite(push.pending)
                reported[rows] = np.where(take, push.pending, reported[rows])
                age[rows] = np.where(take, max(now - push.reported_at, 0.0), age[rows])
                found[rows] = here | take
            if found.all():
                break
        if not aged:
            allotted_age = np.nan_to_num(allotted_age, nan=0.0, posinf=np.inf)
        return reported, age, after, allotted_age

    def _mean_disposition(self) -> FloatArray:
        """Mean of the platform's two disposition times by its acceptance ratio; one alone counts as both."""
        share = np.where(np.isfinite(self._acceptance), self._acceptance, 0.5)
        positive = np.where(np.isfinite(self._positive), self._positive, self._negative)
        negative = np.where(np.isfinite(self._negative), self._negative, self._positive)
        return share * positive + (1.0 - share) * negative


def _with(old: Array, rows: Rows, values: Array) -> Array:
    """The column with these values in these rows. A new one: what was handed out stays as it was."""
    if isinstance(rows, slice):
        return values
    column = old.copy()
    column[rows] = values
    return column


def _plausible(values: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values) & (values >= 0.0), values, np.nan)


def _newer(old: FloatArray, rows: Rows, new: FloatArray | None) -> FloatArray:
    """The new values where there are any; implausible ones (negative, not finite) leave the old."""
    if new is None:
        return old
    return _with(old, rows, np.where(np.isfinite(new) & (new >= 0.0), new, old[rows]))
