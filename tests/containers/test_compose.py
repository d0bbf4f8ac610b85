"""The compose project: up by one command, no read failed in its hand-overs, its drills passed, gone wholly."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from simulator.harness.compose_cluster import MEMBERS, NODES
from tests.containers.project import PROJECT, Project
from tests.deployment.callers import visitors
from tests.deployment.queries import DEPLOY
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]
SERVICES = {*NODES, *MEMBERS, "simulator", "haproxy", "prometheus", "secrets"}
KILL_SECONDS, LOSS_SECONDS = 0.5, 4.0 + 0.5 + 0.5
"""Session time-out, tick, and half a second."""
READS_AFTER = 20


def page(running: Project, port: str, path: str) -> Any:
    return httpx.get(f"http://{running.address(port)}{path}", trust_env=False, timeout=10.0).json()


def containers(engine: Any, running: Project) -> list[Any]:
    return list(engine.containers.list(all=True, filters={"label": f"{PROJECT}={running.name}"}))


def test_up_with_wait_is_all(running: Project, engine: Any) -> None:
    print(f"up and healthy after {running.up_seconds:.1f} s")
    states = {each.labels["com.docker.compose.service"]: each for each in containers(engine, running)}
    assert set(states) == SERVICES
    health = {name: each.attrs["State"].get("Health", {}).get("Status") for name, each in states.items()}
    assert {name for name in health if health[name] == "healthy"} >= {*NODES, *MEMBERS, "simulator"}

    def members() -> list[str]:
        listed = page(running, "OPERATORS_PORT", "/cluster")["members"]
        return sorted(member["name"] for member in listed if member["reachable"])

    until_blocking(lambda: members() == sorted(NODES), "all nodes are members", state=members)


def test_nothing_is_published_beyond_loopback_and_nothing_has_rights_it_does_not_need(
    running: Project, engine: Any
) -> None:
    for each in containers(engine, running):
        host = each.attrs["HostConfig"]
        bound = [binding["HostIp"] for bindings in (host["PortBindings"] or {}).values() for binding in bindings]
        assert set(bound) <= {"127.0.0.1"}, each.name
        assert host["ReadonlyRootfs"], each.name
        assert host["CapDrop"] == ["ALL"], each.name
        assert "no-new-privileges:true" in host["SecurityOpt"], each.name
        assert each.attrs["Config"]["User"].partition(":")[0] not in {"", "0", "root"}, each.name


def test_prometheus_scrapes_all_nodes_and_has_our_rules(running: Project) -> None:
    def scraped() -> bool:
        targets = page(running, "PROMETHEUS_PORT", "/api/v1/targets")["data"]["activeTargets"]
        return len(targets) == len(NODES) and all(each["health"] == "up" for each in targets)

    until_blocking(scraped, "all nodes are scraped")
    groups = page(running, "PROMETHEUS_PORT", "/api/v1/rules")["data"]["groups"]
    rules = [rule["name"] for group in groups for rule in group["rules"]]
    text = (DEPLOY / "prometheus" / "rules.yml").read_text()
    assert rules
    assert all(name in text for name in rules)


@pytest.mark.parametrize(
    ("drill", "bound"),
    [("kill", KILL_SECONDS), ("pause", LOSS_SECONDS), ("disconnect", LOSS_SECONDS), ("zookeeper-leader", 1.5)],
)
def test_a_drill_keeps_its_bound_and_no_read_fails_meanwhile(running: Project, drill: str, bound: float) -> None:
    with visitors(running.address("PUBLIC_PORT"), threads=2, pause=0.05) as reads:
        until_blocking(lambda: reads.answered > READS_AFTER or reads.failed, "visitors read")
        (row,) = running.verdicts(drill)
        seen = reads.answered
        until_blocking(lambda: reads.answered > seen + READS_AFTER or reads.failed, "visitors go on reading")
    print(f"{row}; {reads.answered} reads, {len(reads.failed)} failed")
    assert reads.failed == []
    assert row["accepted_out_of_order"] == 0
    assert row["bound_seconds"] == bound
    assert row["verdict"] == "pass"


def test_an_order_through_the_balancer_reaches_the_master_and_a_rolling_restart_misses_no_period(
    running: Project,
) -> None:
    with visitors(running.address("PUBLIC_PORT"), threads=2, pause=0.05) as reads:
        rows = running.verdicts("graceful") + running.verdicts("rolling-restart")
    print(f"{rows}; {reads.answered} reads, {len(reads.failed)} failed")
    assert reads.failed == []
    assert [(row["drill"], row["verdict"], row["missed_periods"]) for row in rows] == [
        ("graceful", "pass", 0),
        ("rolling-restart", "pass", 0),
    ]


def test_a_drill_that_is_not_offered_or_a_project_that_is_not_there_is_told(running: Project) -> None:
    assert "there is no drill freeze; there are" in " ".join(running.drill("freeze").stderr.split()).replace("│ ", "")
    done = Project("nobody", running.environment, running.compose, 0.0).drill("kill")
    assert done.returncode == 1
    assert "the compose project nobody has no haproxy" in done.stderr
