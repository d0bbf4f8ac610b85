"""Members, leadership and terms as the API shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from cluster.mastership import Role, ZooKeeperState
from pacing_node.api.v1.answer_models import Answer
from pacing_node.api.v1.target_models import TargetHold


class RecordSeen(BaseModel):
    """The newest record a member knows."""

    epoch: int
    sequence: int = Field(description="Number in its master's stream.")
    created_at: float


class ClockAhead(BaseModel):
    """How far a member's clock is ahead of that of the node that answers."""

    offset_seconds: float = Field(description="Positive where the member's clock is ahead.")
    uncertainty_seconds: float = Field(description="The true offset is within so much of it: half the call's time.")
    measured_at: float


class Member(BaseModel):
    """One member, as it answered about itself just now."""

    name: str
    role: Role | None = Field(description="null when it did not answer.")
    state: str = Field(description="State of its leadership, such as serving or standby; empty without an answer.")
    epoch: int
    lease_left_seconds: float
    zookeeper: ZooKeeperState | None
    session_timeout_seconds: float
    version: str
    started_at: float
    http: str = Field(description="host:port of its pages; empty without any.")
    clustering: str = Field(description="host:port for the other members.")
    last_record: RecordSeen | None
    paused: bool
    reachable: bool
    error: str | None = Field(description="Why it could not be asked.")
    broken: list[str] = Field(description="What cannot be read of its entry in ZooKeeper.")
    clock: ClockAhead | None = Field(
        None, description="null of the node that answers, and of a member that was not reached or does not say."
    )
    restart_needed: list[str] = Field(
        [], description="Options whose change takes effect at the next start of the member; 50 at most."
    )


class TermEntry(BaseModel):
    """One term of the history."""

    epoch: int
    node: str
    began_at: float | None
    previous: str | None
    ended_at: float | None = Field(description="null while it lasts, or when nobody could write its end.")
    cause: str | None
    gap_seconds: float | None = Field(description="From the last push accepted before the term to the first in it.")
    broken: list[str]


class PauseState(BaseModel):
    """The pause in force."""

    by: str
    began_at: float
    until: float
    broken: list[str]


class ClusterPage(BaseModel):
    """The cluster as the members saw it when they were asked."""

    cluster: str
    cluster_id: str
    asked_at: float = Field(description="When the members were asked; one second ago at most.")
    mode: str = Field(description="zookeeper, or standalone for a node alone.")
    answered_by: str
    master: str | None
    epoch: int
    paused: PauseState | None
    stopped: TargetHold | None = Field(description="The emergency stop in force.")
    held: int = Field(description="Targets that are held one by one.")
    fencing: str | None = Field(description="What the platform does with tokens: token, if-match or none.")
    broken: list[str]
    warnings: list[str] = Field(description="What the node that answers leaves open to others.")
    members: list[Member]
    history: list[TermEntry] = Field(description="The 20 newest terms.")
    history_unavailable: str | None = Field(description="Why the terms cannot be read; an empty list means nothing.")


class ClusterAnswer(ClusterPage, Answer):
    """The cluster as the members see it now."""


class HistoryAnswer(Answer):
    """The newest terms, newest first."""

    history: list[TermEntry]
    history_unavailable: str | None
