"""Cycles, pushes and orders are traced when a collector is named; one that is away costs nothing but its spans."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
from collections.abc import Callable

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from cluster.tracing import span, trace_headers, trace_id
from pacing_node.assembly.node_telemetry import NodeTelemetry
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.pacer import Pacer
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.delivery import span_export
from pacing_node.delivery.span_transport import transport_to
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.http_client.client import public_authorities
from tests.support.api_site import ApiSite
from tests.support.cycle_parts import FakeMastership, FakeStatistics, FakeTerm, snapshot, target_set
from tests.support.engagement_platform import platform_running, settings
from tests.support.listening import listening
from tests.support.trace_collector import attributes, telemetry_options, traced
from tests.support.waiting import until


async def test_a_cycle_is_a_trace_that_the_platform_can_continue() -> None:
    mastership, plan = FakeMastership(), Plan()
    plan.use_settings(CycleSettings())
    plan.use_targets(target_set("A", "B"))
    async with traced() as (_, collector), platform_running() as platform:
        engagement = BulkPlatform(settings(platform.url))
        pacer = Pacer(
            mastership=mastership,
            statistics=FakeStatistics(snapshot(2)),
            platform=engagement,
            plan=plan,
            latest_report=LatestReport(),
            share=lambda *_: None,
        )
        task = asyncio.ensure_future(pacer.run())
        mastership.give(FakeTerm(3))
        await until(lambda: bool(collector.named("cycle")))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await engagement.close()
    cycle = collector.named("cycle")[0]
    assert attributes(cycle) == {"pacing.epoch": 3}
    traces = {each.trace_id.hex() for each in collector.named("cycle")}
    for measured in (pacer.cycle_counters.cycle_seconds, pacer.cycle_counters.push_seconds):
        named = {each.trace_id for each in measured.exemplars() if each}
        assert named
        assert named <= traces
    steps = [each.name for each in collector.spans if each.parent_span_id == cycle.span_id]
    assert steps == ["cycle.snapshot", "cycle.calculation", "cycle.push", "cycle.share"]
    push, part = collector.named("cycle.push")[0], collector.named("push.part")[0]
    assert part.parent_span_id == push.span_id
    assert (attributes(push)["pacing.result"], attributes(part)["pacing.status"]) == ("accepted", 200)
    headers, _ = platform.requests[0]
    parent, _, flags = headers["traceparent"].rpartition("-")
    assert parent == f"00-{cycle.trace_id.hex()}-{part.span_id.hex()}"
    assert int(flags, 16) & 1, "sampled"
    assert collector.resources[0] == {
        "service.name": "agent-pacing",
        "service.version": "1.0",
        "service.instance.id": "n1",
        "pacing.cluster": "site",
    }


async def test_an_order_is_a_trace_and_one_that_fails_says_so_without_its_text() -> None:
    site = ApiSite()
    site.pace()
    async with traced() as (_, collector), site.client() as client:
        path = "/api/v1/orders/step-down"
        assert (await client.post(path, json={"why": "a drill", "to": "n2"})).status_code == 200
        site.member.failure = httpx.ConnectError("geheim")
        with capture_logs():
            await asyncio.gather(client.post(path, json={"why": "a drill"}), return_exceptions=True)
        await until(lambda: len(collector.named("order")) == 2)
    done, failed = collector.named("order")
    assert attributes(done) == {"pacing.operation": "stepDown", "pacing.role": "admin", "pacing.port": "default"}
    assert (done.status.code, failed.status.code, failed.status.message) == (0, 2, "ConnectError")
    assert "geheim" not in str(failed)


async def test_without_a_collector_nothing_is_traced_or_loaded() -> None:
    telemetry = NodeTelemetry("n1", "site", "1.0")
    await telemetry.use(telemetry_options())
    with span("cycle"):
        assert trace_headers() == {}
    said = subprocess.run(
        [sys.executable, "-c", "import sys, pacing_node.node; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    )
    assert not [name for name in said.stdout.split() if name.startswith("opentelemetry.sdk")]


@pytest.mark.parametrize("over_grpc", [False, True], ids=["http", "grpc"])
async def test_a_collector_that_is_away_is_logged_once_and_its_spans_are_counted(
    monkeypatch: pytest.MonkeyPatch, over_grpc: bool
) -> None:
    monkeypatch.setattr(span_export, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(span_export, "LONGEST_PAUSE_SECONDS", 0.01)
    structlog.configure(cache_logger_on_first_use=False)
    with capture_logs() as logs:
        async with traced(over_grpc=over_grpc) as (telemetry, collector):
            collector.status = "503 Not now"
            for lost in range(1, 4):
                with span("cycle"):
                    pass
                await until(counted(lambda: telemetry.counters.dropped, lost))
            collector.status = "200 OK"
            with span("cycle"):
                pass
            await until(counted(lambda: telemetry.counters.sent, 1))
    events = [each["event"] for each in logs if each["event"].startswith("telemetry.")]
    assert events == ["telemetry.collector_unreachable", "telemetry.collector_reached"]
    assert len(collector.spans) == 1
    errors = {entry["error"] for entry in logs if entry["event"] == "telemetry.collector_unreachable"}
    assert errors == {"UNAVAILABLE: 503 Not now" if over_grpc else "the collector answered 503"}


async def test_a_collector_over_grpc_that_is_not_there_or_says_nothing_holds_up_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(span_export, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("pacing_node.assembly.node_telemetry.LAST_SECONDS", 0.2)

    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(say_nothing) as silent:
        for port in (1, silent.port):
            telemetry = NodeTelemetry("n1", "site", "1.0")
            await telemetry.use(telemetry_options(f"otlp: 'http://127.0.0.1:{port}', protocol: grpc"))
            with capture_logs(), span("cycle"):
                pass
            await until(counted(functools.partial(dropped, telemetry), 1))
            await telemetry.stop()


async def test_authorities_over_grpc_are_those_of_http() -> None:
    assert len(public_authorities().get_ca_certs(binary_form=True)) > 50
    async with transport_to("https://127.0.0.1:1", 0.5, over_grpc=True) as transport:
        assert (await transport.send(b"")).startswith(("UNAVAILABLE: ", "DEADLINE_EXCEEDED: "))


def dropped(telemetry: NodeTelemetry) -> int:
    return telemetry.counters.dropped


def counted(count: Callable[[], int], wanted: int) -> Callable[[], bool]:
    return lambda: count() == wanted


async def test_spans_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_export, "CAPACITY", 3)
    async with traced() as (telemetry, collector):
        for _ in range(5):
            with span("cycle"):
                pass
        assert telemetry.counters.dropped == 2
    assert len(collector.spans) == 3, "the last spans of a node are sent when it stops"


async def test_a_share_of_the_traces_is_kept() -> None:
    async with traced(", sampleRatio: 0") as (_, collector):
        with span("cycle"):
            assert not int(trace_headers()["traceparent"].rpartition("-")[2], 16) & 1, "not sampled"
            assert trace_id() == "", "nothing can be looked up by it"
    assert collector.spans == []
    async with traced() as (_, collector):
        with span("cycle"):
            named = trace_id()
    assert [each.trace_id.hex() for each in collector.spans] == [named]
