"""What a node knows, as metric families of Prometheus, read at the moment of the scrape."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from cluster.clock import boot_seconds
from cluster.descriptors import Descriptors
from cluster.lasting import restarts
from cluster.mastership import EndCause, Role, ZooKeeperState
from pacing_node.algorithms.model import Reason
from pacing_node.api.http_limits import HttpCounters, LimitRefusal
from pacing_node.cycle.holds import Holds
from pacing_node.delivery.span_counters import SpanCounters
from pacing_node.engagement.platform import PushStatus
from pacing_node.monitoring.silence import CycleState, SilenceReason
from pacing_node.runtime.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from enum import StrEnum

    from prometheus_client.core import Metric

    from cluster.mastership import LeadershipStatus
    from pacing_node.cycle.cycle_counters import CycleCounters
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.push_budget import PushTime
    from pacing_node.statistics.statistics_source import ServerHealth

_VERSION = version("agent-pacing")
"""Looked up once: it is read from files."""


@dataclass(frozen=True, slots=True)
class MetricSources:
    """Where the numbers come from; each callable answers from memory."""

    status: Callable[[], LeadershipStatus]
    transitions: Callable[[], dict[str, int]]
    """Ends of this node's terms by cause."""
    statistics: Callable[[], tuple[ServerHealth, ...]]
    loop_lag_seconds: Callable[[], float]
    latest_report: LatestReport
    cycle_counters: CycleCounters
    spans: Callable[[], SpanCounters] = SpanCounters
    """What became of the spans of traces."""
    loop_lag: Callable[[], Distribution] = Distribution
    """All measurements of the lag of the event loop."""
    alarms: Callable[[], dict[str, int]] = dict
    """Active alarms by condition."""
    holds: Callable[[], Holds] = Holds
    """What operators hold."""
    paused: Callable[[], bool] = lambda: False
    """Whether the cluster is paused."""
    per_target: Callable[[], bool] = lambda: False
    """Whether targets have series of their own."""
    http: HttpCounters = field(default_factory=HttpCounters)
    """Connections of the HTTP ports."""
    descriptors: Descriptors = field(default_factory=Descriptors)
    refused_calls: Mapping[str, int] = field(default_factory=dict)
    """Calls that were refused for want of a proof or a role, by what was called."""
    cycle: Callable[[], CycleState] = CycleState
    """How current the newest cycle is, and why nothing newer was pushed."""


