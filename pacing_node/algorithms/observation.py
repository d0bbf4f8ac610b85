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
    """Proactive interactions that entered the queue since the previous snapshot: accepted + abandoned + Δwaiting."""
    accepted: FloatArray
    abandoned: FloatArray
    completed: FloatArray
    reactive_entered: FloatArray
    waiting_seconds: FloatArray
    """Integral of the waiting count since the previous snapshot."""
    busy_seconds: FloatArray
    """Integral of the busy slots since the previous snapshot."""
    elapsed: FloatArray
    """Seconds since the previous snapshot; 0 in rows without one. One element where it is the same in all rows."""
    per_second: FloatArray
    """One over the elapsed seconds; of no meaning in rows without a previous snapshot. One element like those."""
    slots: FloatArray
    """Ready and busy slots together, n = R + B."""
    root_slots: FloatArray
    """Root of the slots, ≥ 1."""
    continued: bool
    """Whether time went on in every row, which is the usual case: nothing has to be left out."""
    before: tuple[BoolArray, FloatArray, FloatArray, FloatArray]
    """Rows with a previous snapshot, and its ready, busy and waiting."""

    @property
    def moved(self) -> BoolArray:
        """Rows where ready, busy or waiting changed since the previous snapshot."""
        known, ready, busy, waiting = self.before
        return np.asarray((self.ready != ready) | (self.busy != busy) | (self.waiting != waiting) | ~known)


class Observer:
    """Remembers the previous snapshot of each target."""

    def __init__(self, size: int) -> None:
        self._taken_at = np.full(1, np.nan)  # one element while it is the same in all rows
        self._ready = np.zeros(size)
        self._busy = np.zeros(size)
        self._waiting = np.zeros(size)

    def previous(self) -> tuple[float, FloatArray]:
        """Time of the previous snapshot, NaN without one, and its ready, busy and waiting; NaN in unknown rows."""
        known = np.broadcast_to(np.isfinite(self._taken_at), self._ready.shape)
        columns = np.where(known, np.vstack([self._ready, self._busy, self._waiting]), np.nan)
        return float(np.fmax.reduce(self._taken_at, initial=np.nan)), columns

    def resume(self, taken_at: float, columns: FloatArray) -> None:
        """Go on after a predecessor's ``previous``."""
        known = np.asarray(np.isfinite(columns).all(axis=0))
        self._taken_at = np.where(known, taken_at, np.nan)
        self._ready, self._busy, self._waiting = (_clean(known, each) for each in columns)

    def observe(self, snapshot: Snapshot, enabled: BoolArray) -> Observation:
        """Clean the snapshot and difference it against the previous one; its arrays are kept, not copied."""
        usable = snapshot.valid & enabled
        use = None if usable.all() else usable
        ready, busy, waiting = (_clean(use, x) for x in (snapshot.ready, snapshot.busy, snapshot.waiting))
        known = usable & np.isfinite(self._taken_at)
        keep = None if known.all() else known
        elapsed = np.clip(snapshot.taken_at - self._taken_at, 0.0, LONGEST_STEP_SECONDS)
        more_waiting = waiting - self._waiting
        if keep is not None:
            elapsed, more_waiting = np.where(known, elapsed, 0.0), np.where(known, more_waiting, 0.0)
        accepted, abandoned = _clean(keep, snapshot.accepted), _clean(keep, snapshot.abandoned)
        entries = np.maximum(accepted + abandoned + more_waiting, 0.0)
        half, slots = 0.5 * elapsed, ready + busy
        observation = Observation(
            usable=usable,
            ready=ready,
            busy=busy,
            waiting=waiting,
            reactive_waiting=_clean(use, snapshot.reactive_waiting),
            entries=entries,
            accepted=accepted,
            abandoned=abandoned,
            completed=_clean(keep, snapshot.completed),
            reactive_entered=_clean(keep, snapshot.reactive_entered),
            waiting_seconds=(self._waiting + waiting) * half,
            busy_seconds=(self._busy + busy) * half,
            elapsed=elapsed,
            per_second=1.0 / np.maximum(elapsed, 1e-9),
            slots=slots,
            root_slots=np.sqrt(np.maximum(slots, 1.0)),
            continued=bool((elapsed > 0.0).all()),
            before=(known, self._ready, self._busy, self._waiting),
        )
        self._taken_at = np.full(1, snapshot.taken_at) if use is None else np.where(usable, snapshot.taken_at, np.nan)
        self._ready, self._busy, self._waiting = ready, busy, waiting
        return observation


def _clean(keep: BoolArray | None, values: FloatArray) -> FloatArray:
    """Values of the rows to keep, None for all; negative ones and NaN are 0."""
    if keep is None and values.min(initial=0.0) >= 0.0:  # the usual case, in a third of the time
        return values
    positive = np.fmax(values, 0.0)
    return positive if keep is None else np.where(keep, positive, 0.0)
