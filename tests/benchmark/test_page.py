"""Bounds of the dashboard's paint and frames are judged without what the machine kept from those who draw."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.benchmark.page_frames import summed
from simulator.benchmark.page_path import missed
from simulator.benchmark.starvation import Starvation, started_with, thread_times
from tests.support.waiting import until_blocking

SPIN = "import sys; sys.argv.append('spinning')\nwhile True: pass"


@pytest.fixture
def start():
    """Start Python with a program, all on the same processor."""
    started = []
    processor = min(os.sched_getaffinity(0))

    def begin(program):
        process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
        os.sched_setaffinity(process.pid, {processor})
        started.append(process)
        return process.pid

    yield begin
    for process in started:
        process.kill()
        process.communicate()


CLOCK = 3600.0
"""A time by the clock that is longer than any of these tests."""


def test_the_wait_of_a_process_that_shares_its_processor_is_not_its_own(start):
    spinning = start(SPIN)
    starvation = Starvation(lambda: [spinning])
    start(SPIN)
    until_blocking(lambda: starvation.own_seconds(CLOCK) < CLOCK - 0.05, "one of the two waits for the other")


def test_a_process_that_cannot_run_waits_for_nothing(start):
    spinning, stopped = start(SPIN), start(SPIN)
    os.kill(stopped, signal.SIGSTOP)
    until_blocking(lambda: ") T " in Path(f"/proc/{stopped}/stat").read_text(), "it is stopped")
    both, one = Starvation(lambda: [spinning, stopped]), Starvation(lambda: [stopped])
    start(SPIN)
    until_blocking(lambda: both.own_seconds(CLOCK) < CLOCK - 0.05, "the others wait for each other")
    assert one.own_seconds(CLOCK) == CLOCK


def test_a_process_started_meanwhile_counts_from_its_start(start):
    starvation = Starvation(lambda: started_with(["spinning"]))
    start(SPIN)
    start(SPIN)
    until_blocking(lambda: starvation.own_seconds(CLOCK) < CLOCK - 0.05, "the two wait for each other")


def test_work_is_never_taken_for_waiting(start):
    spinning = start(SPIN)
    starvation = Starvation(lambda: [spinning])
    before = sum(each.ran for each in thread_times(spinning).values())
    start(SPIN)
    start(SPIN)

    def worked():
        return sum(each.ran for each in thread_times(spinning).values()) - before

    until_blocking(lambda: worked() > 0.05, "it has worked")
    assert starvation.own_seconds(0.06) >= 0.05, "whatever it has waited"


def test_a_process_that_has_ended_has_waited_for_nothing():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert thread_times(process.pid) == {}
    assert Starvation(lambda: [process.pid]).own_seconds(2.0) == 2.0


def test_times_are_summed_up():
    found = summed("frames", [float(each) for each in range(200, 0, -1)])
    assert found == {"frames_median_ms": 101.0, "frames_p99_ms": 198.0, "frames_longest_ms": 200.0}


@pytest.mark.parametrize(
    ("paint", "frame", "words"),
    [(999.0, 100.0, []), (1000.0, 100.0, ["a first paint"]), (999.0, 100.1, ["a step of scrolling"])],
)
def test_a_bound_that_is_missed_is_named(paint, frame, words):
    found = missed({"first_paint_own_ms": {"most": paint}, "frames_own_longest_ms": frame})
    assert [word in each for word, each in zip(words, found, strict=True)] == [True] * len(words)
