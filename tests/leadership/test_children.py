"""Child processes of the demo and the tests end with their parent, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.harness import zookeeper
from tests.support.waiting import until_blocking

PARENT = """
import sys, time
from pathlib import Path
from simulator.harness.children import start_child
child = start_child(["sleep", "600"], log=Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signals are Linux's")
def test_a_child_is_gone_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdout.close()
    os.kill(child, 0)
    parent.kill()
    parent.wait()
    try:
        until_blocking(lambda: gone(child), "the child is gone")
    except AssertionError:
        os.kill(child, signal.SIGKILL)
        raise


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_hosts_in_the_variable_are_used_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(zookeeper.VARIABLE, "zk1:2181,zk2:2181")
    ensemble = zookeeper.Ensemble(tmp_path)
    assert ensemble.hosts == "zk1:2181,zk2:2181"
    assert not ensemble.controllable


def test_a_directory_without_zookeeper_in_the_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(zookeeper.VARIABLE, str(tmp_path))
    with pytest.raises(zookeeper.ZooKeeperNotFoundError, match="neither host:port"):
        zookeeper.find_zookeeper()


def test_a_distribution_directory_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    jar = tmp_path / "lib" / "zookeeper-3.9.3.jar"
    jar.touch()
    monkeypatch.setenv(zookeeper.VARIABLE, str(tmp_path))
    if zookeeper.shutil.which("java") is None:
        pytest.skip("no Java runtime")
    assert zookeeper.find_zookeeper().classpath == str(jar)


def test_without_any_zookeeper_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(zookeeper.VARIABLE, raising=False)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(zookeeper.ZooKeeperNotFoundError, match="default-jre-headless"):
        zookeeper.find_zookeeper()
