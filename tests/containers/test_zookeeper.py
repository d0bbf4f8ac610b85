"""ZooKeeper in containers, where none is installed: an ensemble that is whole, harmed, and always removed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.harness.zookeeper import Ensemble, Source
from simulator.harness.zookeeper_container import LABELS
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]
START_SECONDS = 120.0
_CHILD = """
import sys, time
from pathlib import Path
from simulator.harness.zookeeper import Ensemble, Source
ensemble = Ensemble(Path("."), int(sys.argv[2]), Source("test", image=sys.argv[1]))
ensemble.start(120)
print("up", flush=True)
time.sleep(600)
"""


def left(engine: Any) -> list[Any]:
    label = {"label": [f"{key}={value}" for key, value in LABELS.items()]}
    return [*engine.containers.list(all=True, filters=label), *engine.networks.list(filters=label)]


@pytest.fixture
def source(images: dict[str, str]) -> Source:
    return Source("test", image=images["ZOOKEEPER_IMAGE"])


def test_three_members_elect_another_leader_and_the_killed_one_comes_back_with_its_data(
    source: Source, engine: Any, tmp_path: Path
) -> None:
    ensemble = Ensemble(tmp_path, 3, source)
    try:
        ensemble.start(START_SECONDS)
        leader = ensemble.leader()
        assert leader is not None
        leader.kill()
        others = [member for member in ensemble.members if member is not leader]
        until_blocking(lambda: {member.mode() for member in others} == {"leader", "follower"}, "another one leads")
        leader.start()
        ensemble.wait_ready(START_SECONDS)
        assert sorted(str(member.mode()) for member in ensemble.members) == ["follower", "follower", "leader"]
        for container in engine.containers.list(filters={"label": "agent-pacing=zookeeper"}):
            bindings = container.attrs["HostConfig"]["PortBindings"].values()
            assert {binding["HostIp"] for each in bindings for binding in each} == {"127.0.0.1"}
    finally:
        ensemble.stop()
    assert left(engine) == []


def test_nothing_stays_when_whoever_started_it_is_killed(engine: Any, source: Source, tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CHILD, str(source.image), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "up\n"
        assert len(left(engine)) == 1
        child.kill()
    until_blocking(lambda: left(engine) == [], "its container is removed")
