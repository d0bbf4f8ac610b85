"""What the nemesis holds inside a node's processes: clocks, and steps of the election that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from simulator.harness.instruments import Instruments
from tests.support.waiting import until_blocking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOM_SECONDS = 0.3
"""Between two readings a busy machine may let something else run."""
CLOCKS = """
import asyncio, json, sys, time
from cluster.clock import boot_seconds
async def loop_time():
    return asyncio.get_running_loop().time()
for line in sys.stdin:
    clocks = {"wall": time.time(), "monotonic": time.monotonic(), "boot": boot_seconds(),
              "raw": time.clock_gettime(time.CLOCK_MONOTONIC), "loop": asyncio.run(loop_time())}
    print(json.dumps(clocks), flush=True)
"""
STEPS = """
import asyncio, json
from types import SimpleNamespace
from cluster.election import events
from cluster.election.steps import Steps
from cluster.mastership import ZooKeeperState
applied = 0
class Transactions:
    async def observe(self, on_change):
        global applied
        applied += 1
        return 0, None, 0
session = SimpleNamespace(change=SimpleNamespace(state=ZooKeeperState.CONNECTED), session_id=1)
settings = SimpleNamespace(node="a", action_budget_seconds=1.0)
steps = Steps(settings, session, Transactions(), None, on_master_changed=None, on_acquiring=None, on_cluster_id=None,
              repair=None, drain=None, ends_clean=None, clock=lambda: 0.0)
async def main():
    return [type(await steps.carry_out(events.ReadMaster())).__name__ for _ in range(60)]
print(json.dumps({"outcomes": asyncio.run(main()), "applied": applied}))
"""


def program(instruments: Instruments, source: str) -> subprocess.Popen[str]:
    command = [*instruments.prefix, sys.executable, "-c", source]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def instruments(tmp_path: Path) -> Instruments:
    return Instruments(tmp_path, "node-1")


class Clocks:
    """A process that tells its clocks."""

    def __init__(self, instruments: Instruments) -> None:
        self.process = program(instruments, CLOCKS)

    def read(self) -> dict[str, float]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture
def clocks(instruments: Instruments) -> Iterator[Clocks]:
    running = Clocks(instruments)
    yield running
    running.process.kill()
    running.process.communicate()


def stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:  # noqa: PTH123 - one word of one line
        return stat.read().rpartition(")")[2].split()[0] == "T"


def test_a_machine_that_slept_shows_it_on_the_clock_of_leases_alone(instruments: Instruments, clocks: Clocks) -> None:
    before = clocks.read()
    fell_asleep_at = time.monotonic()
    os.kill(clocks.process.pid, signal.SIGSTOP)
    until_blocking(lambda: stopped(clocks.process.pid) and time.monotonic() - fell_asleep_at > 4 * ROOM_SECONDS)
    slept = time.monotonic() - fell_asleep_at
    instruments.slept(slept)
    os.kill(clocks.process.pid, signal.SIGCONT)
    after = clocks.read()
    passed = {name: after[name] - before[name] for name in before}
    assert passed["boot"] == pytest.approx(passed["monotonic"] + slept, abs=ROOM_SECONDS)
    assert passed["raw"] == pytest.approx(passed["monotonic"], abs=ROOM_SECONDS)
    assert passed["loop"] == pytest.approx(passed["monotonic"], abs=ROOM_SECONDS)
    assert passed["monotonic"] > 0.0, "it never goes back"
    assert passed["wall"] == pytest.approx(passed["boot"], abs=ROOM_SECONDS)


def test_a_wall_clock_that_jumps_leaves_the_others_alone(instruments: Instruments, clocks: Clocks) -> None:
    before = clocks.read()
    instruments.wall_clock(-7200.0)
    after = clocks.read()
    assert after["wall"] - before["wall"] == pytest.approx(after["boot"] - before["boot"] - 7200.0, abs=ROOM_SECONDS)
    assert after["monotonic"] - before["monotonic"] == pytest.approx(after["boot"] - before["boot"], abs=ROOM_SECONDS)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_steps_fail_before_and_after_they_took_effect_and_end_with_one_outcome_each(
    instruments: Instruments, share: float
) -> None:
    instruments.failing_steps(share)
    printed, _ = program(instruments, STEPS).communicate(timeout=60.0)
    found = json.loads(printed.splitlines()[-1])
    failed = found["outcomes"].count("ObservationFailed")
    assert failed + found["outcomes"].count("MasterObserved") == 60
    if share:
        assert 0 < failed < 60
        assert 60 - failed < found["applied"] < 60
    else:
        assert (failed, found["applied"]) == (0, 60)
