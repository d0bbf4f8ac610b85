"""The API of a node over parts kept in memory, and clients of it: a program, a browser, another site's page."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import ASGIApp

from cluster.access.access_control import AccessControl
from cluster.access.audit_log import AuditLog
from cluster.access.roles import AccessRole
from cluster.access.tokens import TokenBook, new_token
from cluster.clock import boot_seconds
from cluster.documents import Document
from cluster.errors import RefusedError
from cluster.mastership import LeadershipStatus
from cluster.records import Pause
from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.api.certified_callers import CertifiedCallers
from pacing_node.api.v1.api_gate import ApiGate
from pacing_node.api.v1.api_parts import ApiParts
from pacing_node.api.v1.api_view import ApiView
from pacing_node.api.v1.v1_application import build_v1
from pacing_node.cycle.hold_book import HoldBook
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.monitoring.cycle_watch import CycleWatch
from pacing_node.monitoring.event_log import EventLog
from pacing_node.monitoring.last_hour import LastHour
from pacing_node.options.options_history import PastVersion
from pacing_node.options.options_store import OptionsStore
from pacing_node.targets import Finding, GroupCapacity, TargetSet
from tests.support.cycle_parts import FakeMastership, FakeStatistics, report, snapshot, target

LOCAL = ("127.0.0.1", 50_000)
REMOTE = ("192.0.2.7", 50_000)

MEMBER = {
    "name": "n1",
    "role": "master",
    "state": "serving",
    "epoch": 3,
    "lease_left_seconds": 2.0,
    "zookeeper": "connected",
    "session_timeout_seconds": 4.0,
    "version": "0.1.0",
    "started_at": 1000.0,
    "http": "127.0.0.1:8080",
    "clustering": "127.0.0.1:8081",
    "last_record": None,
    "paused": False,
    "reachable": True,
    "error": None,
    "broken": [],
}


class FakeMember:
    """A member whose orders succeed, or fail with what the test sets."""

    def __init__(self, mastership: FakeMastership, documents: LocalDocuments) -> None:
        self._mastership = mastership
        self.documents = documents
        self.paused: Pause | None = None
        self.failure: Exception | None = None
        self.orders: list[tuple[object, ...]] = []

    def status(self) -> LeadershipStatus:
        return self._mastership.status

    def _take(self, *order: object) -> None:
        if self.failure is not None:
            raise self.failure
        self.orders.append(order)

    async def step_down(self, requested_by: str, successor: str = "", epoch: int = 0) -> int:
        if epoch not in {0, 3}:
            raise RefusedError(f"term {epoch} has ended already; term 3 goes on")
        self._take("step-down", requested_by, successor)
        return 3

    async def pause(self, by: str, seconds: float | None = None) -> Pause:
        self._take("pause", by, seconds)
        self.paused = Pause(by, time.time(), time.time() + (seconds or 3600.0))
        return self.paused

    async def resume(self, by: str) -> bool:
        self._take("resume", by)
        was, self.paused = self.paused is not None, None
        return was


@dataclass
class ApiSite:
    """A node's API; what it answers from can be changed by a test."""

    mastership: FakeMastership = field(default_factory=FakeMastership)
    latest_report: LatestReport = field(default_factory=LatestReport)
    plan: Plan = field(default_factory=Plan)
    statistics: FakeStatistics = field(default_factory=lambda: FakeStatistics(snapshot(2)))
    control: AccessControl = field(default_factory=lambda: AccessControl("demo"))
    audit: AuditLog = field(default_factory=AuditLog)
    reads: str = "local"
    certified: CertifiedCallers = field(default_factory=CertifiedCallers)
    past: Sequence[PastVersion] = ()
    unavailable: Exception | None = None

    def __post_init__(self) -> None:
        self.plan.use_settings(CycleSettings())
        self.documents = LocalDocuments(None)
        self.options = OptionsStore(self.documents)
        self.watch = CycleWatch(self.mastership, self.latest_report, self.plan)
        self.last_hour = LastHour()
        self.events: list[dict[str, Any]] = []
        self.audit.on_event.add(lambda event: self.events.append(dict(event)))
        self.gate = ApiGate(self.control, self.audit, reads=lambda: self.reads, certified=self.certified)
        self.event_log = EventLog()
        self.past_documents = LocalDocuments(None)
        self.holds = HoldBook(LocalDocuments(None))
        self.holds.on_change.add(lambda: self.plan.use_holds(self.holds.holds))
        self.member = FakeMember(self.mastership, self.documents)
        parts = ApiParts(
            self.view(), self.gate, self.audit, self.member, self.holds, self.event_log, self.past_documents
        )
        self.app: ASGIApp = build_v1(parts)

    def view(self) -> ApiView:
        async def cluster_page() -> dict[str, Any]:
            page = {"cluster": "demo", "cluster_id": "c", "mode": "zookeeper", "answered_by": "n1", "master": "n1"}
            rest = {
                "epoch": 3,
                "paused": None,
                "stopped": None,
                "held": 0,
                "fencing": "token",
                "broken": [],
                "warnings": [],
                "members": [MEMBER],
            }
            return {**page, **rest, "history": [], "history_unavailable": None}

        async def history(limit: int) -> list[dict[str, Any]]:
            if self.unavailable is not None:
                raise self.unavailable
            terms = {"node": "n1", "began_at": 1.0, "previous": None, "ended_at": 2.0, "cause": "resigned"}
            return [{"epoch": epoch, **terms, "gap_seconds": 0.1, "broken": []} for epoch in (3, 2, 1)][:limit]

        async def past_options() -> Sequence[PastVersion]:
            if self.unavailable is not None:
                raise self.unavailable
            return self.past

        return ApiView(
            node="n1",
            mastership=self.mastership,
            latest_report=self.latest_report,
            plan=self.plan,
            watch=self.watch,
            statistics=lambda: self.statistics,
            cluster_page=cluster_page,
            history=history,
            alarms=lambda: {"active": [], "withheld": {}, "receivers": []},
            options=self.options,
            past_options=past_options,
            last_hour=self.last_hour,
        )

    def client(self, address: tuple[str, int] = LOCAL, **options: Any) -> httpx.AsyncClient:
        """A client that calls from an address, over a connection nobody can read unless it says otherwise."""
        transport = httpx.ASGITransport(app=self.app, client=address)
        return httpx.AsyncClient(transport=transport, **{"base_url": "https://127.0.0.1:8080", **options})

    def token(self, role: AccessRole, name: str = "desk") -> str:
        """A token of the cluster."""
        text, token = new_token(
            name, role, seconds=3600.0, created_at=time.time(), created_by="test", randomness=secrets.token_bytes(64)
        )
        self.control.tokens = TokenBook((*self.control.tokens.tokens, token))
        return text

    def pace(self, **columns: object) -> None:
        """Two chat targets that share an agent group's agents, and a newest cycle."""
        chat, support = target("A", groups=("G1",)), target("B", groups=("G2",))
        finding = Finding("warning", "alias_differs_from_number", 'virtual queue "A"@switch', "alias X, number VQ_A")
        groups = (GroupCapacity("G1", ("a1", "a2")), GroupCapacity("G2", ("a1", "a2")))
        self.plan.use_targets(TargetSet("1", (chat, support), groups, findings=(finding,)))
        self.latest_report.post(report(chat.name, support.name, epoch=3, **columns), boot_seconds())

    def write_options(self, text: str, version: int = 0) -> None:
        """The options as the node has seen them."""
        self.options._note(Document(text.encode(), version))