class NodeCollector(Collector):
    """Turns the sources into metric families at every scrape; keeps nothing."""

    def __init__(self, sources: MetricSources) -> None:
        self._sources = sources

    @property
    def sources(self) -> MetricSources:
        """Where the numbers come from."""
        return self._sources

    def collect(self) -> Iterable[Metric]:
        """Yield every metric of the node."""
        yield from self._leadership()
        yield from self._pushes()
        yield from self._targets()
        yield from self._alarms()
        yield from self._environment()
        yield from self._resources()

    def _leadership(self) -> Iterable[Metric]:
        status = self._sources.status()
        master = float(status.role is Role.MASTER)
        yield _gauge("pacing_master", "1 on the node that is master.", master)
        roles = [role.value for role in Role]
        yield _states("pacing_node_role", "role", "Role of the node.", roles, status.role.value)
        yield _gauge("pacing_paused", "1 while the cluster is paused.", float(self._sources.paused()))
        holds = self._sources.holds().current(time.time())
        yield _gauge(
            "pacing_stopped", "1 while an operator has stopped all invitations.", float(holds.stop is not None)
        )
        yield _gauge("pacing_targets_held", "Targets that operators hold one by one.", len(holds.targets))
        yield _gauge("pacing_epoch", "Newest epoch this node knows.", status.epoch)
        yield _gauge("pacing_lease_remaining_seconds", "Lease left; 0 on a standby.", status.lease_left_seconds)
        yield _states(
            "pacing_zookeeper_session_state",
            "state",
            "State of the ZooKeeper session.",
            [state.value for state in ZooKeeperState],
            status.zookeeper.value,
        )
        ended = CounterMetricFamily(
            "pacing_leadership_transitions", "Terms of this node that ended, by cause.", labels=["cause"]
        )
        _count_all(ended, EndCause, self._sources.transitions())
        yield ended

    def _pushes(self) -> Iterable[Metric]:
        cycle_counters = self._sources.cycle_counters
        yield CounterMetricFamily(
            "pacing_cycles", "Cycles this node calculated as master.", value=cycle_counters.cycles
        )
        yield CounterMetricFamily(
            "pacing_cycle_failures", "Cycles that ended in an error.", value=cycle_counters.failed_cycles
        )
        pushes = CounterMetricFamily("pacing_push", "Full pushes by how they ended.", labels=["result"])
        _count_all(pushes, PushStatus, cycle_counters.pushes)
        yield pushes
        partial = CounterMetricFamily(
            "pacing_partial_push", "Partial pushes by how they ended; pacing_push has the full ones.", labels=["result"]
        )
        _count_all(partial, PushStatus, cycle_counters.partial_pushes)
        yield partial
        yield CounterMetricFamily(
            "pacing_push_attempts", "Attempts, retries included.", value=cycle_counters.push_attempts
        )
        yield CounterMetricFamily("pacing_push_seconds", "Time spent in pushes.", value=cycle_counters.push_seconds_sum)
        yield _gauge("pacing_push_duration_seconds", "Duration of the newest push.", cycle_counters.push_seconds_last)
        yield from _push_time(cycle_counters.push_time)
        calculation = cycle_counters.calculation_seconds_last
        yield _gauge("pacing_calculation_seconds", "Duration of the newest calculation.", calculation)
        yield _histogram("pacing_cycle_seconds", "Whole cycles, with their push.", cycle_counters.cycle_seconds)
        yield _histogram("pacing_full_push_seconds", "Full pushes that were sent.", cycle_counters.push_seconds)
        yield _histogram(
            "pacing_handover_seconds",
            "From the last accepted push before a term of this node to its first.",
            cycle_counters.handover_seconds,
        )
        yield CounterMetricFamily(
            "pacing_cycle_overruns",
            "Cycles that lasted longer than a refresh period; the next began at once, none was made up for.",
            value=cycle_counters.overruns,
        )
        yield CounterMetricFamily(
            "pacing_target_errors", "Targets the platform refused.", value=cycle_counters.target_errors
        )
        yield _gauge(
            "pacing_push_last_accepted_timestamp_seconds",
            "Unix time of this node's newest accepted full push; 0 before the first.",
            cycle_counters.last_accepted_at,
        )

    def _targets(self) -> Iterable[Metric]:
        report = self._sources.latest_report.report
        age = self._sources.latest_report.age_seconds(boot_seconds())
        yield _gauge("pacing_targets", "Pacing targets in the newest cycle.", len(report.targets) if report else 0)
        yield _gauge("pacing_report_age_seconds", "Age of the newest cycle this node knows.", age)
        yield from self._silence()
        if report is None:
            return
        yield _gauge("pacing_refresh_period_seconds", "Refresh period of the newest cycle.", report.interval_seconds)
        yield _gauge(
            "pacing_invitations", "Invitations the newest cycle allowed.", float(report.result.invitations.sum())
        )
        yield _gauge(
            "pacing_pending_invitations", "Invitations out without disposition.", float(report.feedback.pending.sum())
        )
        counts = np.bincount(report.result.reason, minlength=len(Reason)).tolist()
        reasons = GaugeMetricFamily("pacing_targets_by_reason", "Targets by what limits them.", labels=["reason"])
        for reason in Reason:
            reasons.add_metric([reason.code], counts[reason])
        yield reasons

    def _silence(self) -> Iterable[Metric]:
        state = self._sources.cycle()
        silent = time.time() - state.silent_since if state.silent_since is not None else 0.0
        yield _gauge("pacing_silent_seconds", "How long nothing was pushed on current statistics; else 0.", silent)
        reasons = [reason.value for reason in SilenceReason]
        current = state.reason.value if state.reason is not None else ""
        yield _states("pacing_silent", "reason", "1 for the reason why nothing is pushed.", reasons, current)

    def _alarms(self) -> Iterable[Metric]:
        active = GaugeMetricFamily("pacing_alarm_active", "Active alarms by condition.", labels=["condition"])
        for condition, count in self._sources.alarms().items():
            active.add_metric([condition], count)
        yield active

    def _environment(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("pacing_statistics_server_up", "1 while connected.", labels=["server", "mode"])
        for server in self._sources.statistics():
            up.add_metric([server.name or server.address, server.mode], float(server.connected))
        yield up
        yield _gauge(
            "pacing_event_loop_lag_seconds", "How late the event loop last was.", self._sources.loop_lag_seconds()
        )
        yield _histogram(
            "pacing_event_loop_delay_seconds", "How late the event loop was, twice a second.", self._sources.loop_lag()
        )
        counters = self._sources.spans()
        spans = CounterMetricFamily("pacing_spans", "Spans of traces, by what became of them.", labels=["result"])
        spans.add_metric(["sent"], counters.sent)
        spans.add_metric(["dropped"], counters.dropped)
        yield spans
        restarted = CounterMetricFamily(
            "pacing_task_restarts", "Background tasks that failed and were begun anew.", labels=["task"]
        )
        for task, count in sorted(restarts.items()):
            restarted.add_metric([task], count)
        yield restarted
        yield _gauge("pacing_asyncio_tasks", "Tasks of the node's event loop.", _tasks())
        build = GaugeMetricFamily("pacing_build_info", "Version of the node.", labels=["version"])
        build.add_metric([_VERSION], 1.0)
        yield build

    def _resources(self) -> Iterable[Metric]:
        http, descriptors = self._sources.http, self._sources.descriptors
        yield _gauge("pacing_http_connections", "Open connections to the HTTP ports.", http.open)
        refused = CounterMetricFamily(
            "pacing_http_refused", "Connections and requests beyond a limit, by the limit.", labels=["limit"]
        )
        for limit in LimitRefusal:
            refused.add_metric([limit.value], http.refused[limit])
        yield refused
        calls = CounterMetricFamily(
            "pacing_calls_refused", "Calls refused for want of a proof or a role, by the call.", labels=["call"]
        )
        for call, times in sorted(self._sources.refused_calls.items()):
            calls.add_metric([call], times)
        yield calls
        yield _gauge("pacing_descriptors_limit", "Most file descriptors of the process.", descriptors.limit)
        yield _gauge("pacing_descriptors_reserved", "File descriptors that no caller gets.", descriptors.reserved)
        if (count := descriptors.count_open()) is not None:
            yield _gauge("pacing_descriptors_open", "File descriptors in use.", count)


def _push_time(push_time: PushTime | None) -> Iterable[Metric]:
    """What pushes take and may take; no samples on a standby, whose numbers would be of the past."""
    budget = GaugeMetricFamily("pacing_push_budget_seconds", "What the next full push may take; on the master.")
    limit = GaugeMetricFamily(
        "pacing_push_limit_seconds", "The most that lease and refresh period allow a full push; on the master."
    )
    expected = GaugeMetricFamily("pacing_push_expected_seconds", "What a full push takes, smoothed; on the master.")
    if push_time is not None:
        budget.add_metric([], push_time.budget_seconds)
        limit.add_metric([], push_time.limit_seconds)
        if push_time.expected_seconds is not None:
            expected.add_metric([], push_time.expected_seconds)
    yield from (budget, limit, expected)


def _tasks() -> int:
    """Tasks of the running loop, the scrape's own among them; 0 outside of one."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:
        return 0


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)


def _histogram(name: str, documentation: str, found: Distribution) -> HistogramMetricFamily:
    """With the exemplars of its buckets, which only OpenMetrics shows."""
    buckets: list[tuple[str, float] | tuple[str, float, Exemplar]] = [
        (bound, count) if one is None else (bound, count, Exemplar({"trace_id": one.trace_id}, one.value, one.at))
        for (bound, count), one in zip(found.buckets(), found.exemplars(), strict=True)
    ]
    return HistogramMetricFamily(name, documentation, buckets=buckets, sum_value=found.sum)


def _count_all(family: CounterMetricFamily, kinds: Iterable[StrEnum], counts: Mapping[str, int]) -> None:
    """Every kind has its series from the start: a rate needs the 0 before the first event to show it."""
    for kind in sorted(kinds):
        family.add_metric([kind.value], counts.get(kind.value, 0))


def _states(name: str, label: str, documentation: str, states: list[str], current: str) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, documentation, labels=[label])
    for state in states:
        family.add_metric([state], float(state == current))
    return family
