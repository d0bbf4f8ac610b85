"""The HTTP application of a node: which page is where. Every page answers from memory, on every node alike.

Health pages answer GET, HEAD and OPTIONS with 200 or 503 so that any load balancer can use them. The two pacing reads
are called by visitors' browsers from other origins and carry no secret, hence the open CORS headers there and only
there.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cluster.mastership import Role
from cluster.outside_text import one_line
from pacing_node.api.answers import CLOSED, bad_parameter, broken, not_allowed, not_found, problem, takes_gzip
from pacing_node.api.branches import Branches
from pacing_node.api.cluster_page import terms
from pacing_node.api.cycle_age import cycle_json
from pacing_node.api.dashboard_build import NamedBuild, build_of
from pacing_node.api.exposition import Exposition, form_for
from pacing_node.api.index_page import index_page
from pacing_node.api.page_gate import PageGate, PageGateMiddleware
from pacing_node.api.parameters import ParameterError, Parameters
from pacing_node.api.pieces import PiecesResponse
from pacing_node.api.public_reads import PREFIXES, KeptReads, PublicReads
from pacing_node.api.renderings import OneAtATime
from pacing_node.api.static_files import NOT_BUILT, OPEN_PREFIX, DashboardFiles
from pacing_node.api.target_pages import TargetsText, explain_page, push_time_json
from pacing_node.monitoring.cycle_watch import CycleWatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from cluster.mastership import Mastership
    from pacing_node.api.metrics import NodeCollector
    from pacing_node.api.static_files import StaticFile
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.plan import Plan
    from pacing_node.statistics.statistics_source import StatisticsSource

PAGES = {
    "/targets": "what the newest cycle allowed each target, and why",
    "/cluster": "members, master, newest terms",
    "/alarms": "what is wrong, and who was notified",
    "/objects": "where the configuration objects come from, and a change that is held back",
    "/history": "the newest terms with cause and gap",
    "/metrics": "for Prometheus",
    "/readiness": "200 when this node can answer and take over",
    "/liveness": "200 while this node is alive",
    "/master": "200 on the master only",
    "/standby": "200 on every other node",
}
"""Pages that `/` links where the dashboard is not built, with what each says."""

HISTORY_LIMIT = 50
HISTORY_MOST = 1000


@dataclass(frozen=True, slots=True)
class NodeView:
    """What the pages read."""

    mastership: Mastership
    latest_report: LatestReport
    plan: Plan
    statistics: Callable[[], StatisticsSource | None]
    """The source of statistics; None before the options are known."""
    collector: NodeCollector
    cluster_page: Callable[[], Awaitable[dict[str, Any]]]
    not_ready: Callable[[], list[str]]
    """What keeps the node from being ready, in words; empty when it is."""
    history: Callable[[int], Awaitable[list[dict[str, Any]]]] | None = None
    """The newest terms, at most so many, newest first."""
    alarms: Callable[[], dict[str, Any]] = field(default=dict)
    """Active alarms and their receivers."""
    objects: Callable[[], dict[str, Any]] = field(default=dict)
    """The source of the configuration objects, and the change that is held back."""
    watch: CycleWatch | None = None
    """How current the newest cycle is; made from the other parts unless given."""
    gate: PageGate | None = None
    """Judges who may read the pages; None: everybody may."""
    members: Callable[[], Iterable[str]] = field(default=tuple)
    """Hosts and ports of the HTTP ports of all members, as far as they are known."""
    api: ASGIApp | None = None
    """The application behind `/api/`; None: there is none."""


def build_app(
    view: NodeView, reads: PublicReads | None = None, files: Mapping[str, StaticFile] | None = None
) -> ASGIApp:
    """Build the application over a node's view of things; ``reads`` are made from it unless given.

    ``files`` are the dashboard's by path; none where it is not built.
    """
    reads = reads or PublicReads(view.plan, view.latest_report, view.statistics)
    pages = KeptReads(_build_pages(view, reads, files), reads)
    return Branches(pages, NamedBuild(view.api, build_of(files or {}))) if view.api is not None else pages


def _build_pages(view: NodeView, reads: PublicReads, files: Mapping[str, StaticFile] | None) -> Starlette:
    pages = _Pages(view)
    methods = ["GET", "OPTIONS"]
    routes = [
        Route("/liveness", pages.liveness, methods=methods),
        Route("/readiness", pages.readiness, methods=methods),
        Route("/master", pages.master, methods=methods),
        Route("/standby", pages.standby, methods=methods),
        Route("/cluster", pages.cluster),
        Route("/targets", pages.targets),
        Route("/explain", pages.explain),
        Route("/history", pages.history),
        Route("/alarms", pages.alarms),
        Route("/objects", pages.objects),
        Route("/metrics", pages.metrics),
    ]
    open_paths = (*PREFIXES, OPEN_PREFIX)
    gate = [Middleware(PageGateMiddleware, gate=view.gate, open_paths=open_paths)] if view.gate is not None else []
    dashboard = DashboardFiles(files or {}, view.members, index_page(PAGES, NOT_BUILT))
    return _application([*routes, *dashboard.routes(), *reads.routes()], gate)


def build_public_app(reads: PublicReads) -> ASGIApp:
    """Build the application of the port for visitors' browsers: the two reads and nothing else."""
    return KeptReads(_application(reads.routes()), reads)


