"""Child processes: logs, order of ending, nothing left behind, and which process a kill hits."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from simulator.harness.harness_error import HarnessError
from simulator.harness.processes import DemoProcess, descendants, end, innermost_child
from tests.support.waiting import until_blocking

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
SUPERVISOR = (
    "import subprocess, sys\n"
    "worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print('up', worker.pid, flush=True)\n"
    "worker.wait()\n"
    "print('worker ended', flush=True)\n"
    "import time; time.sleep(60)\n"
)


@pytest.fixture
def program(tmp_path):
    started = []

    def start(code, *, until="up"):
        process = DemoProcess("program", [sys.executable, "-c", code], tmp_path / f"{len(started)}.log")
        started.append(process)
        process.start()
        until_blocking(lambda: until in process.log.read_text())
        return process

    yield start
    for process in started:
        process.kill_session()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_program_that_ended_is_told_with_its_status_and_the_end_of_its_log(program):
    process = program(
        "import sys; print('\\n'.join(f'line {i}' for i in range(100)), flush=True); sys.exit('up: out of luck')"
    )
    until_blocking(lambda: not process.running)
    with pytest.raises(HarnessError) as failure:
        process.check()
    assert "program ended with status 1" in str(failure.value)
    assert "out of luck" in str(failure.value)
    assert "line 99" in str(failure.value)
    assert "line 50" not in str(failure.value)


def test_a_running_program_passes_the_check_and_starting_it_again_changes_nothing(program):
    process = program(SLEEP)
    pid = process.pid
    process.start()
    process.check()
    assert process.pid == pid


def test_a_program_can_be_started_again_after_its_death(program):
    process = program(SLEEP)
    first = process.pid
    process.kill_worker()
    until_blocking(lambda: not process.running)
    process.start()
    assert process.running
    assert process.pid != first


async def test_ending_waits_for_an_orderly_end(program):
    process = program(SLEEP)
    await end([process], grace_seconds=20.0)
    with pytest.raises(HarnessError, match="ended by SIGTERM"):
        process.check()


async def test_what_does_not_end_in_time_is_killed(program):
    process = program(STUBBORN)
    await end([process], grace_seconds=0.3)
    with pytest.raises(HarnessError, match="ended by SIGKILL"):
        process.check()


def test_a_supervisor_that_tells_the_death_of_its_worker_is_understood(program):
    process = program(f"print('up', flush=True); raise SystemExit({128 + signal.SIGKILL})")
    until_blocking(lambda: not process.running)
    assert process.ending() == "by SIGKILL"


async def test_children_of_a_program_end_with_it(program):
    process = program(SUPERVISOR)
    worker = int(process.log.read_text().split()[1])
    assert alive(worker)
    await end([process], grace_seconds=5.0)
    await asyncio.to_thread(until_blocking, lambda: not alive(worker))


async def test_ending_what_was_never_started_or_has_ended_is_no_error(program, tmp_path):
    process = program(SLEEP)
    await end([process], grace_seconds=5.0)
    await end([process, DemoProcess("never", ["true"], tmp_path / "never.log")], grace_seconds=5.0)


def test_the_kill_hits_the_worker_and_not_its_supervisor(program):
    process = program(SUPERVISOR)
    worker = int(process.log.read_text().split()[1])
    assert process.kill_worker() == worker
    until_blocking(lambda: "worker ended" in process.log.read_text())
    assert process.running


def test_without_a_supervisor_the_program_itself_is_the_worker(program):
    process = program(SLEEP)
    assert innermost_child(process.pid) == process.pid


def test_what_a_worker_has_come_to_examine_it_is_not_the_worker(program):
    process = program(
        f"import subprocess, sys; examines = subprocess.Popen([sys.executable, '-c', {SLEEP!r}, 'doctor']); {SLEEP}"
    )
    until_blocking(lambda: descendants(process.pid))
    assert innermost_child(process.pid) == process.pid


def test_killing_what_does_not_run_is_an_error(program):
    process = program(SLEEP)
    process.kill_session()
    with pytest.raises(ProcessLookupError):
        process.kill_worker()


def test_a_terminal_interrupt_does_not_reach_the_programs(program):
    process = program(SLEEP)
    assert os.getpgid(process.pid) != os.getpgid(0)
    assert os.getsid(process.pid) != os.getsid(0)
