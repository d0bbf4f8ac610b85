"""Detection and clearance: one small state machine per condition and object. Pure; time comes in from outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pacing_node.alarms.conditions import Comparison


class Phase(StrEnum):
    """State of a condition of an object."""

    QUIET = "quiet"
    RISING = "rising"
    """The threshold is reached, but not yet for the detection time."""
    ACTIVE = "active"
    """The alarm is raised."""
    FALLING = "falling"
    """The alarm is raised; the value is fine again, but not yet for the clearance time."""


class Transition(StrEnum):
    """What a step of the machine reports."""

    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Rule:
    """When a condition is raised and cleared."""

    threshold: float
    """Raised from here on; for what remains: down from here."""
    clear_at: float
    """Cleared from here down; for what remains: above. Between the two nothing changes, which is the hysteresis."""
    detection_seconds: float = 0.0
    """How long the threshold must be reached without a break."""
    clearance_seconds: float = 0.0
    """How long the value must be fine without a break."""
    falling: bool = False
    """True where small values are bad."""

    def reached(self, value: float) -> bool:
        """Whether the value is bad enough to raise the alarm."""
        return value <= self.threshold if self.falling else value >= self.threshold

    def relieved(self, value: float) -> bool:
        """Whether the value is good enough to clear the alarm."""
        return value > self.clear_at if self.falling else value <= self.clear_at


def rule_for(
    kind: Comparison, threshold: float, *, clearance_ratio: float, detection_seconds: float, clearance_seconds: float
) -> Rule:
    """The rule of a condition of this kind with this threshold.

    ``clearance_ratio`` in 0..1 is the share of the threshold below which levels and peaks are cleared.
    """
    match kind:
        case Comparison.LEVEL:
            return Rule(threshold, threshold * clearance_ratio, detection_seconds, clearance_seconds)
        case Comparison.PEAK:
            return Rule(threshold, threshold * clearance_ratio, 0.0, clearance_seconds)
        case Comparison.COUNT | Comparison.DURATION:
            return Rule(threshold, 0.0, 0.0, clearance_seconds)
        case Comparison.REMAINING:
            return Rule(threshold, threshold, falling=True)


@dataclass(frozen=True, slots=True)
class ConditionState:
    """State of one condition of one object."""

    phase: Phase = Phase.QUIET
    since: float = 0.0
    """When the phase began, seconds on the caller's clock."""

    @property
    def raised(self) -> bool:
        """Whether the alarm is raised."""
        return self.phase in {Phase.ACTIVE, Phase.FALLING}


def step(state: ConditionState, rule: Rule, value: float, now: float) -> tuple[ConditionState, Transition | None]:
    """The next state for a value measured at ``now`` (seconds), and what is to be reported. Times never go back."""
    if state.raised:
        return _clearance(state, rule, value, now)
    if not rule.reached(value):
        return (state if state.phase is Phase.QUIET else ConditionState(Phase.QUIET, now)), None
    rising = state if state.phase is Phase.RISING else ConditionState(Phase.RISING, now)
    if now - rising.since < rule.detection_seconds:
        return rising, None
    return ConditionState(Phase.ACTIVE, now), Transition.RAISED


def _clearance(state: ConditionState, rule: Rule, value: float, now: float) -> tuple[ConditionState, Transition | None]:
    if not rule.relieved(value):
        return (state if state.phase is Phase.ACTIVE else ConditionState(Phase.ACTIVE, now)), None
    falling = state if state.phase is Phase.FALLING else ConditionState(Phase.FALLING, now)
    if now - falling.since < rule.clearance_seconds:
        return falling, None
    return ConditionState(Phase.QUIET, now), Transition.CLEARED