def _application(routes: list[Route], middleware: Sequence[Middleware] = ()) -> Starlette:
    handlers: dict[Any, Any] = {404: not_found, 405: not_allowed, 500: broken, ParameterError: bad_parameter}
    app = Starlette(routes=routes, exception_handlers=handlers, middleware=middleware)
    # `/master/` is no page: a load balancer that follows redirects would never see that it asked for another.
    app.router.redirect_slashes = False
    return app


class _Pages:
    """One method per page."""

    def __init__(self, view: NodeView) -> None:
        self._view = view
        self._watch = view.watch or CycleWatch(view.mastership, view.latest_report, view.plan)
        self._targets = TargetsText()
        self._metrics = Exposition(view.collector)
        self._cluster = OneAtATime(view.cluster_page)
        self._histories: dict[int, OneAtATime[dict[str, Any]]] = {}

    async def liveness(self, request: Request) -> Response:
        """200 as long as the event loop turns; never looks at ZooKeeper, so an outage there restarts nobody."""
        return _health(request, healthy=True, body={"status": "alive"})

    async def readiness(self, request: Request) -> Response:
        """200 when the node can answer pages and take over, and its cycle works; says nothing of mastership."""
        missing = self._view.not_ready()
        status = "ready" if not missing else "not ready"
        body = {"status": status, "missing": missing, "cycle": cycle_json(self._watch.state())}
        return _health(request, healthy=not missing, body=body)

    async def master(self, request: Request) -> Response:
        """200 on the master only, and only while its lease is valid."""
        return self._role(request, Role.MASTER)

    async def standby(self, request: Request) -> Response:
        """200 on every node that is not master."""
        return self._role(request, Role.STANDBY)

    def _role(self, request: Request, wanted: Role) -> Response:
        status = self._view.mastership.status
        leading = status.role is Role.MASTER and status.lease_left_seconds > 0.0
        role = Role.MASTER if leading else Role.STANDBY
        master = self._watch.master()
        body = {
            "role": role.value,
            "state": status.state,
            "epoch": status.epoch,
            "master": master,
            "last_known_master": master or status.master,
        }
        return _health(request, healthy=role is wanted, body=body)

    async def cluster(self, request: Request) -> Response:
        """All members as this node and they themselves see them."""
        Parameters(request)
        page = await self._cluster.get()
        return JSONResponse({**page, "cycle": cycle_json(self._watch.state())}, headers=CLOSED)

    async def targets(self, request: Request) -> Response:
        """All targets with the newest cycle's numbers and reasons."""
        Parameters(request)
        report, state = self._view.latest_report.report, self._watch.state()
        parts = await self._targets.page(report, self._view.plan.targets, state)
        return PiecesResponse(*parts, media_type="application/json", headers=CLOSED)

    async def explain(self, request: Request) -> Response:
        """One target with the sum behind its number."""
        name = Parameters(request, ("target",)).text("target")
        if not name:
            return problem(400, "the parameter target is missing: the name of a pacing target")
        page = explain_page(name, self._view.latest_report.report, self._view.plan, self._watch.state())
        if page is None:
            names = self._view.plan.targets.names if self._view.plan.targets else ()
            return problem(404, f'unknown target "{one_line(name)}"; known are {_listed(names)}')
        push_time = self._view.collector.sources.cycle_counters.push_time
        return JSONResponse({**page, "push": push_time_json(push_time, time.time())}, headers=CLOSED)

    async def history(self, request: Request) -> Response:
        """The newest terms with cause and gap."""
        limit = Parameters(request, ("limit",)).number("limit", HISTORY_LIMIT, HISTORY_MOST)
        page = await self._terms(limit).get()
        return JSONResponse({**page, "cycle": cycle_json(self._watch.state())}, headers=CLOSED)

    def _terms(self, limit: int) -> OneAtATime[dict[str, Any]]:
        """The newest terms, read from ZooKeeper once for all who ask for as many."""
        read = self._view.history

        async def newest() -> dict[str, Any]:
            return await terms(read, limit) if read else {"history": [], "history_unavailable": None}

        return self._histories.setdefault(limit, OneAtATime(newest))

    async def alarms(self, request: Request) -> Response:
        """Alarms that are raised, of this node and of the cluster, and how their receivers do."""
        Parameters(request)
        return JSONResponse({**self._view.alarms(), "cycle": cycle_json(self._watch.state())}, headers=CLOSED)

    async def objects(self, request: Request) -> Response:
        """Where the configuration objects come from, and the change that is held back."""
        Parameters(request)
        return JSONResponse(self._view.objects(), headers=CLOSED)

    async def metrics(self, request: Request) -> Response:
        """Everything the node counts, for Prometheus."""
        Parameters(request)
        form = form_for(request.headers.get("accept", ""))
        parts, age = await self._metrics.page(form)
        headers = {"Age": str(age), "Vary": "Accept, Accept-Encoding"}
        if len(parts) > 1 + len(form.end) and takes_gzip(request.headers):
            parts, headers = (await self._metrics.packed(form, parts),), {**headers, "Content-Encoding": "gzip"}
        return PiecesResponse(*parts, media_type=form.content_type, headers=headers)


def _health(request: Request, *, healthy: bool, body: dict[str, Any]) -> Response:
    headers = {**CLOSED, "Allow": "GET, HEAD, OPTIONS"}
    if request.method == "OPTIONS":
        return Response(status_code=200 if healthy else 503, headers=headers)
    return JSONResponse(body, status_code=200 if healthy else 503, headers=headers)


def _listed(names: tuple[str, ...], most: int = 20) -> str:
    """Names for a message; a long list is cut."""
    shown = ", ".join(f'"{name}"' for name in names[:most]) or "none"
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
