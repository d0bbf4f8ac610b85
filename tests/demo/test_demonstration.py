"""A whole demonstration on stand-ins: started, watched, its master killed, reported, ended without a trace."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from pathlib import Path

import pytest

from simulator.demo.demo_options import DemoOptions
from simulator.demo.demonstration import Demonstration
from simulator.harness import stage as stage_module
from simulator.harness.directory import working_directory
from simulator.harness.harness_error import HarnessError
from simulator.harness.observation import ClusterObserver
from simulator.harness.stage import Stage
from simulator.harness.zookeeper import Source, ZooKeeperNotFoundError
from tests.support.waiting import until

STAND_IN = Path(__file__).with_name("stand_in.py")


class Notes:
    """A narrator that notes down what it is told."""

    def __init__(self):
        self.said = []
        self.scenes = []

    def say(self, event):
        self.said.append(event)

    def show(self, scene):
        self.scenes.append(scene)

    def close(self):
        self.said.append("closed")

    def has(self, word):
        return any(word in event for event in self.said)


def stand_in(*arguments):
    return [sys.executable, str(STAND_IN), *arguments]


@pytest.fixture
def with_zookeeper(monkeypatch):
    """There is a ZooKeeper somewhere else; the stand-ins do not ask it."""
    monkeypatch.setattr(stage_module, "find_zookeeper", lambda: Source("a running one", hosts="127.0.0.1:1"))


@pytest.fixture
def without_zookeeper(monkeypatch):
    def find():
        raise ZooKeeperNotFoundError("install one of these")

    monkeypatch.setattr(stage_module, "find_zookeeper", find)


async def run(options, *, stop=None, notes=None, command=stand_in):
    notes = Notes() if notes is None else notes
    stop = asyncio.Event() if stop is None else stop
    with working_directory(options.directory, keep=options.keep_directory) as place:
        stage = Stage(options, place, notes.say, command)
        try:
            return await Demonstration(options, notes, stage).run(stop), notes, stage
        finally:
            assert [name for name, node in stage.nodes.items() if node.running] == []
            for pid in (node.pid for node in stage.nodes.values() if node.pid):
                with pytest.raises(ProcessLookupError):
                    os.killpg(pid, 0)


@pytest.fixture
def options(tmp_path):
    # Ports of its own: others on this machine may take well-known ones while a node is away.
    place = tmp_path / "demo"
    return DemoOptions(directory=place, duration_seconds=1.0, startup_seconds=30.0, well_known_ports=False)


async def test_three_nodes_push_and_the_report_has_their_figures(options, with_zookeeper):
    report, notes, _ = await run(options)
    assert (report["nodes"], report["targets"], report["handovers"]) == (3, 1, [])
    assert report["pushes_accepted"] == report["cycles"] >= 5
    assert (report["busy_ratio"], report["abandonment_percent"]) == (0.7, 2.5)
    assert not options.directory.exists()
    assert all(notes.has(f"node-{number} is ready") for number in (1, 2, 3))
    assert notes.scenes[-1].seen.master in {"node-1", "node-2", "node-3"}


async def test_a_run_of_more_than_a_minute_says_how_the_goals_were_kept_after_it(options, with_zookeeper, monkeypatch):
    monkeypatch.setattr("simulator.demo.demonstration.FIRST_SECONDS", 0.5)
    report, notes, _ = await run(dataclasses.replace(options, duration_seconds=3.0))
    assert notes.has("1 of 1 targets keep their goal")
    [row] = report["after_first_minute"]["targets"]
    assert (row["target"], row["goal_percent"], row["abandoned"], row["goal_kept"]) == ("T", 5.0, 0, True)
    assert 0 < row["answered"] < report["pushes_accepted"]


async def test_a_shorter_run_says_nothing_of_goals(options, with_zookeeper):
    report, _, _ = await run(options)
    assert "after_first_minute" not in report


async def test_a_killed_master_is_succeeded_reported_and_brought_back(options, with_zookeeper, monkeypatch):
    monkeypatch.setattr("simulator.harness.keeper.RETURN_AFTER_SECONDS", 0.5)
    options = dataclasses.replace(options, duration_seconds=4.0, kill_master_at_seconds=0.5)
    report, notes, _ = await run(options)
    [handover] = report["handovers"]
    assert handover["cause"] == "process_died"
    assert {handover["from"], handover["to"]} < {"node-1", "node-2", "node-3"}
    assert handover["from"] != handover["to"]
    assert handover["epoch"] == 2
    assert 0 < handover["gap_seconds"] < 60
    assert report["nodes"] == 3
    assert notes.has(f"killed the master {handover['from']} in epoch 1")
    assert notes.has(f"{handover['from']} is started again")


async def test_without_zookeeper_a_single_node_runs_alone_and_that_is_told_loudly(options, without_zookeeper):
    report, notes, stage = await run(options)
    assert report["nodes"] == 1
    assert stage.alone
    assert notes.has("NO ZOOKEEPER")
    assert notes.has("install one of these")


async def test_a_container_that_does_not_start_counts_as_no_zookeeper(options, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    monkeypatch.setattr(stage_module, "find_zookeeper", lambda: Source("container x", image="x"))
    report, notes, stage = await run(options)
    assert report["nodes"] == 1
    assert stage.alone
    assert notes.has("NO ZOOKEEPER")
    assert notes.has("container x does not start")


async def test_a_lone_node_that_is_killed_comes_back_and_the_end_waits_for_it(options, without_zookeeper):
    report, _, _ = await run(dataclasses.replace(options, kill_master_at_seconds=0.1))
    [handover] = report["handovers"]
    assert (handover["from"], handover["to"], handover["epoch"]) == ("node-1", "node-1", 2)
    assert report["nodes"] == 1


async def test_members_do_not_count_as_there_when_nobody_answers():
    observer = ClusterObserver()
    observer.attach(["http://127.0.0.1:1"], "http://127.0.0.1:1")
    observer.seen.cluster = {"members": [{"name": "node-1", "reachable": True}]}
    observer.seen.targets = {"targets": [], "cycle": {"age_seconds": 0.2, "as_of": 5.0, "silent_since": None}}
    assert await observer.refresh() == []
    assert observer.seen.reachable == 0
    assert observer.seen.targets["cycle"] == {"age_seconds": None, "silent_since": 5.0, "text": "no node answers"}
    await observer.close()


async def test_an_early_stop_ends_everything(options, with_zookeeper):
    options = dataclasses.replace(options, duration_seconds=None)
    stop, notes = asyncio.Event(), Notes()
    running = asyncio.create_task(run(options, stop=stop, notes=notes))
    await until(lambda: notes.scenes)
    stop.set()
    report, _, _ = await running
    assert report["pushes_accepted"] >= 1
    assert not options.directory.exists()


async def test_a_stop_while_starting_ends_what_there_was(options, with_zookeeper):
    stop, notes = asyncio.Event(), Notes()
    running = asyncio.create_task(run(options, stop=stop, notes=notes))
    await until(lambda: notes.has("contact centre"))
    stop.set()
    report, _, stage = await running
    assert report is None
    assert notes.scenes == []
    assert stage.simulator_http


async def test_a_node_that_does_not_come_up_is_named_with_its_last_words(options, with_zookeeper, tmp_path):
    (tmp_path / "nodes-fail").touch()
    with pytest.raises(HarnessError, match=r"(?s)node-1 ended with status 1.*this node cannot start: the reason"):
        await run(options)
    assert not options.directory.exists()


async def test_a_simulator_that_does_not_come_up_is_named_with_its_last_words(options, with_zookeeper):
    with pytest.raises(HarnessError, match=r"(?s)simulator ended with status 1.*no such scenario"):
        await run(
            options, command=lambda *arguments: [sys.executable, "-c", "import sys; sys.exit('no such scenario')"]
        )


async def test_a_simulator_that_never_gets_ready_is_given_up(options, with_zookeeper):
    options = dataclasses.replace(options, startup_seconds=0.5)
    silent = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(HarnessError, match=r"simulator is not ready after 0\.5 s"):
        await run(options, command=lambda *arguments: silent)


async def test_nodes_that_never_push_are_given_up_with_all_logs(options, with_zookeeper):
    options = dataclasses.replace(options, startup_seconds=4.0)
    patience = "import sys, stand_in; stand_in.fcntl.flock = lambda *a: stand_in.time.sleep(60); "
    patience += "stand_in.node(dict(zip(sys.argv[2::2], sys.argv[3::2])))"

    def command(program, *arguments):
        if program == "simulator":
            return stand_in(program, *arguments)
        code = f"import sys; sys.path.insert(0, {str(STAND_IN.parent)!r}); {patience}"
        return [sys.executable, "-c", code, program, *arguments]

    with pytest.raises(HarnessError, match=r"(?s)no push was accepted within 4 s.*node-1.*node-3"):
        await run(options, command=command)


async def test_a_kept_directory_holds_configuration_and_logs(options, with_zookeeper):
    await run(dataclasses.replace(options, keep_directory=True))
    names = {str(path.relative_to(options.directory)) for path in options.directory.rglob("*") if path.is_file()}
    assert {"cluster.yaml", "simulator.log", "node-1/node.yaml", "node-3/log"} <= names


async def test_the_title_and_the_commands_lead_to_the_nodes(options, with_zookeeper, monkeypatch):
    monkeypatch.setattr(stage_module.ports, "HTTP_FROM", 28080)
    _, notes, stage = await run(dataclasses.replace(options, well_known_ports=True))
    assert notes.scenes[0].commands[0] == f"PACING_URL={stage.plans[0].http} .venv/bin/pacing list"
    assert "a running one" in notes.scenes[0].title
