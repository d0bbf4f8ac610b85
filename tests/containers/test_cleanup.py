"""Whatever becomes of a test, its compose project goes with it. Before the other projects: two at once are much."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.containers.project import PROJECT, project
from tests.deployment.queries import ROOT
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]
_BRINGS_UP = """
import json, sys
from tests.containers.project import project
with project(json.loads(sys.argv[1]), name="pacing-killed"):
    pass
"""


def test_everything_is_gone_afterwards(engine: Any, images: dict[str, str]) -> None:
    with project(images) as up:
        assert engine.containers.list(all=True, filters={"label": f"{PROJECT}={up.name}"})
    label = {"label": f"{PROJECT}={up.name}"}
    assert not engine.containers.list(all=True, filters=label)
    assert not engine.networks.list(filters=label)
    assert not engine.volumes.list(filters=label)


def test_nothing_stays_when_the_test_is_killed_while_the_project_comes_up(engine: Any, images: dict[str, str]) -> None:
    label = {"label": PROJECT}
    others = {each.id for each in engine.containers.list(all=True, filters=label)}

    def left() -> list[str]:
        containers = engine.containers.list(all=True, filters=label, ignore_removed=True)
        return [each.id for each in containers if each.id not in others]

    command = [sys.executable, "-c", _BRINGS_UP, json.dumps(images)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        until_blocking(left, "its first containers are there")
        child.kill()
    until_blocking(lambda: not left(), "all are gone", seconds=90, state=left)
    # Compose, which it had started, may make more until it notices.
    guards = f"simulator.harness.container_guard {PROJECT}=pacing-killed-"
    until_blocking(lambda: guards not in running_commands(), "its guard has ended", seconds=90)
    assert left() == []


def running_commands() -> str:
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            commands.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(commands)
