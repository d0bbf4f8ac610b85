"""The section ``alarms``: thresholds, receivers, and what happens when they change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import trustme

from pacing_node.alarms.conditions import CONDITIONS
from pacing_node.alarms.machine import Rule
from pacing_node.assembly.message_server import syslog_sender
from pacing_node.assembly.node_alarms import NodeAlarms, rules_of, sinks_of
from pacing_node.assembly.node_audit import NodeAudit
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.plan import Plan
from pacing_node.monitoring.cycle_watch import CycleWatch
from pacing_node.monitoring.node_readings import NodeSources
from pacing_node.options.cluster_options import ClusterOptions, parse_cluster_options, restart_needed
from pacing_node.options.errors import ConfigurationError
from tests.support.cycle_parts import FakeMastership

BASE = "configServer: {path: objects.yaml}\nstatServer: {primary: 'localhost:1'}\n"


def cluster(text: str = "") -> ClusterOptions:
    return parse_cluster_options(BASE + text, "test")


def names(options: ClusterOptions) -> list[str]:
    return [sink.name for sink in sinks_of(options, cluster="demo", host="host-1")]


def test_every_condition_has_a_rule_by_default() -> None:
    rules = rules_of(cluster().alarms)

    assert set(rules) == {condition.name for condition in CONDITIONS}
    assert rules["Heap Memory Usage"] == Rule(85.0, 68.0, 10.0, 60.0)
    assert rules["PacingRequestsFailed"] == Rule(3.0, 0.0, 0.0, 60.0)
    assert rules["CertificateExpiry"] == Rule(14.0, 14.0, falling=True)


def test_thresholds_times_and_switches_are_taken_from_the_options() -> None:
    options = cluster(
        "alarms: {heapMemory: 50, clearance: 50, detectionTime: 1, clearanceTime: 2, disabled: 'gcLatency, noMaster'}\n"
    )
    rules = rules_of(options.alarms)

    assert rules["Heap Memory Usage"] == Rule(50.0, 25.0, 1.0, 2.0)
    assert {"GC Latency", "NoMaster"}.isdisjoint(rules)


def test_without_receivers_there_is_the_log_alone() -> None:
    assert names(cluster()) == []


def test_receivers_are_those_the_options_name() -> None:
    options = cluster(
        "messageServer: {primary: 'syslog:6514', backup: '[::1]:6514', transport: udp}\n"
        "alarms: {alertmanager: 'http://alerts:9093', webhook: 'https://hooks/x?y=z', webhookToken: hush}\n"
    )

    assert names(options) == ["syslog", "alertmanager alerts:9093", "webhook hooks"]
    assert "hush" not in repr(options)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("alertmanager: alerts:9093", "http://"),
        ("webhook: 'ftp://x/'", "http://"),
        ("webhook: 'http://user:hush@x/'", "without user, password"),
        ("webhook: 'http://x y/'", "http://"),
        ("webhook: 'http://x:99999/'", "http://"),
        ("disabled: 'gcLatency,gcLatencyy'", "names of threshold options"),
        ("queue: 1", "from 10"),
        ("heapMemory: 0", "above 0"),
        ("gcLatancy: 1", "did you mean gcLatency"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        cluster(f"alarms: {{{text}}}\n")


def test_every_change_of_alarms_log_and_message_server_takes_effect_at_once() -> None:
    changed = cluster(
        "alarms: {queue: 20}\nlog: {verbose: all}\nmetrics: {perTarget: 'no'}\nmessageServer: {primary: 'a:1'}\n"
    )

    assert restart_needed(cluster(), changed) == ()


def test_tls_to_message_server_needs_readable_authorities(tmp_path: Path) -> None:
    server = cluster(
        f"messageServer: {{primary: 'a:1', transport: tls, authorities: '{tmp_path}/none.pem'}}\n"
    ).message_server
    assert server is not None

    with pytest.raises(ConfigurationError, match=r"none\.pem: found no such file or directory"):
        syslog_sender(server)


def alarms_of_a_node() -> NodeAlarms:
    sources = NodeSources(
        node="n1",
        mastership=FakeMastership(),  # type: ignore[arg-type]
        latest_report=LatestReport(),
        cycle_counters=CycleCounters(),
        watch=CycleWatch(FakeMastership(), LatestReport(), Plan()),  # type: ignore[arg-type]
        cluster="demo",
        loop_lag_seconds=lambda: 0.0,
        refused=dict,
    )
    return NodeAlarms(sources, cluster="demo", host="host-1", state_directory=None)


@pytest.fixture
def late_file(tmp_path: Path) -> tuple[Path, str]:
    """Authorities that are not there yet, and the options that name them."""
    file = tmp_path / "authorities.pem"
    return file, f"messageServer: {{primary: '127.0.0.1:1', transport: tls, authorities: '{file}'}}\n"


async def test_receivers_that_could_not_be_built_are_built_with_the_same_options_later(
    late_file: tuple[Path, str],
) -> None:
    file, wanted = late_file
    alarms = alarms_of_a_node()
    with pytest.raises(ConfigurationError, match=str(file)):
        await alarms.use(cluster(wanted))
    refused = alarms.page()["receivers"]
    file.write_bytes(trustme.CA().cert_pem.bytes())
    await alarms.use(cluster(wanted))
    built = alarms.page()["receivers"]
    await alarms.stop()

    assert (refused, [receiver["name"] for receiver in built]) == ([], ["syslog"])


async def test_the_first_receivers_that_can_be_built_do_not_wait_for_the_others(late_file: tuple[Path, str]) -> None:
    file, wanted = late_file
    wanted += "alarms: {webhook: 'http://127.0.0.1:1/'}\n"
    alarms = alarms_of_a_node()
    with pytest.raises(ConfigurationError, match=str(file)):
        await alarms.use(cluster(wanted))
    first = alarms.service.outboxes
    with pytest.raises(ConfigurationError, match=str(file)):
        await alarms.use(cluster(wanted))
    again = alarms.service.outboxes
    file.write_bytes(trustme.CA().cert_pem.bytes())
    await alarms.use(cluster(wanted))
    built = alarms.page()["receivers"]
    await alarms.stop()

    assert [outbox.name for outbox in first] == ["webhook 127.0.0.1:1"]
    assert again == first, "what is delivered meanwhile is not begun anew at each attempt"
    assert {receiver["name"] for receiver in built} == {"syslog", "webhook 127.0.0.1:1"}


async def test_events_of_the_audit_log_wait_for_authorities_that_come_late(late_file: tuple[Path, str]) -> None:
    file, wanted = late_file
    audit = NodeAudit("host-1", "n1")
    audit.offer({"outcome": "done", "what": "early"})
    with pytest.raises(ConfigurationError, match=str(file)):
        await audit.use(cluster(wanted))
    audit.offer({"outcome": "done", "what": "later"})
    file.write_bytes(trustme.CA().cert_pem.bytes())
    await audit.use(cluster(wanted))

    assert audit._outbox is not None
    assert audit._outbox.waiting == 2
    await audit.stop()


async def test_events_that_come_while_the_audit_logs_receiver_changes_wait_for_the_new_one() -> None:
    audit = NodeAudit("host-1", "n1")
    await audit.use(cluster("messageServer: {primary: '127.0.0.1:1'}\n"))
    audit.offer({"outcome": "done", "what": "for the old one, which needs a while to close"})
    changing = asyncio.create_task(audit.use(cluster("messageServer: {primary: '127.0.0.1:2'}\n")))
    await asyncio.sleep(0)
    audit.offer({"outcome": "done", "what": "meanwhile"})
    await changing

    assert audit._outbox is not None
    assert audit._outbox.waiting == 1
    await audit.stop()


async def test_receivers_that_cannot_be_built_leave_the_ones_before_in_force(tmp_path: Path) -> None:
    alarms = alarms_of_a_node()
    await alarms.use(cluster("alarms: {webhook: 'http://127.0.0.1:1/'}\n"))
    before = alarms.service.outboxes
    await alarms.use(cluster("alarms: {webhook: 'http://127.0.0.1:1/', heapMemory: 50}\n"))
    unchanged = alarms.service.outboxes
    bad = f"messageServer: {{primary: 'a:1', transport: tls, authorities: '{tmp_path}/none.pem'}}\n"
    with pytest.raises(ConfigurationError, match=r"none\.pem"):
        await alarms.use(cluster(bad))
    kept = alarms.page()["receivers"]
    await alarms.use(cluster())
    none = alarms.page()["receivers"]
    await alarms.stop()

    assert unchanged == before
    assert [receiver["name"] for receiver in kept] == ["webhook 127.0.0.1:1"]
    assert none == []
    assert set(alarms.active_counts()) == {condition.name for condition in CONDITIONS}
