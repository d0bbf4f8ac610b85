"""The section ``pacing``: which law paces, towards what, and how often."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from pacing_node.algorithms.model import Algorithm, OptimizationTarget
from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import Applies, Key, Section

DEFAULT_GOAL_PERCENT = 3.0
"""Default of ``optimizationGoal`` for the abandonment rate."""
ADVISED_GOALS = {OptimizationTarget.ABANDONMENT_RATE: (3.0, 5.0), OptimizationTarget.BUSY_FACTOR: (70.0, 85.0)}
"""Goals in percent the reference product's documentation advises."""
_CONNECTOR = "pacing.connector."
_ABANDONMENT_GOAL = "with ABANDONMENT_RATE a number from 0 to 100, 3 to 5 advised"
_BUSY_GOAL = "with BUSY_FACTOR a number from 1 to 99, 70 to 85 advised"


def _spelled(name: str) -> Key:
    """The option's name, and the same with the prefix Web Engagement uses."""
    return Key(name, (_CONNECTOR + name,))


def _optimization_target(value: object) -> object:
    """Accept the spelling of the reference product's documentation."""
    return "ABANDONMENT_RATE" if value == "ABANDONEMENT_RATE" else value


def _off_or_auto(value: object) -> object:
    """YAML takes a bare ``off`` for false."""
    return "off" if value is False else value


class PacingOptions(Section):
    """How invitations are paced. A queue's or an agent group's own ``optimizationGoal`` wins over the one here."""

    applies: ClassVar[Applies] = Applies.LIVE

    algorithm: Annotated[Algorithm, _spelled("algorithm")] = Algorithm.LOOKAHEAD
    """Pacing law. The DUAL forms also control inbound traffic."""
    optimization_target: Annotated[
        OptimizationTarget,
        BeforeValidator(_optimization_target),
        _spelled("optimizationTarget"),
        Allowed("one of ABANDONMENT_RATE (or ABANDONEMENT_RATE), BUSY_FACTOR"),
    ] = OptimizationTarget.ABANDONMENT_RATE
    """What the law aims at: few abandoned proactive interactions, or busy agents."""
    optimization_goal: Annotated[
        float | None, Field(validate_default=True), _spelled("optimizationGoal"), Allowed("a number from 0 to 100")
    ] = None
    """Goal in percent: the highest share of abandoned proactive interactions (default 3), or the share of time agents
    are busy (no default)."""
    proactive_ratio: Annotated[float | None, Field(ge=0, le=100, validate_default=True), _spelled("proactiveRatio")] = (
        None
    )
    """Share of the capacity for proactive traffic, in percent; needed by a DUAL algorithm and only used there."""
    refresh_seconds: Annotated[float, Field(ge=1, le=3600), _spelled("refreshPeriod")] = 5.0
    """Seconds from one push to the next."""
    partial_pushes: Annotated[
        Literal["off", "auto"], BeforeValidator(_off_or_auto), Key("partialPushes"), Allowed("one of off, auto")
    ] = "off"
    """`auto`: between two full pushes, targets that change materially are pushed on their own, at least 1 s apart, to a
    platform that says that it takes partial pushes. Never with `pacingEndpoint.fencing: none`."""
    requests_per_minute: Annotated[int, Field(ge=1, le=60_000), Key("requestsPerMinute")] = 240
    """Most requests to the platform in a minute, partial pushes included: they use what the full ones, which are never
    held back by it, leave."""
    reserved_agents: Annotated[float, Field(ge=0, le=100_000), Key("reservedAgents")] = 0.0
    """Slots of each target held back for inbound traffic."""
    caution: Annotated[float, Field(ge=0, le=10)] = 1.0
    """Reserve of LOOKAHEAD: 0 aims the mean at the goal, 1 keeps nearly every day under it."""
    default_acceptance_percent: Annotated[float, Field(gt=0, le=100), Key("defaultAcceptance")] = 30.0
    """Share of invitations assumed to be accepted before anything is known, in percent."""
    default_handle_seconds: Annotated[float, Field(gt=0, le=86_400), Key("defaultHandleTime")] = 300.0
    """Handle time with wrap-up assumed before anything is known, seconds."""
    default_disposition_seconds: Annotated[float, Field(gt=0, le=3600), Key("defaultDispositionTime")] = 15.0
    """Time to the answer to an invitation assumed before anything is known, seconds."""

    @field_validator("optimization_goal")
    @classmethod
    def _goal_fits_target(cls, value: float | None, info: ValidationInfo) -> float | None:
        target = info.data.get("optimization_target")
        if target is OptimizationTarget.BUSY_FACTOR and (value is None or not 1 <= value <= 99):
            raise ValueError(_BUSY_GOAL)
        if value is not None and not 0 <= value <= 100:
            raise ValueError(_ABANDONMENT_GOAL)
        return value

    @field_validator("proactive_ratio")
    @classmethod
    def _ratio_for_dual(cls, value: float | None, info: ValidationInfo) -> float | None:
        algorithm = info.data.get("algorithm")
        if value is None and isinstance(algorithm, Algorithm) and algorithm.dual:
            raise ValueError(f"a number from 0 to 100, which {algorithm} needs")
        return value

    @property
    def goal_percent(self) -> float:
        """The goal in force where neither queue nor group has its own, in percent."""
        return DEFAULT_GOAL_PERCENT if self.optimization_goal is None else self.optimization_goal
