"""Settings and targets of the cycle, replaced whole when the configuration changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.model import Algorithm, OptimizationTarget, Policy
from pacing_node.cycle.holds import Holds

if TYPE_CHECKING:
    from pacing_node.targets import TargetSet

CLOCK_DRIFT = 1.02
"""How much longer a second may be on another machine: the rates of clocks differ by less than 2 %."""
STALE_AFTER_PERIODS = 3.0
"""Statistics older than this many refresh periods count as stale."""


@dataclass(frozen=True, slots=True)
class CycleSettings:
    """Options of the cycle, taken from the cluster's and the node's options."""

    algorithm: Algorithm = Algorithm.LOOKAHEAD
    optimization_target: OptimizationTarget = OptimizationTarget.ABANDONMENT_RATE
    refresh_seconds: float = 5.0
    """From one push to the next, ≥ 1."""
    push_budget_seconds: float = 1.3
    """The most that one push may get; what it gets within that follows size and latency (``PushBudget``)."""
    hold_off_seconds: float = 0.0
    """Wait of a new master before its first push, unless the previous term ended clean; for a platform that does not
    check tokens."""
    partial_pushes: bool = False
    """Whether targets that change materially are pushed between two full pushes."""
    requests_per_minute: int = 240
    """Most requests a minute when partial pushes are counted in; full ones are never held back by it."""
    entities_per_request: int = 1000
    """Most targets in one request, and so in a partial push."""
    proactive_ratio: float = 1.0
    """proactiveRatio / 100; dual laws only."""
    reserved_agents: float = 0.0
    """Slots held back for reactive traffic on every target."""
    caution: float = 1.0
    """Reserve of LOOKAHEAD's outer law."""
    default_acceptance_ratio: float = 0.3
    """Acceptance assumed before anything is known."""
    default_handle_seconds: float = 300.0
    """Handle time assumed before anything is known."""
    default_disposition_seconds: float = 15.0
    """Time to the answer to an invitation assumed before anything is known."""

    @property
    def budget_seconds(self) -> float:
        """The most one push may take, bounded by the refresh period."""
        return min(self.push_budget_seconds, self.refresh_seconds)

    @property
    def in_flight_seconds(self) -> float:
        """How long a push that has no answer can be in flight: the budget by the slowest clock."""
        return CLOCK_DRIFT * self.push_budget_seconds

    @property
    def stale_after_seconds(self) -> float:
        """Age from which statistics are stale."""
        return STALE_AFTER_PERIODS * self.refresh_seconds


def policy_for(settings: CycleSettings, targets: TargetSet) -> Policy:
    """Combine the settings with what each target wants."""
    count = len(targets.targets)
    return Policy(
        algorithm=settings.algorithm,
        optimization_target=settings.optimization_target,
        goal=np.array([target.goal_percent / 100.0 for target in targets.targets], np.float64),
        enabled=np.array([target.enabled for target in targets.targets], np.bool_),
        refresh_seconds=settings.refresh_seconds,
        proactive_ratio=settings.proactive_ratio,
        reserved_slots=np.full(count, settings.reserved_agents, np.float64),
        caution=settings.caution,
        default_acceptance=settings.default_acceptance_ratio,
        default_handle_seconds=settings.default_handle_seconds,
        default_disposition_seconds=settings.default_disposition_seconds,
    )


class Plan:
    """The settings and targets in force. Replaced whole, so a cycle never sees half a change."""

    def __init__(self) -> None:
        self._settings: CycleSettings | None = None
        self._targets: TargetSet | None = None
        self._complete = asyncio.Event()
        self._holds = Holds()
        self.urgent = asyncio.Event()
        """Set when other holds are in force: the next cycle does not wait for its time, and clears it."""

    def use_holds(self, holds: Holds) -> None:
        """Put other holds in force; the next cycle comes at once, for what is held must not wait for a period."""
        if holds != self._holds:
            self._holds = holds
            self.urgent.set()

    @property
    def holds(self) -> Holds:
        """Targets, or all, that an operator allows no invitations."""
        return self._holds

    def use_settings(self, settings: CycleSettings) -> None:
        """Put new settings in force from the next cycle on."""
        self._settings = settings
        self._check()

    def use_targets(self, targets: TargetSet) -> None:
        """Put a new set of targets in force from the next cycle on."""
        self._targets = targets
        self._check()

    def _check(self) -> None:
        if self._settings is not None and self._targets is not None:
            self._complete.set()

    async def wait_complete(self) -> None:
        """Wait until settings and targets are known."""
        await self._complete.wait()

    @property
    def complete(self) -> bool:
        """Whether settings and targets are known."""
        return self._complete.is_set()

    @property
    def settings(self) -> CycleSettings:
        """The settings in force; the defaults before any are known."""
        return self._settings or CycleSettings()

    @property
    def basis(self) -> object:
        """What stands for the settings, targets and holds in force: equal as long as none changes."""
        return self._settings, self._targets.version if self._targets is not None else None, self._holds

    @property
    def targets(self) -> TargetSet | None:
        """The targets in force, or None before the first discovery."""
        return self._targets
