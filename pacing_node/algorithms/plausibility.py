"""Input that cannot be is held back for one period: only what the next period confirms is believed.

Statistics servers and platforms now and then give one wrong number: a counter that leaps, a state of other agents, a
time without a unit. What is known bounds every one of them:

- slots, by the agents who are capable and the most slots an agent gave so far;
- accepted, abandoned and waiting, by the invitations that were out: nobody else can have entered the queue, and who
  left it was counted;
- completed and inbound interactions, by five standard deviations of the learned rate;
- times, by the double and the half of what was reported before;
- pending, by what was out before, and dispositions by the same.

In a row beyond a bound the previous state counts and the increments are those expected, for one period. When the next
one is beyond the bound as well, it is the world that has changed, and everything is taken as it comes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, Feedback, FloatArray, IntArray, Snapshot

_SLACK = 3.0
"""Interactions by which counts of different moments may disagree."""
_DEVIATIONS = 5.0
_TIMES = 2.0
"""A time that more than doubles or halves at once is held."""
_SLOTS = 1.25
"""Slots per capable agent may exceed the most so far by this factor."""


_COMPARED = ("ready", "busy", "waiting", "reactive_waiting", "handle_seconds")


@dataclass(frozen=True, slots=True)
class _Before:
    """What the previous period left behind, one row per target."""

    taken_at: float
    known: BoolArray
    ready: FloatArray
    busy: FloatArray
    waiting: FloatArray
    reactive_waiting: FloatArray
    handle_seconds: FloatArray
    accept_seconds: FloatArray
    refuse_seconds: FloatArray
    disposition_seconds: FloatArray
    out: FloatArray
    """Invitations that could be out at most when it was pushed."""
    reported: FloatArray
    """Invitations that were out at the newest report."""
    disposition: FloatArray
    completed_per_second: FloatArray
    reactive_per_second: FloatArray


class Plausibility:
    """Compares every period with the one before."""

    def __init__(self, size: int) -> None:
        self._before: _Before | None = None
        self._most_slots = np.zeros(size)
        self._slots = np.zeros(size)  # of the snapshot as it was contained
        self._grown: IntArray = np.arange(size)  # rows that may have more slots per capable agent than ever
        self.held = np.zeros(size, dtype=np.bool_)
        """Rows with a value that is held back in this period."""

    def contain(self, snapshot: Snapshot, feedback: Feedback) -> tuple[Snapshot, Feedback]:
        """The same, or in rows beyond a bound what the period before makes likely; its state is the caller's no more.

        Every bound is looked at in two steps: first whether anything may be beyond it, in as few passes as can be.
        """
        snapshot = _own(snapshot)
        suspicious, before = self.held, self._before
        self.held = np.zeros(len(snapshot), dtype=np.bool_)
        self._slots = snapshot.ready + snapshot.busy
        self._grown = np.flatnonzero(self._slots > self._most_slots * snapshot.capable)
        if before is not None:
            fresh = before.known & snapshot.valid & ~suspicious
            snapshot = self._state(snapshot, before, fresh)
            snapshot = self._flows(snapshot, feedback, before, fresh)
            snapshot = self._rates(snapshot, before, fresh)
            feedback = self._reported(feedback, before, fresh)
            snapshot, feedback = self._times(snapshot, feedback, before, fresh)
        return snapshot, feedback

    def remember(self, snapshot: Snapshot, feedback: Feedback, believed: Estimates, invitations: FloatArray) -> None:
        """Keep what the next period is compared with; the input as it was contained."""
        rows = self._grown[snapshot.valid[self._grown]]
        if len(rows):
            share = self._slots[rows] / np.maximum(snapshot.capable[rows], 1.0)
            self._most_slots[rows] = np.fmax(share, self._most_slots[rows])
        self._before = _Before(
            snapshot.taken_at,
            snapshot.valid,
            snapshot.ready,
            snapshot.busy,
            snapshot.waiting,
            snapshot.reactive_waiting,
            snapshot.handle_seconds,
            feedback.accept_seconds,
            feedback.refuse_seconds,
            feedback.disposition_seconds,
            feedback.pending + invitations,
            feedback.reported,
            believed.disposition_seconds,
            self._slots / believed.handle_seconds,
            believed.reactive_per_second,
        )

    def _state(self, snapshot: Snapshot, before: _Before, fresh: BoolArray) -> Snapshot:
        """Slots by capable agents, inbound interactions waiting by those that entered."""
        rows = self._grown[fresh[self._grown]]
        if len(rows):
            most = _SLOTS * self._most_slots[rows] * snapshot.capable[rows] + 1.0
            rows = rows[self._slots[rows] > np.maximum(most, before.ready[rows] + before.busy[rows])]
        inbound = snapshot.reactive_waiting - before.reactive_waiting - snapshot.reactive_entered
        more = fresh & (inbound > _SLACK)
        if len(rows):
            self.held[rows] = True
            ready, busy = snapshot.ready.copy(), snapshot.busy.copy()
            ready[rows], busy[rows] = before.ready[rows], before.busy[rows]
            self._slots[rows] = ready[rows] + busy[rows]
            snapshot = replace(snapshot, ready=ready, busy=busy)
        if more.any():
            self.held |= more
            waiting = np.where(more, before.reactive_waiting, snapshot.reactive_waiting)
            snapshot = replace(snapshot, reactive_waiting=waiting)
        return snapshot

    def _flows(self, snapshot: Snapshot, feedback: Feedback, before: _Before, fresh: BoolArray) -> Snapshot:
        """Proactive interactions by the invitations that were out."""
        if not len(feedback.reported):
            return snapshot
        entered = snapshot.accepted + snapshot.abandoned + snapshot.waiting - before.waiting
        most = np.maximum(feedback.pending, before.out)
        most += _SLACK
        rows = entered > most
        less = np.flatnonzero(entered < -_SLACK)
        rows[less] |= entered[less] < -_SLACK - 0.2 * before.waiting[less]
        rows &= fresh
        if not rows.any():
            return snapshot
        self.held |= rows
        waiting = np.where(rows, before.waiting, snapshot.waiting)
        accepted, abandoned = (np.where(rows, 0.0, each) for each in (snapshot.accepted, snapshot.abandoned))
        return replace(snapshot, waiting=waiting, accepted=accepted, abandoned=abandoned)

    def _rates(self, snapshot: Snapshot, before: _Before, fresh: BoolArray) -> Snapshot:
        """Completions and inbound entries by what is usual."""
        seconds = max(snapshot.taken_at - before.taken_at, 0.0)
        changed: dict[str, Any] = {}
        for name, rate in (
            ("completed", before.completed_per_second),
            ("reactive_entered", before.reactive_per_second),
        ):
            values, usual = getattr(snapshot, name), rate * seconds
            rows = np.flatnonzero(values > usual + _SLACK)
            if len(rows):
                rows = rows[values[rows] > usual[rows] + _DEVIATIONS * np.sqrt(usual[rows]) + _SLACK]
                rows = rows[fresh[rows]]
            if len(rows):
                self.held[rows] = True
                changed[name] = values.copy()
                changed[name][rows] = usual[rows]
        return replace(snapshot, **changed) if changed else snapshot

    def _reported(self, feedback: Feedback, before: _Before, fresh: BoolArray) -> Feedback:
        """Pending by what was out, dispositions by the same."""
        if not len(feedback.reported):
            return feedback
        most = before.out + feedback.sent
        most += _SLACK
        if len(before.reported) != len(most):
            return feedback
        changed = feedback.disposed > most
        doubtful = (feedback.reported > most) | (feedback.reported < 0.3 * before.reported - 2.0 * _SLACK)
        at = np.flatnonzero(doubtful & fresh & (feedback.report_seconds > 0.0))
        expected = before.reported[at] * np.exp(-feedback.report_seconds[at] / before.disposition[at])
        found = feedback.reported[at]
        certain = (found > most[at]) | (found < 0.3 * expected - 2.0 * _SLACK)
        at, expected = at[certain], expected[certain]
        if changed.any():
            feedback = replace(feedback, disposed=np.minimum(feedback.disposed, most))
        reported = feedback.reported
        if len(at):
            self.held[at] = True
            reported = reported.copy()
            reported[at] = np.minimum(expected, most[at])
            feedback = replace(feedback, reported=reported, pending=feedback.pending - feedback.reported + reported)
        changed[at] = True  # the count is wrong, or the one before was
        if changed.any() and len(feedback.pending_seconds):
            likely = 0.5 * (before.reported + reported) * feedback.report_seconds
            feedback = replace(feedback, pending_seconds=np.where(changed, likely, feedback.pending_seconds))
        return feedback

    def _times(
        self, snapshot: Snapshot, feedback: Feedback, before: _Before, fresh: BoolArray
    ) -> tuple[Snapshot, Feedback]:
        """Mean times by the ones before."""
        handle = self._time(snapshot.handle_seconds, before.handle_seconds, fresh)
        if handle is not snapshot.handle_seconds:
            snapshot = replace(snapshot, handle_seconds=handle)
        if not len(feedback.accept_seconds):
            return snapshot, feedback
        changed: dict[str, Any] = {}
        for name in ("accept_seconds", "refuse_seconds", "disposition_seconds"):
            values = getattr(feedback, name)
            contained = self._time(values, getattr(before, name), fresh)
            if contained is not values:
                changed[name] = contained
        return snapshot, replace(feedback, **changed) if changed else feedback

    def _time(self, now: FloatArray, before: FloatArray, fresh: BoolArray) -> FloatArray:
        if not len(before) or before is now or np.isnan(np.fmin.reduce(now, initial=np.nan)):
            return now  # nothing to compare with, the same, or none reported
        rows = fresh & ((now > _TIMES * before + 1.0) | (_TIMES * now + 1.0 < before))
        if not rows.any():
            return now
        self.held |= rows
        return np.where(rows, before, now)


def _own(snapshot: Snapshot) -> Snapshot:
    """With copies of what the next period is compared with: a caller may write its next snapshot into its arrays."""
    return replace(snapshot, **{name: getattr(snapshot, name).copy() for name in _COMPARED})
