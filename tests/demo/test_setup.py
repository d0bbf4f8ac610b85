"""Setting up: which ZooKeeper is picked, what is said when there is none, and what the make targets pass on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command, **environment):
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def no_zookeeper(tmp_path):
    """An environment in which neither Java nor a container engine nor the system's packages are to be found."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "id"):
        (tools / name).symlink_to(shutil.which(name))
    return {"PATH": str(tools), "PACING_TEST_ZOOKEEPER": "", "DOCKER_HOST": "tcp://127.0.0.1:1"}


def test_a_given_zookeeper_is_picked_and_nothing_is_installed():
    result = run("scripts/setup_zookeeper.sh", "--required", PACING_TEST_ZOOKEEPER="127.0.0.1:2181")
    assert result.returncode == 0
    assert result.stdout.startswith("ZooKeeper: running ZooKeeper at 127.0.0.1:2181")


def test_a_given_zookeeper_that_makes_no_sense_is_an_error_for_tests():
    result = run("scripts/setup_zookeeper.sh", "--required", PACING_TEST_ZOOKEEPER="nonsense")
    assert result.returncode == 1
    assert "PACING_TEST_ZOOKEEPER=nonsense" in result.stderr


@pytest.mark.parametrize(("arguments", "status"), [((), 0), (("--required",), 1)])
def test_without_any_one_line_says_what_to_install_and_only_tests_fail(no_zookeeper, arguments, status):
    result = run("scripts/setup_zookeeper.sh", *arguments, **no_zookeeper)
    assert result.returncode == status
    [line] = result.stderr.splitlines()
    assert "Install one of" in line
    assert result.stdout == ""


def test_make_passes_the_options_of_the_demonstration_on():
    result = run("make", "-n", "demo", "DURATION=45", "KILL_MASTER_AT=20", "REPORT=r.json", "SCENARIO=bank", "NODES=5")
    line = next(line for line in result.stdout.splitlines() if "pacing demo" in line)
    wanted = "--duration 45 --kill-master-at 20 --report r.json --scenario bank --nodes 5"
    assert line.split("pacing demo ")[1].split() == wanted.split()


def test_make_without_options_passes_none():
    line = next(line for line in run("make", "-n", "demo").stdout.splitlines() if "pacing demo" in line)
    assert line.rstrip().endswith("pacing demo")


def test_every_target_of_the_makefile_is_listed_by_help():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"setup-tests"}
    listed = {line.split()[0] for line in run("make", "help").stdout.splitlines() if line.startswith("  ")}
    assert listed == targets


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "scripts").glob("*.sh")))
def test_scripts_are_valid_shell(script):
    assert run("bash", "-n", f"scripts/{script}").returncode == 0
