"""The snapshot made fit for arithmetic: rows that cannot be used are zero, increments become rates and integrals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, Snapshot

LONGEST_STEP_SECONDS = 60.0
"""A longer silence between two snapshots counts as this long; what happened in it is not known."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One snapshot as the laws see it; unusable rows are zero throughout."""

    usable: BoolArray
    ready: FloatArray
    busy: FloatArray
    waiting: FloatArray
    reactive_waiting: FloatArray
    entries: FloatArray
    """Proactive interactions that entered the queue since the snapshot before: accepted + abandoned + Δwaiting."""
    accepted: FloatArray
    abandoned: FloatArray
    completed: FloatArray
    reactive_entered: FloatArray
    waiting_seconds: FloatArray
    """Integral of the waiting count since the snapshot before."""
    busy_seconds: FloatArray
    """Integral of the busy slots since the snapshot before."""
    elapsed: FloatArray
    """Seconds since the snapshot before; 0 in rows without one."""
    moved: BoolArray
    """Ready, busy or waiting changed since the snapshot before."""

    @property
    def slots(self) -> FloatArray:
        """Ready and busy slots together, n = R + B."""
        return self.ready + self.busy


class Observer:
    """Remembers the snapshot before of each target."""

    def __init__(self, size: int) -> None:
        self._taken_at = np.full(size, np.nan)
        self._ready = np.zeros(size)
        self._busy = np.zeros(size)
        self._waiting = np.zeros(size)

    def observe(self, snapshot: Snapshot, enabled: BoolArray) -> Observation:
        """Clean the snapshot and difference it against the one before."""
        usable = snapshot.valid & enabled
        ready, busy, waiting = (_clean(usable, x) for x in (snapshot.ready, snapshot.busy, snapshot.waiting))
        known = usable & np.isfinite(self._taken_at)
        elapsed = np.where(known, np.clip(snapshot.taken_at - self._taken_at, 0.0, LONGEST_STEP_SECONDS), 0.0)
        accepted, abandoned = _clean(known, snapshot.accepted), _clean(known, snapshot.abandoned)
        entries = np.maximum(accepted + abandoned + np.where(known, waiting - self._waiting, 0.0), 0.0)
        observation = Observation(
            usable=usable,
            ready=ready,
            busy=busy,
            waiting=waiting,
            reactive_waiting=_clean(usable, snapshot.reactive_waiting),
            entries=entries,
            accepted=accepted,
            abandoned=abandoned,
            completed=_clean(known, snapshot.completed),
            reactive_entered=_clean(known, snapshot.reactive_entered),
            waiting_seconds=0.5 * (self._waiting + waiting) * elapsed,
            busy_seconds=0.5 * (self._busy + busy) * elapsed,
            elapsed=elapsed,
            moved=(ready != self._ready) | (busy != self._busy) | (waiting != self._waiting) | ~known,
        )
        self._taken_at = np.where(usable, snapshot.taken_at, np.nan)
        self._ready, self._busy, self._waiting = ready, busy, waiting
        return observation


def _clean(keep: BoolArray, values: FloatArray) -> FloatArray:
    """Values of the rows to keep; negative ones and NaN are 0."""
    positive = np.fmax(values, 0.0)
    return positive if keep.all() else np.where(keep, positive, 0.0)
