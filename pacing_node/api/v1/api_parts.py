"""What the API is built over: what it reads, whom it lets in, and what its orders change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from cluster.access.audit_log import AuditLog
    from cluster.documents import DocumentStore
    from cluster.mastership import LeadershipStatus
    from cluster.records import Pause
    from pacing_node.api.v1.api_gate import ApiGate
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.cycle.hold_book import HoldBook
    from pacing_node.monitoring.event_log import EventLog


class OrderedMember(Protocol):
    """The member of the cluster, as orders need it (:class:`cluster.member.ClusterMember`)."""

    @property
    def documents(self) -> DocumentStore:
        """The document with the options of the cluster."""
        ...

    @property
    def paused(self) -> Pause | None:
        """The pause in force; None when there is none."""
        ...

    def status(self) -> LeadershipStatus:
        """Leadership status of this node now."""
        ...

    async def step_down(self, requested_by: str, successor: str = "", epoch: int = 0) -> int:
        """Ask the master, wherever it is, to resign. Raises ClusterError."""
        ...

    async def pause(self, by: str, seconds: float | None = None) -> Pause:
        """Pause the cluster. Raises ClusterError."""
        ...

    async def resume(self, by: str) -> bool:
        """End a pause; False when there was none. Raises ClusterError."""
        ...


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The parts of a node behind its API."""

    view: ApiView
    gate: ApiGate
    audit: AuditLog
    member: OrderedMember
    holds: HoldBook
    events: EventLog
    past_options: DocumentStore
    """The document with the newest versions of the options."""
