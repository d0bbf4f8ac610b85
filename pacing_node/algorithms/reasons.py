"""Which factor limited each result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.model import Reason

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray, Policy, Snapshot
    from pacing_node.algorithms.observation import Observation


@dataclass(frozen=True, slots=True)
class Limits:
    """What a law found on its way to the number, one row per target."""

    level: FloatArray
    """M: invitations that may be out at once."""
    pending: FloatArray
    """m: invitations that are out."""
    disposition_seconds: FloatArray
    handle_seconds: FloatArray
    """Both times as believed: they say how many busy slots become free until an invitation is answered."""
    held_back: BoolArray
    """Recent abandonment lowered the number to nothing."""
    reserved: BoolArray
    """Slots kept for inbound traffic lowered the number to nothing."""
    spent: BoolArray
    """Agents promised to other targets lowered the number."""
    warming_up: BoolArray
    """Too little is known yet."""
    infeasible: BoolArray
    """Inbound load alone breaks the goal."""
    implausible: BoolArray
    """A value is held back until the next period confirms it."""


def reasons(
    snapshot: Snapshot, policy: Policy, observation: Observation, invitations: IntArray, limits: Limits
) -> IntArray:
    """A ``Reason`` per row: the first that applies, from what makes pacing impossible to what merely bounds it."""
    nothing, nearly_none = invitations == 0, limits.level < 1.0
    nothing_nearly = nothing & nearly_none
    table = (
        (~policy.enabled, Reason.TARGET_DISABLED),
        (~snapshot.valid, Reason.STATISTICS_STALE),
        (snapshot.logged_in <= 0.0, Reason.NO_AGENTS_LOGGED_IN),
        (snapshot.capable <= 0.0, Reason.NO_CAPACITY_FOR_MEDIA),
        (limits.implausible, Reason.INPUT_IMPLAUSIBLE),  # also of slots: there are none because they are held back
        (observation.slots <= 0.0, Reason.NO_READY_AGENTS),
        (limits.infeasible, Reason.GOAL_INFEASIBLE),
        (limits.reserved, Reason.RESERVED_FOR_REACTIVE),
        (limits.spent, Reason.SHARED_AGENTS_SPENT),
        (_full(observation, limits, nothing_nearly), Reason.WAITING_COVERS_CAPACITY),
        (nothing & limits.held_back, Reason.ABANDONMENT_OVER_GOAL),
        (nothing_nearly & (limits.pending < 0.5), Reason.NO_READY_AGENTS),
        (nothing, Reason.PENDING_COVERS_CAPACITY),
        (limits.warming_up, Reason.WARMING_UP),
    )
    # The first that applies has the highest rank; the codes are looked up once.
    ranked = [Reason.AGENTS_AVAILABLE, *(reason for _, reason in reversed(table))]
    highest = np.zeros(len(invitations), dtype=np.uint8)
    for rank, (condition, _) in enumerate(reversed(table), 1):
        if condition.any():
            np.maximum(highest, condition.view(np.uint8) * np.uint8(rank), out=highest)
    return np.array(ranked, dtype=np.int64).take(highest)


def _full(observation: Observation, limits: Limits, among: BoolArray) -> BoolArray:
    """Rows among these where as many wait as slots are free or will be until an invitation is answered."""
    full = np.zeros(len(among), dtype=np.bool_)
    rows = np.flatnonzero(among & (observation.waiting > 0.0))
    disposition = limits.disposition_seconds[rows]
    # Chance that a busy slot frees before an invitation is answered, both times exponential.
    turnover = disposition / (disposition + limits.handle_seconds[rows])
    full[rows] = observation.waiting[rows] >= observation.ready[rows] + observation.busy[rows] * turnover
    return full
