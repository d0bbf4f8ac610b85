"""``pacing benchmark``: rows as documented, and wrong input refused in one sentence."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from concurrent.futures import Future
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner

from simulator.benchmark import many_runs, path_commands
from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.cli import _COLUMNS, register
from simulator.benchmark.kind_of_day import STATIONARY
from simulator.benchmark.laws import LAWS
from simulator.benchmark.missed_bounds import SIMPLE_RULES
from simulator.benchmark.times import Exponential
from terminal.tables import lines_of

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
    inline(monkeypatch, short)
    done = run("algorithms", "--law", "LOOKAHEAD", "--agents", "3,10", "--days", "2", "--output", "json")
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert [row["agents"] for row in rows] == [3, 10]
    assert all(set(row) >= ROW for row in rows)
    assert all(0 < row["busy_percent"] <= 100 for row in rows)
    table = run("algorithms", "--law", "LOOKAHEAD", "--agents", "3", "--days", "1")
    assert table.exit_code == 0


def test_check_names_every_row_that_misses_a_bound(run, monkeypatch):
    # Eighteen times as many accept from one moment to the next, and none of them waits: no law foresees that.
    steps = ((0.0, 0.05), (1200.0, 0.9))
    leap = replace(STATIONARY, name="leap", seconds=1800.0, acceptance=steps, patience=Exponential(1.0), goal=0.005)
    inline(monkeypatch, {"leap": leap})
    arguments = ("algorithms", "--scenario", "all", "--agents", "10,30", "--days", "4", "--check")
    done = run(*arguments, "-o", "json")
    assert done.exit_code == 1, done.output
    found = json.loads(done.stdout)
    assert {row["law"] for row in found["rows"]} == {"LOOKAHEAD", *SIMPLE_RULES}
    assert {miss["agents"] for miss in found["missed"]} == {10, 30}
    assert [(each["agents"], each["rule"], each["kept"]) for each in found["judged"]] == [
        (10, "goal", False),
        (30, "goal", False),
    ]
    table = run(*arguments)
    assert table.exit_code == 1
    assert "missed: leap, 30 agents, LOOKAHEAD: abandoned %" in table.stdout


def test_check_passes_where_every_bound_is_kept(run, monkeypatch):
    inline(monkeypatch, {"stationary": replace(STATIONARY, seconds=5400.0)})
    done = run("algorithms", "--agents", "30", "--days", "6", "--check")
    assert done.exit_code == 0, done.output
    assert "0 bounds missed" in done.stdout


def test_headers_fit_into_eighty_columns():
    row = ["free-agents-window/as-told", "acceptance-falls-to-a-tenth-10-min", "500", "100", *["99.99"] * 8]
    shown = list(lines_of("", _COLUMNS, [row], 80))
    assert max(map(len, shown)) <= 80
    words = " ".join(shown).split()
    assert {"law", "scenario", "agents", "busy", "abandoned", "goal", "worst"} <= set(words)


def test_progress_moves_while_a_run_goes_on(monkeypatch):
    told = []
    monkeypatch.setattr(many_runs, "scenarios", lambda: {"stationary": replace(STATIONARY, seconds=3600.0)})
    monkeypatch.setattr(many_runs, "_advance", told.append)
    many_runs.compare(many_runs.Run("one-per-ready", ("stationary",), (3,), 1, 1))
    assert len(told) == 12
    assert sum(told) == pytest.approx(1.0)


def test_calculation_prints_its_figures(run):
    done = run("calculation", "--targets", "200", "--output", "json")
    figures = json.loads(done.stdout)
    assert set(figures) == {
        *("targets", "median_ms", "p95_ms", "exact_median_ms"),
        *("one_pass_ms", "passes", "exact_passes"),
    }
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
        (["calculation", "--output", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_input_is_refused_in_one_sentence(run, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())


def inline(monkeypatch, kinds):
    """These scenarios are all there are, and they run in this process."""
    for module in ("cli", "many_runs"):
        monkeypatch.setattr(f"simulator.benchmark.{module}.scenarios", lambda: kinds)
    monkeypatch.setattr("simulator.benchmark.many_runs.ProcessPoolExecutor", _Inline)


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


def test_sigterm_ends_a_measurement_in_order(run, monkeypatch):
    ended = []

    async def measuring(_plan, **_options):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            ended.append("node and peer")

    monkeypatch.setattr(path_commands, "measure_cycles", measuring)
    done = run("cycle")
    assert (done.exit_code, done.output, ended) == (128 + signal.SIGTERM, "", ["node and peer"])
