"""Pacing targets as the API shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pacing_node.api.v1.answer_models import Answer


class TargetHold(BaseModel):
    """Why a target is allowed no invitations by an operator's word."""

    by: str = Field(description="Who ordered it, as they proved it.")
    why: str
    since: float
    until: float | None = Field(description="When it ends by itself; null: when it is released.")
    everything: bool = Field(description="Whether this is the emergency stop of all targets.")


class TargetEstimates(BaseModel):
    """What the law believed when it calculated; null where it is not known."""

    acceptance_ratio: float | None = None
    handle_seconds: float | None = None
    disposition_seconds: float | None = None
    patience_seconds: float | None = None


class Target(BaseModel):
    """One target in the newest cycle. With `fields`, an answer has `name` and the fields that were asked for."""

    name: str
    media: str | None = None
    queue: str | None = Field(None, description="number@switch")
    groups: list[str] = []
    goal_percent: float | None = None
    invitations: int | None = Field(None, description="Allowed until the next push; null before the first cycle.")
    inbound_portion: float | None = Field(None, description="0..1; null with a law that leaves inbound traffic alone.")
    reason: str | None = None
    ready: float | None = None
    busy: float | None = None
    logged_in: float | None = None
    waiting: float | None = None
    pending: float | None = None
    estimates: TargetEstimates = TargetEstimates()
    error: str = Field("", description="What the platform answered instead of taking the target.")
    hold: TargetHold | None = Field(None, description="The hold or emergency stop that is ordered for it now.")


class ListedTarget(Target):
    """One target of a list."""

    recent: list[int | None] = Field(
        [],
        description="With `recent=true`: invitations of each finished 15 s of the last quarter of an hour, oldest "
        "first; null where nothing was known.",
    )


class CycleHead(Answer):
    """The cycle the numbers are of."""

    calculated_at: float | None
    statistics_at: float | None
    epoch: int
    sequence: int
    algorithm: str | None
    interval_seconds: float | None
    pushed: bool
    push_error: str


class TargetTotals(BaseModel):
    """Sums over targets, of those whose value is known; null where none is."""

    invitations: float | None
    ready: float | None
    busy: float | None
    waiting: float | None
    pending: float | None


class AbandonedShare(BaseModel):
    """What visitors abandoned of the proactive interactions that left their queue in a time."""

    since: float | None = Field(
        description="From when on it is counted; later than the time's beginning where the node knows no more."
    )
    accepted: int = Field(description="Interactions that agents took.")
    abandoned: int = Field(description="Interactions that visitors left before.")
    percent: float | None = Field(description="Abandoned of both; null where there was none of either.")


class AbandonmentTimes(BaseModel):
    """Abandonment over three times."""

    now: AbandonedShare = Field(description="The last five minutes.")
    hour: AbandonedShare
    today: AbandonedShare = Field(description="Since midnight in the time zone of the node that answers.")


class NeedingTarget(BaseModel):
    """A target that a person should look at."""

    name: str
    why: str = Field(description="In words.")


class NeedingTargets(BaseModel):
    """Targets that a person should look at.

    Those the platform refuses, those with unusable statistics or a goal that is not kept, those whose visitors wait
    while nobody may be invited, those that are held.
    """

    total: int | None = Field(description="How many there are; null before the first cycle.")
    targets: list[NeedingTarget] = Field(description="The most urgent, at most 20.")


class OverviewPage(BaseModel):
    """The whole service in a few numbers."""

    targets: int
    interval_seconds: float | None
    reasons: dict[str, int] = Field(description="Targets by reason.")
    without_invitations: dict[str, int] = Field(description="Those of them that are allowed none.")
    totals: TargetTotals
    needing: NeedingTargets
    abandonment: AbandonmentTimes = Field(description="Of all targets together.")
    goal_percent: float | None = Field(description="Mean goal of the targets; null without any.")


class OverviewAnswer(OverviewPage, Answer):
    """The whole service in a few numbers."""


class TargetsAnswer(CycleHead):
    """A page of the targets that fit the question."""

    total: int = Field(description="Targets there are.")
    matched: int = Field(description="Targets that fit the question.")
    offset: int
    limit: int
    reasons: dict[str, int] = Field(description="Targets that fit, by reason.")
    totals: TargetTotals = Field(description="Sums over all targets that fit, whatever the page.")
    targets: list[ListedTarget]


class TargetFinding(BaseModel):
    """What discovery noticed about a target."""

    severity: str
    code: str
    where: str
    message: str
    remedy: str


class SharedWith(BaseModel):
    """Another target that is served by some of the same agents."""

    target: str
    agents: int = Field(description="Agents that serve both.")


class TargetHour(BaseModel):
    """The last hour of a target: columns of equal length, oldest first; null where nothing was known."""

    at: list[float] = Field(description="Unix seconds by the masters' clocks.")
    ready: list[float | None]
    busy: list[float | None]
    waiting: list[float | None]
    pending: list[float | None]
    invitations: list[int | None]
    accepted: list[int | None] = Field(description="Proactive interactions that agents took in the slot.")
    abandoned: list[int | None] = Field(description="Those that visitors left before.")
    abandonment_percent: list[float | None] = Field(
        description="Abandoned of those that left the queue in the five minutes up to the slot."
    )
    goal_percent: list[float | None]
    complete_since: float | None = Field(
        description="From when on this node knows every cycle, without a gap of a minute; null: it knows none."
    )


class TargetAnswer(CycleHead, Target):
    """One target: the sum behind its number, what discovery found, and its last hour."""

    lines: list[str] = Field(description="The sum in words.")
    findings: list[TargetFinding]
    shared_with: list[SharedWith] = Field(description="The targets with most agents in common, at most 50.")
    last_hour: TargetHour
    abandonment: AbandonmentTimes
