"""Which targets a partial push is for: those whose allowance has changed materially. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray, Snapshot

MATERIAL_SHARE = 0.05
"""Of a target's slots: so many more invitations are material without anything to be seen, and at least one."""
LEAST_SECONDS = 1.0
"""Between two pushes of the same target."""


class StandingAllowances:
    """What each target was last allowed, and what the statistics showed then; rows as in the set of targets."""

    def __init__(self, snapshot: Snapshot, invitations: IntArray, now: float) -> None:
        """Begin with a full push; ``now`` is seconds on any clock that never goes back."""
        self._invitations = invitations.copy()
        self._seen = np.stack([snapshot.ready, snapshot.busy, snapshot.waiting])
        self._accepted = np.zeros(len(snapshot))
        self._pushed_at = np.full(len(snapshot), now)

    def changed(self, snapshot: Snapshot, wanted: IntArray, now: float, most: int) -> IntArray:
        """Rows for a partial push, ascending, at most so many; where there are more, those that may invite most.

        ``wanted`` is what has just been calculated from the snapshot.

        A target is chosen when something happened at it since its last push (an agent became free or busy, a visitor
        accepted or went), and it may invite more, or has to stop because more visitors wait. Without anything to be
        seen, because invitations have been answered by now, it must be allowed materially more: for a small group one
        invitation is, for a large one the next full push is soon enough.
        """
        self._accepted += np.where(snapshot.valid, snapshot.accepted, 0.0)
        seen = np.stack([snapshot.ready, snapshot.busy, snapshot.waiting])
        happened = (seen != self._seen).any(axis=0) | (self._accepted > 0.0)
        least = np.maximum(np.ceil(MATERIAL_SHARE * (snapshot.ready + snapshot.busy)), 1.0)
        more = (wanted >= least) | (happened & (wanted >= 1))
        stop = (wanted == 0) & (self._invitations > 0) & (snapshot.waiting > self._seen[2])
        rested = now - self._pushed_at >= LEAST_SECONDS
        rows = np.flatnonzero(snapshot.valid & (more | stop) & rested)
        if len(rows) > most:
            rows = np.sort(rows[np.argsort(-wanted[rows], kind="stable")[:most]])
        return rows

    def pushed(self, snapshot: Snapshot, invitations: IntArray, rows: IntArray, now: float) -> None:
        """A partial push of these rows was sent, whatever became of it; the arguments are those of all rows."""
        self._invitations[rows] = invitations[rows]
        for row, column in zip(self._seen, (snapshot.ready, snapshot.busy, snapshot.waiting), strict=True):
            _take(row, column, rows)
        self._accepted[rows] = 0.0
        self._pushed_at[rows] = now


def _take(into: FloatArray, values: FloatArray, rows: IntArray) -> None:
    into[rows] = values[rows]
