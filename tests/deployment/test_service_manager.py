"""systemd is told when a node answers, what it is, and that it lives; its unit leaves little to do harm with."""

from __future__ import annotations

import asyncio
import configparser
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cluster.mastership import LeadershipStatus, Role, ZooKeeperState
from pacing_node.runtime.service_manager import ServiceManager
from simulator.harness import ports
from simulator.harness.processes import DemoProcess, pacing_command
from tests.deployment.queries import DEPLOY
from tests.support.packages import program
from tests.support.waiting import until, until_blocking

UNIT = DEPLOY / "systemd" / "agent-pacing.service"
HIGHEST_EXPOSURE = 2.0
STATUS = LeadershipStatus(Role.MASTER, "serving", 3, 1.0, ZooKeeperState.CONNECTED, 4.0, "c", "only")
TOLD = "STATUS=master, serving, epoch 3, ZooKeeper connected"


class Manager:
    """The side that listens."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)
        self.told: list[str] = []

    def has(self, words: str) -> bool:
        """Whether a line with these words has come."""
        while True:
            try:
                self.told += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return any(re.fullmatch(words, line) for line in self.told)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    listening = Manager(str(tmp_path / "notify"))
    yield listening
    listening.socket.close()


@pytest.mark.skipif(sys.platform != "linux", reason="abstract addresses are Linux's")
async def test_an_address_that_begins_with_at_is_abstract() -> None:
    name = f"pacing-test-{os.getpid()}"
    listening = Manager(f"\0{name}")
    running = asyncio.create_task(ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).run(lambda: STATUS))
    await until(lambda: listening.has("READY=1"))
    running.cancel()
    listening.socket.close()


async def test_signs_of_life_come_as_often_as_the_manager_needs_them(manager: Manager) -> None:
    environment = {"NOTIFY_SOCKET": manager.socket.getsockname(), "WATCHDOG_USEC": "60000"}
    running = asyncio.create_task(ServiceManager(environment).run(lambda: STATUS))
    await until(lambda: manager.has(TOLD) and manager.told.count("WATCHDOG=1") > 3)
    running.cancel()


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getppid())}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, None if os.getppid() != 1 else 15.0),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdogs_time_counts_for_this_process_and_the_one_under_a_supervisor(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert ServiceManager(environment).watchdog_seconds == seconds


async def test_a_manager_that_is_gone_disturbs_nothing(tmp_path: Path) -> None:
    gone = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(gone.run(lambda: STATUS), 0.01)


def test_a_real_node_says_that_it_is_ready_what_it_is_and_that_it_stops(manager: Manager, tmp_path: Path) -> None:
    http, clustering = ports.choose_quiet(2)
    options = {"name": "only", "zookeeper": "none", "ports": {"default": http, "clustering": clustering}}
    (tmp_path / "node.yaml").write_text(yaml.safe_dump(options | {"state_directory": str(tmp_path / "state")}))
    # As systemd starts it: the variables name the supervisor, which is the main process.
    said = ["env", f"NOTIFY_SOCKET={manager.socket.getsockname()}", "WATCHDOG_USEC=900000"]
    command = [*said, *pacing_command("node", "--config", str(tmp_path / "node.yaml"))]
    node = DemoProcess("only", command, tmp_path / "log")
    node.start()
    try:
        until_blocking(lambda: manager.has("READY=1"), "the node is ready", state=node.tail)
        until_blocking(lambda: manager.has("STATUS=.*standalone"), "it says what it is", state=node.tail)
        until_blocking(lambda: manager.has("WATCHDOG=1"), "it gives signs of life", state=node.tail)
        assert not manager.has("STOPPING=1")
        node.terminate()
        until_blocking(lambda: manager.has("STOPPING=1"), "it says that it stops", state=node.tail)
    finally:
        node.kill_session()


def unit() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser["Service"]


def test_the_unit_is_of_the_kind_that_the_node_speaks_and_does_not_repeat_refused_options() -> None:
    service = unit()
    assert (service["Type"], service["NotifyAccess"], service["KillMode"]) == ("notify", "all", "mixed")
    assert float(service["WatchdogSec"]) > 0
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", "2")


def test_the_unit_exposes_little() -> None:
    """Judged by systemd itself where it is there; the directives are looked at everywhere."""
    service = unit()
    on = ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "MemoryDenyWriteExecute", "LockPersonality")
    assert [name for name in on if service[name] != "yes"] == []
    assert (service["ProtectSystem"], service["CapabilityBoundingSet"], service["User"]) == (
        "strict",
        "",
        "agent-pacing",
    )
    # A node tells the entries of its own machine by the boot id, which is no process's.
    assert "ProcSubset" not in service
    analyze = program("systemd-analyze", "systemd")
    command = [analyze, "security", "--offline=yes", "--no-pager", str(UNIT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (exposure,) = re.findall(r"Overall exposure level for agent-pacing.service: ([\d.]+)", said)
    assert float(exposure) <= HIGHEST_EXPOSURE
