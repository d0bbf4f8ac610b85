"""The audit log: bounded however many calls are refused, complete in its counts, and sent out of the node."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cluster.access.audit_log import EVENT, AuditLog, Order
from cluster.access.principal import Principal, Proof
from cluster.access.refusal_budget import BURST, MOST_KINDS, RefusalBudget
from cluster.access.roles import AccessRole
from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.assembly.node_audit import NodeAudit, audit_options
from pacing_node.logs.outputs import Network
from pacing_node.options.cluster_options import ClusterOptions, parse_cluster_options
from pacing_node.options.options_store import OptionsStore
from tests.support.syslog_receiver import SyslogReceiver
from tests.support.waiting import until

BASE = "configServer: {path: objects.yaml}\nstatServer: {primary: 'localhost:1'}\n"
OPERATOR = Principal("ops (0123456789ab)", AccessRole.OPERATOR, Proof.TOKEN)


def options(port: int | None) -> ClusterOptions:
    server = f"messageServer: {{primary: '127.0.0.1:{port}'}}\nlog: {{verbose: none}}\n" if port is not None else ""
    return parse_cluster_options(BASE + server, "test")


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0.0, 5.0)), max_size=200))
def test_every_refused_call_is_written_or_counted(calls: list[tuple[str, float]]) -> None:
    budget, now, written, counted = RefusalBudget(), 0.0, 0, 0
    for kind, step in calls:
        now += step
        if budget.take(kind, now):
            written += 1
            counted += budget.uncounted(kind)
    assert written + counted + sum(budget.all_uncounted().values()) == len(calls)


@given(st.lists(st.floats(0.0, 0.1), min_size=50, max_size=300))
def test_lines_are_bounded_by_the_time_that_has_passed(steps: list[float]) -> None:
    budget, now, written = RefusalBudget(), 0.0, 0
    for step in steps:
        now += step
        written += budget.take("StepDown", now)
    assert written <= BURST + now * 0.5 + 1


def test_kinds_that_a_stranger_invents_take_no_room() -> None:
    budget = RefusalBudget()
    for number in range(10_000):
        budget.take(f"call {number}", 0.0)
    assert len(budget._left) <= MOST_KINDS + 1


async def test_one_kind_that_is_flooded_hides_no_other() -> None:
    audit = AuditLog()
    with capture_logs() as events:
        for _ in range(500):
            audit.refuse(Order("GetStatus", "10.0.0.9:1", None), "no proof")
        audit.refuse(Order("StepDown", "10.0.0.9:1", None), "no proof")
        audit.flush()
    assert [event["what"] for event in events].count("StepDown") == 1
    assert len(events) <= BURST + 3


@pytest.fixture
def silent_log() -> Iterator[None]:
    """Nothing is written: the level is above everything."""
    root, before = logging.getLogger(), logging.getLogger().level
    root.setLevel(logging.CRITICAL + 1)
    yield
    root.setLevel(before)


@pytest.mark.usefixtures("silent_log")
async def test_every_event_reaches_message_server_even_where_the_log_is_silent() -> None:
    receiver, audit, node = SyslogReceiver(), AuditLog(), NodeAudit("host-1", "node-1")
    audit.on_event.add(node.offer)
    async with receiver.listen() as port:
        audit.carried_out(
            Order("Pause", "127.0.0.1:5", OPERATOR, {"seconds": 60.0}, {"paused": False}, {"paused": True})
        )
        await node.use(options(port))
        audit.refuse(Order("StepDown", "10.0.0.9:1", None), "a wrong signature\n\x1b[2J")
        await until(lambda: len(receiver.texts) == 2)
        await node.stop()
    done, refused = receiver.texts
    assert f" {EVENT} " in done
    assert 'who="ops (0123456789ab)"' in done
    content = json.loads(done[done.index("{") :])
    assert (content["node"], content["before"], content["after"]) == ("node-1", {"paused": False}, {"paused": True})
    assert 'outcome="refused"' in refused
    assert "\x1b" not in refused


async def test_without_message_server_nothing_waits() -> None:
    node = NodeAudit("host-1", "node-1")
    node.offer({"outcome": "refused", "what": "StepDown"})
    await node.use(options(None))
    node.offer({"outcome": "refused", "what": "StepDown"})
    assert not node._early
    await node.stop()


def test_the_output_network_leaves_the_audit_log_to_its_own_way() -> None:
    queued: list[object] = []

    class Queue:
        def offer(self, item: object) -> None:
            queued.append(item)

    class Loop:
        def is_closed(self) -> bool:
            return False

        def call_soon_threadsafe(self, act, *given) -> None:
            act(*given)

    handler = Network(Queue(), "host-1", Loop())
    for event in (EVENT, "node.started"):
        handler.emit(logging.makeLogRecord({"msg": {"event": event}, "levelno": logging.INFO, "name": "cluster"}))
    assert len(queued) == 1


async def test_a_change_of_the_options_is_audited_with_versions_and_keys() -> None:
    documents, audit = LocalDocuments(None), AuditLog()
    store = OptionsStore(documents)
    store.on_change.add(lambda *change: audit_options(audit, *change))
    await documents.write(BASE.encode(), None)

    async def use(_: ClusterOptions) -> None:
        return

    with capture_logs() as events:
        following = asyncio.create_task(store.run(use))
        await until(lambda: store.version == 0)
        await documents.write((BASE + "tenant: Other\nmetrics: {perTarget: false}\n").encode(), 0)
        await until(lambda: store.version == 1)
        following.cancel()
    (event,) = (event for event in events if event["event"] == EVENT)
    assert (event["what"], event["asked"]) == ("ClusterOptions", {"changed": "tenant, metrics.perTarget"})
    assert (event["before"], event["after"]) == ({"version": 0}, {"version": 1})
