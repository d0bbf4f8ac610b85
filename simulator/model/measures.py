"""What came of it: busy ratio, abandonment and waits, per target and overall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.model.agents_and_targets import Target
    from simulator.model.router import Router


@dataclass(frozen=True, slots=True)
class TargetMeasures:
    """One target: state now and counts since the start."""

    name: str
    logged_in: int
    ready: int
    """Ready slots now."""
    busy: int
    """Busy slots now."""
    waiting: int
    """Proactive interactions waiting now."""
    pending: int
    """Invitations out without disposition now."""
    invited: int
    accepted: int
    """Visitors who accepted an invitation and entered the queue."""
    served: int
    abandoned: int
    reactive_entered: int
    reactive_served: int
    reactive_abandoned: int
    reactive_blocked: int
    busy_ratio: float
    """∫ busy slots / ∫ (ready + busy) slots of agents at work."""
    abandonment_percent: float
    """Visitors who accepted and left before an agent joined, in percent of those who accepted."""
    mean_wait_seconds: float
    """Mean wait of the proactive interactions an agent took."""
    longest_wait_seconds: float


@dataclass(frozen=True, slots=True)
class Measures:
    """The whole centre since the start of the model."""

    time_seconds: float
    busy_ratio: float
    """Time average of the load (in_use / maximum) of agents at work, each agent counted once."""
    abandonment_percent: float
    """Over the proactive interactions of all targets."""
    targets: tuple[TargetMeasures, ...]


def percent(part: float, whole: float) -> float:
    """``part`` in percent of ``whole``; 0 of nothing."""
    return 100.0 * part / whole if whole else 0.0


def measure(now: float, router: Router, targets: Iterable[Target]) -> Measures:
    """Measures up to ``now``."""
    router.integrate()
    rows = tuple(_measure_target(now, target) for target in targets)
    return Measures(
        time_seconds=now,
        busy_ratio=router.load_seconds / router.at_work_seconds if router.at_work_seconds else 0.0,
        abandonment_percent=percent(sum(row.abandoned for row in rows), sum(row.accepted for row in rows)),
        targets=rows,
    )


def _measure_target(now: float, target: Target) -> TargetMeasures:
    target.integrate(now)
    flow, reactive = target.proactive, target.reactive
    return TargetMeasures(
        name=target.spec.target,
        logged_in=target.logged_in,
        ready=target.ready,
        busy=target.busy,
        waiting=flow.waiting,
        pending=target.invitations.pending,
        invited=target.invitations.invited,
        accepted=flow.entered,
        served=flow.answered,
        abandoned=flow.abandoned,
        reactive_entered=reactive.entered,
        reactive_served=reactive.answered,
        reactive_abandoned=reactive.abandoned,
        reactive_blocked=target.reactive_blocked,
        busy_ratio=target.busy_seconds / target.slot_seconds if target.slot_seconds else 0.0,
        abandonment_percent=percent(flow.abandoned, flow.entered),
        mean_wait_seconds=flow.wait_seconds / flow.answered if flow.answered else 0.0,
        longest_wait_seconds=flow.longest_wait_seconds,
    )
