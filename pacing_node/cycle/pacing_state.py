"""Controller and ledger of the targets in force, carried over when the targets change or the master does."""

from __future__ import annotations

import math
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.factory import create_controller
from pacing_node.algorithms.ledger import Ledger
from pacing_node.cycle.plan import policy_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import Feedback, FloatArray, IntArray, Result, Snapshot
    from pacing_node.cycle.plan import CycleSettings
    from pacing_node.engagement.platform import TargetReply
    from pacing_node.targets import TargetSet


@dataclass(frozen=True, slots=True)
class CycleResult:
    """One calculation with what went into it."""

    at: float
    """Unix time in seconds, this node's clock."""
    snapshot: Snapshot
    feedback: Feedback
    result: Result


_HEADER = struct.Struct("<IId")
"""Saved state: bytes of the controller's part, number of targets, and when the ledger's position was current."""


class PacingState:
    """Calculates for one set of targets; holds what was learned and what was sent."""

    def __init__(self, settings: CycleSettings, targets: TargetSet) -> None:
        self.targets = targets
        self._settings = settings
        self.policy = policy_for(settings, targets)
        self._controller = create_controller(targets.names, self.policy)
        self._ledger = Ledger(targets.names)
        self.accepted_total: FloatArray = np.zeros(len(targets.targets))
        self.abandoned_total: FloatArray = np.zeros(len(targets.targets))

    def follow(self, settings: CycleSettings, targets: TargetSet) -> PacingState:
        """Continue with other settings or targets; what was learned of targets that stay is kept."""
        if targets.version == self.targets.version:
            if settings != self._settings:
                self._settings, self.policy = settings, policy_for(settings, targets)
            return self
        successor = PacingState(settings, targets)
        successor.restore(self.save(time.time()), self.targets.names)
        old_rows = {name: row for row, name in enumerate(self.targets.names)}
        for row, name in enumerate(targets.names):
            if (old := old_rows.get(name)) is not None:
                successor.accepted_total[row] = self.accepted_total[old]
                successor.abandoned_total[row] = self.abandoned_total[old]
        return successor

    def calculate(self, snapshot: Snapshot, now: float) -> CycleResult:
        """Learn from the snapshot and say what may be sent; ``now`` is Unix time in seconds."""
        self.accepted_total += np.where(snapshot.valid, snapshot.accepted, 0.0)
        self.abandoned_total += np.where(snapshot.valid, snapshot.abandoned, 0.0)
        age = snapshot.age_seconds if math.isfinite(snapshot.age_seconds) else 0.0
        feedback = self._ledger.feedback(now - age)
        return CycleResult(now, snapshot, feedback, self._controller.calculate(snapshot, feedback, self.policy))

    def allotted(self, now: float, invitations: IntArray) -> None:
        """Enter into the ledger what a push that is about to start allows."""
        self._ledger.allotted(now, invitations)

    def acknowledged(self, now: float, replies: Sequence[TargetReply]) -> None:
        """Enter into the ledger what the platform replied, one reply per target."""
        self._ledger.acknowledged(
            now,
            _column([reply.pending for reply in replies]),
            _column([reply.acceptance_ratio for reply in replies]),
            _column([reply.positive_disposition_seconds for reply in replies]),
            _column([reply.negative_disposition_seconds for reply in replies]),
        )

    def failed(self) -> None:
        """Enter into the ledger that the push got no usable reply; it may have arrived all the same."""
        self._ledger.failed()

    def save(self, now: float) -> bytes:
        """Return everything a successor needs to go on from here; ``now`` is Unix time in seconds."""
        controller = self._controller.save()
        reported, allotted = self._ledger.position()
        position = np.concatenate((reported, allotted)).astype("<f4").tobytes()
        return _HEADER.pack(len(controller), len(self.targets.targets), now) + controller + position

    def restore(self, state: bytes, names: Sequence[str]) -> bool:
        """Take over saved state of the targets ``names``, for those that are also here.

        False, and nothing changed, when the state does not fit: another version, or damaged.
        """
        try:
            size, count, saved_at = _HEADER.unpack_from(state)
            position = np.frombuffer(state, "<f4", 2 * count, _HEADER.size + size).astype(np.float64)
        except (struct.error, ValueError):
            return False
        if count != len(names) or not self._controller.restore(state[_HEADER.size : _HEADER.size + size]):
            return False
        rows = {name: row for row, name in enumerate(names)}
        source = np.array([rows.get(name, -1) for name in self.targets.names], np.int64)
        taken = [
            np.where(source >= 0, part[source], 0.0) if count else np.zeros(len(source))
            for part in np.split(position, 2)
        ]
        self._ledger.resume(min(saved_at, time.time()), taken[0], taken[1])
        return True


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], np.float64)
