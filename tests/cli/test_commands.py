"""Commands ask a node over a real socket and print tables or JSON; every failure is one line and an exit status."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from cluster.clock import boot_seconds
from pacing_node.algorithms.model import Reason
from pacing_node.api.app import NodeView, build_app
from pacing_node.api.http_server import HttpServer
from pacing_node.api.metrics import MetricSources, NodeCollector
from pacing_node.cli.app import build_app as build_command
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.targets import TargetSet
from tests.support.cycle_parts import FakeMastership, report, target

MEMBER = {
    "name": "node-1",
    "role": "master",
    "state": "serving",
    "epoch": 7,
    "lease_left_seconds": 2.5,
    "zookeeper": "connected",
    "session_timeout_seconds": 4.0,
    "version": "0.1.0",
    "started_at": 0.0,
    "http": "127.0.0.1:8080",
    "clustering": "127.0.0.1:7800",
    "last_record": None,
    "reachable": True,
    "error": None,
}
SILENT = {**MEMBER, "name": "node-2", "role": None, "state": "", "reachable": False, "error": "deadline exceeded"}
TERM = {
    "epoch": 7,
    "node": "node-1",
    "began_at": 0.0,
    "previous": "node-2",
    "ended_at": None,
    "cause": None,
    "gap_seconds": 0.05,
}

Run = Callable[..., Awaitable[Result]]


class Page:
    """What the node of a test answers at `/cluster`."""

    def __init__(self) -> None:
        self.cluster: dict[str, Any] = {
            "cluster": "demo",
            "cluster_id": "c",
            "mode": "zookeeper",
            "answered_by": "node-1",
            "master": "node-1",
            "epoch": 7,
            "members": [MEMBER, SILENT],
            "history": [TERM],
        }


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def latest_report() -> LatestReport:
    return LatestReport()


@pytest.fixture
async def run(page: Page, latest_report: LatestReport) -> AsyncIterator[Run]:
    """Run a command against a node that knows two targets."""
    plan, mastership = Plan(), FakeMastership()
    plan.use_settings(CycleSettings())
    plan.use_targets(TargetSet("1", (target("A"), target("B"))))
    reasons = np.array([Reason.AGENTS_AVAILABLE, Reason.NO_AGENTS_LOGGED_IN])
    latest_report.post(report("A - chat", "B - chat", reason=reasons), boot_seconds())

    async def cluster_page() -> dict[str, Any]:
        return page.cluster

    sources = MetricSources(
        lambda: mastership.status, dict[str, int], tuple, lambda: 0.0, latest_report, CycleCounters()
    )

    async def history(limit: int) -> list[dict[str, Any]]:
        return [TERM][:limit]

    view = NodeView(
        mastership, latest_report, plan, lambda: None, NodeCollector(sources), cluster_page, list[str], history=history
    )
    server = HttpServer("127.0.0.1", 0)
    await server.start(build_app(view))

    async def invoke(*arguments: str) -> Result:
        command = [*arguments, "--url", f"http://127.0.0.1:{server.port}"]
        return await asyncio.to_thread(CliRunner().invoke, build_command(), command)

    yield invoke
    await server.stop()


async def test_list_shows_members_and_the_newest_term(run: Run) -> None:
    result = await run("list")
    assert result.exit_code == 0
    assert "master node-1 · epoch 7" in result.stdout
    assert "not reachable: deadline exceeded" in result.stdout
    assert "epoch 7: node-1 since 00:00:00 UTC, 0.05 s after node-2" in result.stdout


async def test_list_as_json_is_the_page_itself(run: Run, page: Page) -> None:
    shown = json.loads((await run("list", "--output", "json")).stdout)
    assert shown.pop("cycle")["silent_since"] is None
    assert shown == page.cluster


async def test_a_standalone_node_is_called_so(run: Run, page: Page) -> None:
    page.cluster |= {"mode": "standalone", "members": [MEMBER], "history": []}
    assert "standalone" in (await run("list")).stdout
    refused = await run("step-down")
    assert refused.exit_code == 1
    assert "runs alone" in refused.stderr


async def test_history_lists_terms_with_cause_and_gap(run: Run) -> None:
    result = await run("history")
    assert "1970-01-01 00:00:00.000" in result.stdout
    assert "0.050 s" in result.stdout
    assert json.loads((await run("history", "--output", "json")).stdout)["history"] == [TERM]


@pytest.mark.parametrize("odd", ["x", 1e300, -1e300, 1767323045000, [3], {"a": 1}])
async def test_odd_times_of_a_node_are_shown_and_crash_nothing(run: Run, page: Page, odd: object) -> None:
    page.cluster["history"] = [{**TERM, "began_at": odd, "ended_at": odd, "broken": ["began_at: found it"]}]
    page.cluster["paused"] = {"by": "x", "began_at": odd, "until": odd}
    page.cluster["members"][0] = {**MEMBER, "broken": ["started_at: found it"]}
    listed = await run("list")
    assert listed.exit_code == 0
    assert "(broken entry: began_at: found it)" in listed.stdout
    assert "(broken entry: started_at: found it)" in listed.stdout
    assert f"no time: {odd}" in listed.stdout


async def test_no_word_of_success_stands_over_an_old_cycle(run: Run, latest_report: LatestReport) -> None:
    assert "accepted by the platform, " in (await run("targets")).stdout
    assert "accepted by the platform, " in (await run("explain", "A - chat")).stdout
    latest_report.post(report("A - chat", "B - chat", calculated_at=1001.0), boot_seconds() - 71.0)
    for command in (("targets",), ("explain", "A - chat"), ("list",), ("history",)):
        shown = (await run(*command)).stdout
        assert "SILENT since" in shown
        assert " s): no report of a cycle arrives from the master n1" in shown
        assert "accepted by the platform" not in shown
    explained = json.loads((await run("explain", "A - chat", "--output", "json")).stdout)
    assert explained["cycle"]["age_seconds"] >= 71.0
    assert explained["lines"][0] == "Pacing is silent: no report of a cycle arrives from the master n1."


async def test_a_pause_is_shown_in_every_listing(run: Run, page: Page) -> None:
    page.cluster |= {"paused": {"by": "night shift", "began_at": 0.0, "until": None}}
    assert "PAUSED by night shift until resumed" in (await run("list")).stdout
    page.cluster |= {"paused": {"by": "night shift", "began_at": 0.0, "until": 3600.0}, "master": None}
    listed = (await run("list")).stdout
    assert "until 1970-01-01 01:00:00 UTC" in listed
    assert "nobody takes over while the cluster is paused" in listed


async def test_a_platform_that_checks_no_tokens_is_mentioned(run: Run, page: Page) -> None:
    assert "does not check tokens" not in (await run("list")).stdout
    page.cluster |= {"fencing": "none"}
    assert "does not check tokens: a new master waits" in (await run("list")).stdout
    page.cluster |= {"fencing": "if-match"}
    assert "does not check tokens: every push is a conditional write" in (await run("list")).stdout


async def test_targets_lists_numbers_and_reasons(run: Run) -> None:
    result = await run("targets")
    assert "2 targets · SUPER_PROGRESSIVE · epoch 1 · accepted by the platform" in result.stdout
    assert "no_agents_logged_in" in result.stdout


async def test_targets_are_chosen_by_their_reason(run: Run) -> None:
    rows = json.loads((await run("targets", "--reason", "no_agents_logged_in", "--output", "json")).stdout)["targets"]
    assert [row["name"] for row in rows] == ["B - chat"]


async def test_a_reason_that_is_none_is_refused_where_no_target_has_it(run: Run) -> None:
    result = await run("targets", "--reason", "no_agents_ready")
    assert result.exit_code == 2
    assert ", no_ready_agents, " in " ".join(result.output.replace("│", " ").split())
    assert "0 of 2 targets" in (await run("targets", "--reason", "no_ready_agents")).stdout


async def test_explain_prints_the_reason_and_the_sum(run: Run) -> None:
    result = await run("explain", "B - chat")
    assert result.stdout.startswith("B - chat · no_agents_logged_in")
    assert "no agent of the target's groups is logged in" in result.stdout


async def test_explain_of_an_unknown_target_ends_with_its_own_status(run: Run) -> None:
    result = await run("explain", "Nobody")
    assert result.exit_code == 4
    assert 'unknown target "Nobody"' in result.stderr


async def test_step_down_without_a_master_says_so(run: Run, page: Page) -> None:
    page.cluster |= {"master": None}
    result = await run("step-down")
    assert result.exit_code == 4
    assert "no master" in result.stderr


async def test_step_down_of_a_master_that_does_not_answer_is_a_failure(run: Run, page: Page) -> None:
    page.cluster["members"][0] = {**MEMBER, "clustering": "127.0.0.1:1"}
    result = await run("step-down")
    assert result.exit_code == 1
    assert "node-1 did not resign" in result.stderr


async def test_top_shows_a_member_that_does_not_answer_and_asks_the_next_node(run: Run, page: Page) -> None:
    page.cluster |= {"stopped": None, "paused": None}
    result = await run("top", "--once")
    assert result.exit_code == 0, result.stderr
    assert "not reachable: deadline exceeded" in result.stdout
    assert "2 of 2 targets by invitations" in result.stdout


def test_top_of_a_node_that_does_not_answer_ends_with_its_own_status() -> None:
    result = CliRunner().invoke(build_command(), ["top", "--once", "--url", "http://127.0.0.1:1"])
    assert result.exit_code == 3
    assert result.stderr.startswith("pacing: no answer from http://127.0.0.1:1/cluster")


def test_a_node_that_does_not_answer_is_named_with_its_own_status() -> None:
    result = CliRunner().invoke(build_command(), ["list", "--url", "http://127.0.0.1:1"])
    assert result.exit_code == 3
    assert result.stderr.startswith("pacing: no answer from http://127.0.0.1:1/cluster")
    assert len(result.stderr.splitlines()) == 1


def test_every_group_of_commands_is_there() -> None:
    result = CliRunner().invoke(build_command(), ["--help"])
    for command in ("node", "list", "targets", "explain", "step-down", "simulator", "demo", "benchmark"):
        assert f" {command} " in result.stdout, command


def test_the_help_of_node_shows_every_option_with_its_variable() -> None:
    result = CliRunner().invoke(build_command(), ["node", "--help"], env={"COLUMNS": "200"})
    assert "PACING_ZOOKEEPER_SESSION_TIMEOUT_SECONDS" in result.stdout
    assert "PACING_PORTS_CLUSTERING" in result.stdout


def test_bad_options_of_a_node_are_refused_with_every_problem(tmp_path: Any) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("name: n1\nzookeeper: none\nports: {default: 99999}\nclutser: x\n")
    result = CliRunner().invoke(build_command(), ["node", "--config", str(path)], env={})
    assert result.exit_code == 2
    assert "node.yaml:3" in result.stderr
    assert "clutser" in result.stderr
