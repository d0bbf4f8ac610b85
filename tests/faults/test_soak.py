"""Growth is told from noise and from warming up; a soak finds what leaks and passes what does not."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.harness.process_readings import open_files, resident_mib, threads
from simulator.soak.__main__ import main
from simulator.soak.growth import FILES, MEMORY, THREADS, judge, slope, table

ROOT = Path(__file__).parents[2]


def series(*values: float) -> list[tuple[float, float]]:
    return [(10.0 * number, value) for number, value in enumerate(values)]


def test_what_grows_by_one_with_every_sample_is_found() -> None:
    growth = judge("node", FILES, series(*range(20, 60)))
    assert not growth.passed
    assert growth.per_hour == pytest.approx(360.0)
    assert "GROWS" in table([growth])


def test_what_grows_only_while_warming_up_is_not() -> None:
    growth = judge("node", FILES, series(*range(10), *[40.0] * 30))
    assert growth.passed
    assert growth.per_hour == 0.0
    assert table([growth]).endswith("ok")


@given(st.integers(min_value=0, max_value=10**6), st.floats(min_value=1.0, max_value=10**6))
def test_noise_is_no_growth(seed: int, level: float) -> None:
    noise = random.Random(seed)
    assert judge("node", MEMORY, series(*(level + noise.uniform(-2.9, 2.9) for _ in range(40)))).passed


def test_single_spikes_are_no_growth() -> None:
    assert judge("node", THREADS, series(*([15.0] * 30 + [15.0, 90.0] * 3 + [15.0] * 4))).passed


def test_too_few_samples_tell_nothing() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        judge("node", FILES, series(*range(7)))


def test_samples_of_one_moment_have_no_slope() -> None:
    assert slope([(5.0, 1.0), (5.0, 9.0)]) == 0.0


def test_a_process_is_looked_at_from_outside() -> None:
    pid = os.getpid()
    before = open_files(pid), threads(pid)
    with socket.socket(), socket.socket():
        assert open_files(pid) == before[0] + 2
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    assert threads(pid) == before[1] + 1
    go_on.set()
    thread.join()
    assert 10.0 < resident_mib(pid) < 10_000.0


def test_a_while_of_the_cycle_in_virtual_time_leave_nothing_behind() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "soak_virtual.py"), "--hours", "0.25"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert "0 failed cycles, 23 hand-overs, nothing grows" in last


@pytest.mark.ensemble
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_cluster_of_processes_handed_over_again_and_again_leaves_nothing_behind(capsys) -> None:
    status = main(["--seconds", "30"])
    told = capsys.readouterr().out
    assert status == 0, told
    assert "accepted out of order 0, nothing grows" in told.splitlines()[-1]
