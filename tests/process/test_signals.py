"""Signals by which nobody means the end of a node do not end it; real processes, real signals."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from cluster.process.signals import handle_signal
from simulator.harness.children import start_child
from tests.support.waiting import until_blocking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HARMLESS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
WORKER = """
import signal, sys, time
signal.signal(signal.SIGHUP, lambda *_: print("told to reload", flush=True))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("worker ready", flush=True)
while True:
    time.sleep(60)
"""
SUPERVISOR = """
import sys
from cluster.process.signals import ignore_until_handled
from cluster.process.supervisor import run
ignore_until_handled()
print("supervisor begins", flush=True)
sys.exit(run([sys.executable, "-c", sys.argv[1]]))
"""


class Running:
    """A process and what it has written."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process, self._log = process, log

    def wait_for(self, text: str, count: int = 1) -> None:
        until_blocking(lambda: self.written().count(text) >= count, text, state=self.written)

    def written(self) -> str:
        return self._log.read_text(errors="replace")

    def signal(self, *numbers: signal.Signals) -> None:
        for number in numbers:
            self.process.send_signal(number)

    @property
    def lives(self) -> bool:
        return self.process.poll() is None


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> Running:
        log = tmp_path / f"{len(started)}.log"
        started.append(start_child(command, log=log))
        return Running(started[-1], log)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_a_supervisor_passes_reload_on_and_ignores_what_means_nothing(run: Callable[..., Running]) -> None:
    supervisor = run(sys.executable, "-c", SUPERVISOR, WORKER)
    supervisor.wait_for("worker ready")
    for count in (1, 2):
        supervisor.signal(*HARMLESS)
        supervisor.wait_for("told to reload", count)
        supervisor.wait_for("signal.ignored", 2 * count)
    assert supervisor.lives
    supervisor.signal(signal.SIGTERM)
    assert supervisor.process.wait(60) == 7


async def test_a_signal_behind_a_storm_of_others_is_not_lost() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGUSR1, signal.SIGUSR2)}
    storm, arrived = 0, asyncio.Event()

    def count() -> None:
        nonlocal storm
        storm += 1

    handle_signal(signal.SIGUSR1, count)
    handle_signal(signal.SIGUSR2, arrived.set)
    try:
        for _ in range(3000):
            signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGUSR2)
        async with asyncio.timeout(60):
            await arrived.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert storm == 3000


def test_they_end_no_process_that_has_only_begun(run: Callable[..., Running]) -> None:
    supervisor = run(sys.executable, "-c", SUPERVISOR, WORKER)
    supervisor.wait_for("supervisor begins")
    deadline = time.monotonic() + 60.0
    while "worker ready" not in supervisor.written():
        supervisor.signal(*HARMLESS)
        assert supervisor.lives, supervisor.written()
        assert time.monotonic() < deadline
    supervisor.signal(signal.SIGTERM)
    assert supervisor.process.wait(60) == 7


def test_a_node_goes_on_and_says_so(run: Callable[..., Running], tmp_path: Path) -> None:
    options = tmp_path / "node.yaml"
    options.write_text(
        f"name: n1\nzookeeper: none\nstate_directory: {tmp_path}/state\nports: {{default: 0, clustering: 0}}\n"
    )
    node = run(sys.executable, "-m", "pacing_node.cli.main", "node", "--config", str(options))
    node.wait_for("node.started")
    node.signal(*HARMLESS)
    node.wait_for("node.reload")
    node.wait_for("signal.ignored", 2)
    assert node.lives
    node.signal(signal.SIGTERM)
    assert node.process.wait(60) == 0
