"""The drills on containers: what each demands, and what the command says before it harms anything."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from pacing_node.cli.app import build_app
from simulator.drill.compose_drills import DRILLS
from simulator.drill.drills import DRILLS as LOCAL
from simulator.harness.bounds import CONTAINER_SLACK_SECONDS, Bounds

BOUNDS = Bounds(4.0, 0.5, 1.0, CONTAINER_SLACK_SECONDS)


@pytest.mark.parametrize(
    ("drill", "bound", "changes", "missed_allowed"),
    [
        ("graceful", 0.5, (1, 1), False),
        ("kill", 0.5, (1, 1), False),
        ("kill-container", 5.0, (1, 1), True),
        ("pause", 5.0, (1, 1), True),
        ("disconnect", 5.0, (1, 1), True),
        ("zookeeper-leader", 1.5, (0, 0), True),
        ("platform-outage", 1.5, (0, 0), True),
        ("statistics-failover", 0.5, (0, 0), False),
        ("rolling-restart", 0.5, (1, 2), False),
    ],
)
def test_what_each_drill_demands_of_a_session_of_4_s_a_tick_of_half_and_a_period_of_1(
    drill, bound, changes, missed_allowed
):
    demand = DRILLS[drill].demand(BOUNDS)
    assert (demand.bound_seconds, (demand.least_changes, demand.most_changes)) == (bound, changes)
    assert demand.missed_allowed is missed_allowed


def test_a_kind_of_the_same_name_demands_the_same_of_everybody():
    usual = Bounds(4.0, 0.5, 1.0)
    assert len(DRILLS) == 9
    for name in DRILLS.keys() & LOCAL.keys():
        assert DRILLS[name].demand(usual) == LOCAL[name].demand(usual)


def test_what_goes_with_a_cluster_of_ones_own_does_not_go_with_containers(tmp_path):
    for words in (["--failsafe"], ["--directory", str(tmp_path)], ["--cluster", "http://127.0.0.1:1"]):
        result = CliRunner().invoke(build_app(), ["drill", "kill", "--target", "compose", *words])
        assert result.exit_code == 2
        assert "do not go with --target compose" in " ".join(result.output.replace("│", " ").split())


def test_without_an_engine_one_line_says_so(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    result = CliRunner().invoke(build_app(), ["drill", "kill", "--target", "compose"])
    assert result.exit_code == 1
    assert result.output.startswith("pacing: no container engine answers")
