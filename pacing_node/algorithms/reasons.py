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
    expected_free: FloatArray
    """Slots that are free or expected to become free within the law's horizon."""
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


def reasons(
    snapshot: Snapshot, policy: Policy, observation: Observation, invitations: IntArray, limits: Limits
) -> IntArray:
    """A ``Reason`` per row: the first that applies, from what makes pacing impossible to what merely bounds it."""
    nothing = invitations == 0
    full = observation.waiting >= np.maximum(limits.expected_free, observation.ready)
    table = (
        (~policy.enabled, Reason.TARGET_DISABLED),
        (~snapshot.valid, Reason.STATISTICS_STALE),
        (snapshot.logged_in <= 0.0, Reason.NO_AGENTS_LOGGED_IN),
        (snapshot.capable <= 0.0, Reason.NO_CAPACITY_FOR_MEDIA),
        (observation.slots <= 0.0, Reason.NO_READY_AGENTS),
        (limits.infeasible, Reason.GOAL_INFEASIBLE),
        (limits.reserved, Reason.RESERVED_FOR_REACTIVE),
        (limits.spent, Reason.SHARED_AGENTS_SPENT),
        (nothing & (limits.level < 1.0) & (observation.waiting > 0.0) & full, Reason.WAITING_COVERS_CAPACITY),
        (nothing & limits.held_back, Reason.ABANDONMENT_OVER_GOAL),
        (nothing & (limits.level < 1.0) & (limits.pending < 0.5), Reason.NO_READY_AGENTS),
        (nothing, Reason.PENDING_COVERS_CAPACITY),
        (limits.warming_up, Reason.WARMING_UP),
    )
    found = np.full(len(invitations), int(Reason.AGENTS_AVAILABLE), dtype=np.int64)
    for condition, reason in reversed(table):  # the first that applies is written last
        if condition.any():
            found[condition] = int(reason)
    return found
