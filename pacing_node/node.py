"""One node: what is built, in which order it starts and stops.

Start: the HTTP port (so that health pages answer while everything else is still coming), the membership in the cluster,
the options of the cluster, then what they name: configuration objects, statistics, engagement platform; last the cycle.
Stop: the mastership first, so that another node takes over while this one tidies up.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import structlog

from cluster import addresses
from cluster.errors import AlreadyRunningError
from cluster.lasting import lasting
from cluster.member import ClusterMember
from cluster.tasks import cancel, spawn
from pacing_node.api.app import NodeView
from pacing_node.api.certified_callers import CertifiedCallers
from pacing_node.api.cluster_page import cluster_page, history_page
from pacing_node.api.http_ports import HttpPorts
from pacing_node.api.metrics import MetricSources, NodeCollector
from pacing_node.api.objects_page import objects_page
from pacing_node.api.page_gate import PageGate
from pacing_node.api.v1.api_view import ApiView
from pacing_node.assembly import adapters
from pacing_node.assembly.cluster_settings import cluster_settings
from pacing_node.assembly.node_access import NodeAccess
from pacing_node.assembly.node_alarms import NodeAlarms
from pacing_node.assembly.node_audit import NodeAudit, audit_options
from pacing_node.assembly.node_events import NodeEvents
from pacing_node.assembly.node_logs import NodeLogs
from pacing_node.assembly.node_telemetry import NodeTelemetry
from pacing_node.assembly.object_acceptance import newest_acceptance
from pacing_node.assembly.reconfiguration import Reconfiguration
from pacing_node.assembly.shared_reports import SharedReports
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.late_pushes import LatePushes
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.pacer import Pacer
from pacing_node.cycle.plan import Plan
from pacing_node.engagement.switchable_platform import PlatformSlot
from pacing_node.engagement.warm_way import WarmWay
from pacing_node.http_client.client import public_authorities
from pacing_node.monitoring.cycle_watch import CycleWatch
from pacing_node.monitoring.node_readings import NodeSources
from pacing_node.monitoring.term_log import TermLog
from pacing_node.node_api import NodeApi
from pacing_node.objects.sources import configuration_source
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.exposure import exposures
from pacing_node.options.options_store import OptionsStore
from pacing_node.runtime.loop_lag import LoopLag

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pacing_node.objects.sources import ConfigurationSource
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.errors import Problem
    from pacing_node.options.node_options import NodeOptions
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import TargetSet

log = structlog.get_logger(__name__)

HEALTH_SERVICES = ("pacing.v1.Node", "pacing.v1.Master")
"""gRPC health names: this node has joined; this node is master with a valid lease."""

FAILED_CYCLES = 3
"""Cycles in a row that may fail before the node says that it is not ready."""


def _spawn_lasting(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[Any]:
    """Start work that lasts as long as the node, whatever happens to it."""
    return spawn(name, lasting(name, work))


class Node:
    """The composition root: owns every part and the order of their lives."""

    def __init__(self, options: NodeOptions) -> None:
        """Build everything that needs no cluster options.

        Raises OSError when the HTTP port cannot be had, SettingsError when times are out of bounds.
        """
        self.options = options
        self._exposures = exposures(options)
        self.plan, self.latest_report, self.lag = Plan(), LatestReport(), LoopLag()
        self.statistics: StatisticsSource | None = None
        self.platform = PlatformSlot()
        self._late_pushes = LatePushes()
        self._http = HttpPorts(options, adapters.tls_files(options))
        self.member = ClusterMember(
            cluster_settings(options),
            version=version("agent-pacing"),
            http_address=addresses.join(options.host, self._http.port),
            health_services=HEALTH_SERVICES,
            ended_clean=self._late_pushes.ended_clean,
            why_unable=self._why_unable,
            restart_needed=lambda: self._reconfiguration.restart_needed,
        )
        self._way = WarmWay(
            self.platform, lambda: self.member.mastership.term is not None, options.longest_push_seconds
        )
        self._cycle_counters = CycleCounters()
        self._terms = TermLog(self.member.mastership)
        self._source: ConfigurationSource | None = None
        self._watch = self._build_watch()
        self.alarms = self._build_alarms()
        self._reports = SharedReports(self.member, self.latest_report, self.alarms.service)
        self._reconfiguration = Reconfiguration(
            plan=self.plan,
            platform=self.platform,
            statistics=lambda: self.statistics,
            push_budget_seconds=options.longest_push_seconds,
            shared_names=self._reports.names,
            expects_names=self._reports.expected,
            read_acceptance=lambda: newest_acceptance(options),
            prepare=self._prepare,
        )
        self._store = OptionsStore(self.member.documents, options.seed)
        self._store.on_change.add(lambda *change: audit_options(self.member.access.audit, *change))
        self._logs = NodeLogs(options.host)
        self._telemetry = NodeTelemetry(options.name, options.cluster, version("agent-pacing"))
        self._audit = NodeAudit(options.host, options.name)
        self.member.access.audit.on_event.add(self._audit.offer)
        self._access = NodeAccess(self.member.access.control)
        self.api = NodeApi(self.member)
        self._holds = self.api.holds
        self.member.on_acquiring.add(self._holds.read_ahead)
        self._holds.on_change.add(lambda: self.plan.use_holds(self._holds.holds))
        self._events = NodeEvents(self.member, self.latest_report, self.plan, self._holds)
        self._events.follow_options(self._store)
        self._tasks: list[asyncio.Task[Any]] = []

    async def start(self) -> None:
        """Start answering and join the cluster; what the cluster's options name is built when they are known."""
        # A node that knows no targets yet, or never will, must not keep the mastership from one that does.
        self.member.mastership.set_candidate(candidate=False)
        self.member.on_early_sign.add(self._way.at_once)
        await self._http.start(self._view())
        await self.member.start()
        self.alarms.start(self._reports.share_again)
        self._tasks += [
            _spawn_lasting("loop-lag", self.lag.run),
            _spawn_lasting("term-log", self._terms.run),
            _spawn_lasting("reconfiguration", self._reconfiguration.run),
            _spawn_lasting("holds", self._holds.run),
            _spawn_lasting("events", lambda: self._events.run(lambda: self.alarms.service.active)),
            _spawn_lasting("options", lambda: self._store.run(self._use_options)),
        ]
        for each in self._exposures:
            log.warning("access.exposed", code=each.code, found=each.found, remedy=each.remedy)
        http, public = self._http.port, self._http.public_port
        log.info("node.started", http_port=http, public_port=public, clustering=self.member.info.clustering)

    async def wait_refused(self) -> None:
        """Wait for the reason why this node must not run. Raises AlreadyRunningError when its name is in use."""
        await self.member.wait_refused()

    def reload(self) -> None:
        """Take up replaced certificates now; options and objects are followed anyhow."""
        log.info("node.reload", signal="SIGHUP")
        spawn("reload", self.member.reload_certificates(), finite=True)

    async def stop(self) -> None:
        """Hand over if master, leave the cluster, then close everything."""
        self.member.set_ready(ready=False)
        await self.member.stop()
        await cancel(*self._tasks)
        await self.alarms.stop()
        if self.statistics is not None:
            await self.statistics.stop()
        await self.platform.close()
        await self._http.stop()
        await self._telemetry.stop()
        log.info("node.stopped")
        await self._access.stop()
        self.member.access.audit.flush()
        await self._audit.stop()
        await self._logs.stop()

    async def _use_options(self, options: ClusterOptions) -> None:
        """Apply cluster options; the first ones also build what they name.

        Raises ConfigurationError with everything that could not be applied, for a file that cannot be read; what could
        be is in force.
        """
        await asyncio.to_thread(public_authorities)  # made once, and most ways to other servers need them
        parts = (self._logs, self._telemetry, self._audit, self._access, self.alarms)
        problems: list[Problem] = []
        for use in (*(part.use for part in parts), self._build_or_change):
            try:
                await use(options)
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            raise ConfigurationError(tuple(dict.fromkeys(problems)))

    def _prepare(self, targets: TargetSet) -> None:
        """Work out ahead, on another thread, what targets need that are about to be in force."""
        self._events.prepare(targets)

    async def _build_or_change(self, options: ClusterOptions) -> None:
        """What the options name: built from the first ones, changed by others."""
        if self.statistics is not None:
            self._reconfiguration.use_options(options)
            return
        statistics = adapters.statistics_source(options.stat_server, options.tenant)
        await statistics.start()
        self.statistics = statistics
        self._reconfiguration.use_options(options)
        self._source = configuration_source(options.config_server, options.tenant)
        source = self._source
        self._tasks.append(_spawn_lasting("configuration", lambda: source.run(self._reconfiguration.use_objects)))
        self._start_cycle(statistics)

    def _start_cycle(self, statistics: StatisticsSource) -> None:
        pacer = Pacer(
            mastership=self.member.mastership,
            statistics=statistics,
            platform=self.platform,
            plan=self.plan,
            latest_report=self.latest_report,
            share=self._reports.share,
            alarms=self.alarms.service.shared,
            all_read=self._reports.all_read,
            cycle_counters=self._cycle_counters,
            late_pushes=self._late_pushes,
            on_push=lambda reached: self.member.report_outcome(succeeded=reached),
            read_holds=self._holds.read_for_term,
        )
        self._tasks += [
            _spawn_lasting("pacer", pacer.run),
            _spawn_lasting("readiness", self._become_ready),
            _spawn_lasting("warm-way", self._keep_warm),
        ]

    async def _become_ready(self) -> None:
        await self.plan.wait_complete()
        await self._holds.wait_known()
        self.member.set_ready(ready=True)
        await self._enter()
        self.member.mastership.set_candidate(candidate=True)
        await asyncio.Event().wait()

    async def _enter(self) -> None:
        """Wait until this node has its name; one whose name is in use never contends, and ends."""
        try:
            await self.member.wait_entered()
        except AlreadyRunningError:
            await asyncio.Event().wait()

    async def _why_unable(self) -> str | None:
        """Why this node could not do better than a master whose pushes fail; None when it could."""
        if missing := self._not_ready():
            return "missing: " + ", ".join(missing)
        return await self.platform.why_unreachable(self.options.longest_push_seconds)

    async def _keep_warm(self) -> None:
        await self.plan.wait_complete()
        await self._way.run()

    def _view(self) -> NodeView:
        sources = MetricSources(
            status=self.member.status,
            transitions=lambda: dict(self._terms.ended),
            statistics=lambda: self.statistics.health if self.statistics else (),
            loop_lag=lambda: self.lag.seconds,
            loop_lag_seconds=lambda: self.lag.last_seconds,
            latest_report=self.latest_report,
            cycle_counters=self._cycle_counters,
            spans=lambda: self._telemetry.counters,
            alarms=self.alarms.active_counts,
            per_target=self._per_target,
            paused=lambda: self.member.paused is not None,
            holds=lambda: self._holds.holds,
            cycle=self._watch.state,
            http=self._http.counters,
            descriptors=self._http.descriptors,
            refused_calls=self.member.access.audit.refused,
        )
        certified = CertifiedCallers(adapters.http_roles(self.options))
        return NodeView(
            mastership=self.member.mastership,
            latest_report=self.latest_report,
            plan=self.plan,
            statistics=lambda: self.statistics,
            collector=NodeCollector(sources),
            cluster_page=self._cluster_page,
            history=lambda limit: history_page(self.member, limit),
            not_ready=self._not_ready,
            alarms=self.alarms.page,
            objects=lambda: objects_page(self._source.status if self._source else None, self._reconfiguration.held),
            watch=self._watch,
            members=lambda: [each.http for each in self.member.members()],
            gate=PageGate(
                self.member.access.control, self.member.access.audit, lambda: self._access.pages_need_viewer, certified
            ),
            api=self.api.application(
                self._api_view(),
                self._events.log,
                reads=lambda: self._access.api_reads,
                certified=certified,
                port=self._http.port,
            ),
        )

    def _api_view(self) -> ApiView:
        return ApiView(
            node=self.options.name,
            mastership=self.member.mastership,
            latest_report=self.latest_report,
            plan=self.plan,
            watch=self._watch,
            statistics=lambda: self.statistics,
            cluster_page=self._cluster_page,
            history=lambda limit: history_page(self.member, limit),
            alarms=self.alarms.page,
            options=self._store,
            past_options=self.api.read_past_options,
            last_hour=self._events.last_hour,
            examination=self.api.examination,
            restart_needed=lambda: self._reconfiguration.restart_needed,
        )

    def _build_watch(self) -> CycleWatch:
        return CycleWatch(
            self.member.mastership,
            self.latest_report,
            self.plan,
            cycle_counters=self._cycle_counters,
            missing=self._unknown,
            paused_by=lambda: self.member.paused.by if self.member.paused is not None else None,
            newest_end=lambda: self._terms.newest_cause,
            refused_by_master=lambda: self.member.refused_by_master,
        )

    def _build_alarms(self) -> NodeAlarms:
        options = self.options
        sources = NodeSources(
            node=options.name,
            mastership=self.member.mastership,
            latest_report=self.latest_report,
            cycle_counters=self._cycle_counters,
            watch=self._watch,
            cluster=options.cluster,
            loop_lag_seconds=lambda: self.lag.last_seconds,
            refused=self._refused,
            certificates=adapters.certificate_files(options),
            paused=lambda: self.member.paused,
        )
        return NodeAlarms(sources, cluster=options.cluster, host=options.host, state_directory=options.state_directory)

    def _refused(self) -> dict[str, tuple[str, ...]]:
        """What is wrong with newer options or objects, by the place they come from."""
        return {
            "cluster options": self._store.problems,
            "configuration objects": self._source.status.problems if self._source else (),
            "change of the objects": (str(held),) if (held := self._reconfiguration.held) else (),
            "engagement platform": self._reconfiguration.problems,
            "holds": (self._holds.problem,) if self._holds.problem else (),
        }

    def _per_target(self) -> bool:
        options = self._reconfiguration.options
        return options is not None and options.metrics.per_target

    async def _cluster_page(self) -> dict[str, Any]:
        options = self._reconfiguration.options
        fencing = options.pacing_endpoint.fencing if options else None
        return await cluster_page(
            self.member,
            cluster=self.options.cluster,
            standalone=self.options.standalone,
            fencing=fencing,
            warnings=[str(each) for each in self._exposures],
            holds=self._holds.holds,
        )

    def _not_ready(self) -> list[str]:
        """What is missing before this node can answer pages and take over."""
        missing, counters = self._unknown(), self._cycle_counters
        if counters.failed_in_a_row >= FAILED_CYCLES:
            text = f"{counters.failed_in_a_row} failed in a row, the newest with {counters.newest_failure}"
            missing.append(f"a cycle that works: {text}")
        return missing

    def _unknown(self) -> list[str]:
        """What this node has not read yet."""
        missing = []
        if self._reconfiguration.options is None:
            missing.append("cluster options")
        if self.plan.targets is None:
            missing.append("configuration objects")
        return missing
