"""Alarms of running nodes against the simulated centre: raised once, cleared once, also across a hand-over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cluster.clock import boot_seconds
from pacing_node.node import Node
from pacing_node.options.node_options import load_node_options
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from tests.support.waiting import still, until

FAILED, REFUSED, INVALID = "PacingRequestsFailed", "PacingResponseTargetError", "PacingResponseValidationError"


OF_THE_MACHINE = frozenset({"GC Latency", "Heap Memory Usage", "EventLoopLag", "PushNearLimit"})


class Site:
    """A simulated centre, and nodes that pace it every second."""

    def __init__(self, folder: Path, simulator: Simulator, client: httpx.AsyncClient) -> None:
        self._folder = folder
        self._client = client
        self.addresses = simulator.addresses
        self.centre = self.addresses["http"]
        self.nodes: dict[str, Node] = {}

    def options(self, **sections: Any) -> dict[str, Any]:
        return {
            "pacing": {"refreshPeriod": 1},
            "configServer": {"kind": "bridge", "primary": self.addresses["configuration"]},
            "statServer": self.addresses["statistics"],
            "alarms": {
                "webhook": f"{self.centre}/simulator/alarms",
                "detectionTime": 0,
                "clearanceTime": 1,
                "requestsFailed": 2,
                "targetErrors": 2,
                # A machine under test is slow at times; its alarms are not what is looked at here.
                "disabled": "gcLatency, heapMemory, eventLoopLag, noMaster, pushTime",
            },
        } | sections

    async def start(self, name: str, zookeeper: Any = "none", **sections: Any) -> Node:
        seed, file = self._folder / "cluster.yaml", self._folder / f"{name}.yaml"
        seed.write_text(yaml.safe_dump(self.options(**sections)))
        node_options = {
            "name": name,
            "cluster": "demo",
            "host": "127.0.0.1",
            "bind": "127.0.0.1",
            "ports": {"default": 0, "clustering": 0},
            "zookeeper": zookeeper,
            "state_directory": str(self._folder / name),
            "seed": str(seed),
        }
        file.write_text(yaml.safe_dump(node_options))
        self.nodes[name] = node = Node(load_node_options(file, {}))
        await node.start()
        return node

    async def stop(self, name: str) -> None:
        await self.nodes.pop(name).stop()

    async def misbehave(self, **fault: Any) -> int:
        answer = await self._client.post(f"{self.centre}/simulator/faults", json=fault)
        return int(answer.raise_for_status().json()["number"])

    async def behave(self) -> None:
        await self._client.delete(f"{self.centre}/simulator/faults")

    async def events(self) -> list[tuple[str, str, str]]:
        """What the webhook was told so far, but for what a node has raised of a slow machine before it had options."""
        told = [body for body in await self.bodies() if body["condition"] not in OF_THE_MACHINE]
        return [(body["event"], body["condition"], body["sent_by"]) for body in told]

    async def bodies(self) -> list[dict[str, Any]]:
        """All that the webhook was told so far."""
        entries = (await self._client.get(f"{self.centre}/simulator/alarms")).json()["alarms"]
        return [entry["body"] for entry in entries]

    async def told_in_all(self, number: int) -> bool:
        return len(await self.events()) == number

    async def told(self, wanted: Callable[[list[tuple[str, str, str]]], bool]) -> list[tuple[str, str, str]]:
        """What the webhook was told, as soon as it is what the test waits for."""
        found: list[tuple[str, str, str]] = []

        async def asked() -> bool:
            found[:] = await self.events()
            return wanted(found)

        await until(asked, state=lambda: found)
        return found

    async def page(self, node: Node, path: str) -> httpx.Response:
        address = node.member.info.http
        return await self._client.get(f"http://{address}{path}")

    async def alarms(self, node: Node) -> dict[str, Any]:
        """The page `/alarms`, but for what tells of a slow machine."""
        page: dict[str, Any] = (await self.page(node, "/alarms")).json()
        return page | {"active": [alarm for alarm in page["active"] if alarm["condition"] not in OF_THE_MACHINE]}

    async def pacing(self, node: Node) -> None:
        """Wait until a push of this node was accepted."""
        await until(
            lambda: bool(node.latest_report.report and node.latest_report.report.pushed and node.member.mastership.term)
        )


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with (
        Simulator(load_scenario("demo"), SimulatorOptions()) as simulator,
        httpx.AsyncClient(trust_env=False, timeout=10) as client,
    ):
        made = Site(tmp_path, simulator, client)
        try:
            yield made
        finally:
            for name in list(made.nodes):
                await made.stop(name)


async def test_a_platform_that_fails_raises_one_alarm_that_pages_and_metrics_show_until_it_is_well(site: Site) -> None:
    node = await site.start("n1")
    await site.pacing(node)
    quiet = await site.alarms(node)

    await site.misbehave(kind="status", status=503)
    await site.told(lambda events: len(events) >= 1)
    during = await site.alarms(node)
    metrics = (await site.page(node, "/metrics")).text
    await site.behave()
    events = await site.told(lambda events: len(events) >= 2)
    await still(lambda: site.told_in_all(2), 2.0)
    after = await site.alarms(node)

    assert quiet["active"] == []
    assert [(alarm["condition"], alarm["object"]) for alarm in during["active"]] == [(FAILED, "engagement platform")]
    assert "503" in during["active"][0]["text"]
    assert 'pacing_alarm_active{condition="PacingRequestsFailed"} 1.0' in metrics
    assert 'pacing_alarm_active{condition="StatisticsStale"} 0.0' in metrics
    assert events == [("raised", FAILED, "n1"), ("cleared", FAILED, "n1")]
    assert after["active"] == []
    assert after["receivers"][0]["delivered"] == len(await site.bodies())


async def test_cycles_that_fail_are_an_alarm_end_readiness_and_are_the_reason_of_silence(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = await site.start("n1")
    await site.pacing(node)
    assert node.statistics is not None

    def broken(_: float) -> object:
        raise ValueError("a bug in the statistics")

    with monkeypatch.context() as patched:
        patched.setattr(node.statistics, "snapshot", broken)
        await site.told(lambda events: ("raised", "CycleFailed", "n1") in events)
        alarm = (await site.alarms(node))["active"][0]
        readiness = await site.page(node, "/readiness")

        async def silent() -> bool:
            page = (await site.page(node, "/targets")).json()
            return page["cycle"]["reason"] == "cycle_failed" and "a bug in the statistics" in page["cycle"]["text"]

        await until(silent)
    await until(lambda: node.latest_report.age_seconds(boot_seconds()) < 1.0)
    mended = await site.page(node, "/readiness")
    await site.told(lambda events: ("cleared", "CycleFailed", "n1") in events)

    assert alarm["text"] == "ValueError: a bug in the statistics"
    assert readiness.status_code == 503
    assert "ValueError: a bug in the statistics" in readiness.json()["missing"][0]
    assert (mended.status_code, mended.json()["cycle"]["silent_since"]) == (200, None)


async def test_refused_targets_and_replies_that_do_not_fit_have_alarms_of_their_own(site: Site) -> None:
    node = await site.start("n1")
    await site.pacing(node)
    assert node.latest_report.report is not None
    target = node.latest_report.report.targets[0]

    await site.misbehave(kind="target_errors", targets=[target])
    await site.told(lambda events: len(events) >= 1)
    refused = (await site.alarms(node))["active"]
    await site.behave()
    await site.told(lambda events: len(events) >= 2)
    await site.misbehave(kind="garble", how="wrong_types")
    await site.told(lambda events: len(events) >= 3)
    await site.behave()
    events = await site.told(lambda events: len(events) >= 4)

    assert [(alarm["condition"], alarm["object"]) for alarm in refused] == [(REFUSED, target)]
    assert [event[:2] for event in events] == [
        ("raised", REFUSED),
        ("cleared", REFUSED),
        ("raised", INVALID),
        ("cleared", INVALID),
    ]


async def test_series_of_single_targets_can_be_switched_off(site: Site) -> None:
    node = await site.start("n1", metrics={"perTarget": "true"})
    await site.pacing(node)
    assert node.latest_report.report is not None
    name = node.latest_report.report.targets[0]
    shown = (await site.page(node, "/metrics")).text
    changed = yaml.safe_dump(site.options(metrics={"perTarget": "false"}))
    await node.member.documents.write(changed.encode(), 0)

    async def without_series() -> str | None:
        shown = (await site.page(node, "/metrics")).text
        return None if "pacing_target_ready" in shown else shown

    hidden = await until(without_series)

    for series in ("invitations", "pending", "ready", "busy"):
        assert f'pacing_target_{series}{{target="{name}"}} ' in shown
    assert "pacing_targets " in hidden


@pytest.mark.ensemble
async def test_the_next_master_clears_what_the_one_before_raised(site: Site, zookeeper_hosts: str) -> None:
    hosts, _, root = zookeeper_hosts.partition("/")
    zookeeper = {"hosts": hosts, "root": f"/{root}", "session_timeout_seconds": 4}
    first = await site.start("n1", zookeeper)
    await site.pacing(first)
    second = await site.start("n2", zookeeper)
    await until(lambda: second.latest_report.report is not None)

    await site.misbehave(kind="status", status=500)
    await site.told(lambda events: len(events) >= 1)
    await site.stop("n1")
    await until(lambda: second.member.mastership.term is not None)
    await still(lambda: site.told_in_all(1), 4.0)  # nothing is raised anew
    during = (await site.page(second, "/alarms")).json()["active"]
    await site.behave()
    events = await site.told(lambda events: len(events) >= 2)
    await still(lambda: site.told_in_all(2), 2.0)

    assert [(alarm["condition"], alarm["raised_by"]) for alarm in during] == [(FAILED, "n1")]
    assert events == [("raised", FAILED, "n1"), ("cleared", FAILED, "n2")]
