"""``pacing benchmark``: rows as documented, and wrong input refused in one sentence."""

from __future__ import annotations

import json
from concurrent.futures import Future
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from simulator.benchmark.benchmark_days import STATIONARY, scenarios
from simulator.benchmark.cli import register
from simulator.benchmark.laws import LAWS

ROW = {
    "law",
    "scenario",
    "agents",
    "days",
    "busy_percent",
    "abandonment_percent",
    "days_within_goal_percent",
    "worst_30min_percent",
    "oracle_percent_of",
    "mean_wait_seconds",
}


@pytest.fixture(name="run")
def _run():
    root = typer.Typer()
    root.callback()(lambda: None)
    register(root)
    return lambda *arguments: CliRunner().invoke(root, ["benchmark", *arguments])


def test_every_law_and_scenario_of_the_plan_is_there():
    assert {"LOOKAHEAD", "SUPER_PROGRESSIVE", "PREDICTIVE_B", "one-per-ready", "fixed-ratio-2"} <= set(LAWS)
    assert {"adapt-average", "free-agents-window", "pi-over-dial"} <= set(LAWS)
    assert {"stationary", "acceptance-steps", "lag-5", "gap-state-kept", "shared-agents"} <= set(scenarios())


def test_algorithms_prints_a_row_per_law_and_number(run, monkeypatch):
    short = {"stationary": replace(STATIONARY, seconds=900.0)}
    monkeypatch.setattr("simulator.benchmark.cli.scenarios", lambda: short)
    monkeypatch.setattr("simulator.benchmark.cli.ProcessPoolExecutor", _Inline)
    done = run("algorithms", "--law", "LOOKAHEAD", "--agents", "3,10", "--days", "2", "--output", "json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["agents"] for row in rows] == [3, 10]
    assert all(set(row) >= ROW for row in rows)
    assert all(0 < row["busy_percent"] <= 100 for row in rows)
    table = run("algorithms", "--law", "LOOKAHEAD", "--agents", "3", "--days", "1")
    assert table.exit_code == 0


def test_calculation_prints_its_figures(run):
    done = run("calculation", "--targets", "200", "--output", "json")
    figures = json.loads(done.stdout)
    assert set(figures) == {"targets", "median_ms", "p95_ms", "exact_median_ms"}
    assert figures["targets"] == 200
    assert 0 < figures["median_ms"] <= figures["p95_ms"]
    assert run("calculation", "--targets", "10").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["algorithms", "--law", "MAGIC"], "unknown law MAGIC"),
        (["algorithms", "--scenario", "doomsday"], "unknown scenario doomsday"),
        (["algorithms", "--agents", "many"], "whole numbers"),
        (["algorithms", "--agents", "0"], "at least 1"),
        (["calculation", "--output", "xml"], "unknown output xml"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(run, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


class _Inline:
    """Runs jobs in this process: a test needs no pool."""

    def __init__(self, *_args, **_kwargs):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        future = Future()
        future.set_result(function(*arguments))
        return future
