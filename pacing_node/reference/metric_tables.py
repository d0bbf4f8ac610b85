"""Tables of the metrics, made from what a scrape gives."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from cluster.mastership import EndCause, LeadershipStatus, Role, ZooKeeperState
from pacing_node.alarms.conditions import CONDITIONS
from pacing_node.api.metrics import MetricSources, NodeCollector
from pacing_node.api.target_series import TargetSeries
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.report import decode
from pacing_node.engagement.platform import PushStatus
from pacing_node.reference.markdown import table
from pacing_node.rpc.cycle_pb2 import CycleRecord
from pacing_node.statistics.statistics_source import ServerHealth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric

    from pacing_node.cycle.report import CycleReport


_COLUMNS = (
    *("inbound_portion", "ready", "busy", "logged_in", "waiting", "pending"),
    *("acceptance_ratio", "handle_seconds", "disposition_seconds", "patience_seconds"),
)
"""Columns of a cycle's record."""


def tables() -> dict[str, str]:
    """Every generated table by name, in Markdown."""
    return {
        "metrics": _metric_table(NodeCollector(_sources()).collect()),
        "metrics-targets": _metric_table(text_string_to_metric_families(TargetSeries().text(_report()).decode())),
    }


def _sources() -> MetricSources:
    """A node that knows one of everything, so that each series has its labels."""
    status = LeadershipStatus(Role.MASTER, "serving", 1, 1.0, ZooKeeperState.CONNECTED, 4.0, "c", "n1")
    server = ServerHealth("statserver", "127.0.0.1:1", True, "primary", 0.1)
    latest_report = LatestReport()
    latest_report.post(_report(), 0.0)
    return MetricSources(
        status=lambda: status,
        transitions=lambda: {EndCause.RESIGNED.value: 1},
        statistics=lambda: (server,),
        loop_lag_seconds=lambda: 0.0,
        latest_report=latest_report,
        cycle_counters=CycleCounters(
            pushes=Counter({PushStatus.ACCEPTED.value: 1}), partial_pushes=Counter({PushStatus.ACCEPTED.value: 1})
        ),
        refused_calls={"StepDown": 1},
        alarms=lambda: {condition.name: 0 for condition in CONDITIONS},
    )


def _report() -> CycleReport:
    """A cycle over one target."""
    record = CycleRecord(
        epoch=1, interval_seconds=5.0, algorithm="LOOKAHEAD", targets=["Sales - chat"], invitations=[1], reason=[0]
    )
    for name in _COLUMNS:
        getattr(record, name).append(0.0)
    return decode(record.SerializeToString())


def _metric_table(families: Iterable[Metric]) -> str:
    rows = [
        (
            f"`{family.name}{'_total' if family.type == 'counter' else ''}`",
            family.type,
            ", ".join(f"`{label}`" for label in _labels(family)) or "–",
            family.documentation,
        )
        for family in families
    ]
    return table(("Metric", "Type", "Labels", "Meaning"), rows)


def _labels(family: Metric) -> list[str]:
    return list({label: None for sample in family.samples for label in sample.labels})
