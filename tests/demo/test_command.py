"""The command `pacing demo`: its options, its exit statuses, and how it ends on a signal."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from pacing_node.algorithms import Algorithm
from pacing_node.options.cluster_options import load_cluster_options
from simulator.demo import cli
from simulator.harness.node_files import cluster_options, write_yaml
from tests.support.waiting import until_blocking

STAND_IN = Path(__file__).with_name("stand_in.py")
ON_STAND_INS = f"""
import functools, sys, typer
from simulator.demo import cli
from simulator.harness import stage, zookeeper
stage.find_zookeeper = lambda: zookeeper.Source("a running one", hosts="127.0.0.1:1")
cli.DemoOptions = functools.partial(cli.DemoOptions, well_known_ports=False)
cli.Stage = functools.partial(stage.Stage, command=lambda *words: [sys.executable, {str(STAND_IN)!r}, *words])
app = typer.Typer()
cli.register(app)
app()
"""


@pytest.fixture
def app():
    app = typer.Typer()
    cli.register(app)
    return app


@pytest.fixture
def demo(tmp_path):
    """Start the command on stand-ins, in a directory of its own and a session as a terminal gives it."""
    started = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", ON_STAND_INS, *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def processes_in(directory):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if f"{directory}/.demo".encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--duration", "20", "--kill-master-at", "20"], "below the duration of 20 s"),
        (["--duration", "0"], "--duration"),
        (["--nodes", "0"], "--nodes"),
        (["--nodes", "many"], "--nodes"),
        (["--unknown"], "--unknown"),
        (["--law", "MONTE_CARLO"], "LOOKAHEAD_DUAL"),
    ],
)
def test_options_that_make_no_sense_are_refused(app, arguments, word):
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert result.exit_code == 2
    assert word in result.output


def test_it_ends_by_itself_with_a_report(demo, tmp_path):
    process = demo("--duration", "1", "--report", "out/report.json")
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert json.loads((tmp_path / "out" / "report.json").read_text())["nodes"] == 3
    assert "3 nodes, 1 targets" in output
    assert not (tmp_path / ".demo").exists()


@pytest.mark.parametrize("law", Algorithm)
def test_every_law_makes_options_that_a_cluster_takes(tmp_path, law):
    simulator = {"objects_file": str(tmp_path / "objects.yaml"), "statistics": {"primary": "h:1", "backup": "h:2"}}
    file = tmp_path / "cluster.yaml"
    for scenario in ({}, {"pacing": {"algorithm": "LOOKAHEAD_DUAL", "proactiveRatio": 70.0}}):
        started = simulator | scenario
        write_yaml(file, cluster_options(started) | cli.with_law(law, started))
        pacing = load_cluster_options(file).pacing
        assert (pacing.algorithm, pacing.refresh_seconds) == (law, 1)
        assert pacing.proactive_ratio == ((70.0 if scenario else 50.0) if law.dual else None)


def test_the_law_that_was_asked_for_reaches_the_cluster(demo, tmp_path):
    process = demo("--duration", "1", "--keep-directory", "--law", "LOOKAHEAD_DUAL")
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    seed = yaml.safe_load((tmp_path / ".demo" / "cluster.yaml").read_text())
    assert seed["pacing"] == {"refreshPeriod": 1, "algorithm": "LOOKAHEAD_DUAL", "proactiveRatio": 50}


def test_settings_of_the_caller_do_not_reach_the_nodes(demo, tmp_path):
    process = demo("--duration", "1", "--keep-directory", PACING_NAME="mine", PACING_PORTS_DEFAULT="1")
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert "PACING_" not in (tmp_path / ".demo" / "node-1" / "log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_everything_and_leaves_nothing_behind(demo, tmp_path, number):
    process = demo()
    while "pushes accepted" not in process.stdout.readline():
        assert process.poll() is None
    assert len(processes_in(tmp_path)) >= 4
    os.killpg(process.pid, number)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert processes_in(tmp_path) == []
    assert not (tmp_path / ".demo").exists()


def test_its_children_end_even_when_it_is_killed_and_the_next_run_works(demo, tmp_path):
    process = demo()
    while "pushes accepted" not in process.stdout.readline():
        assert process.poll() is None
    process.kill()
    until_blocking(lambda: processes_in(tmp_path) == [], "all processes have ended")
    assert (tmp_path / ".demo").exists()
    again = demo("--duration", "1")
    output = again.communicate(timeout=60)[0]
    assert again.returncode == 0, output


def test_a_second_one_in_the_same_place_is_refused(demo):
    first = demo()
    assert first.stdout.readline()
    second = demo()
    assert "already running" in second.communicate(timeout=60)[0]
    assert second.returncode == 1
