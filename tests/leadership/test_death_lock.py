"""A supervisor knows of the death of the thread that acts before the process of the worker has ended."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from cluster.process.death_lock import VARIABLE, DeathLock, death_of_holder, lock_memory
from cluster.process.supervisor import Reports, _until_dead
from cluster.process.worker_pipe import VARIABLE as PIPE
from cluster.process.worker_pipe import Reporter
from cluster.settings import ClusterSettings
from tests.support.waiting import still, until

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}, reason="what the kernel does for it"
)

WORKER = """
import ctypes, platform, sys, threading, time
from cluster.process.worker_pipe import Reporter
from cluster.settings import ClusterSettings
reporter = Reporter.from_environment()
reporter.joins(ClusterSettings("a", "test", "127.0.0.1:1"))
print(flush=True)
word = sys.stdin.readline().strip()
if word == "leave":
    reporter.leaves()
if word == "thread ends":
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    ctypes.CDLL(None).syscall({"x86_64": 60, "aarch64": 93}[platform.machine()], 0)
"""
SHORT_SECONDS = 0.2


class Worker:
    """A process that has joined a cluster, by its reports, and holds its lock."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        memory = lock_memory()
        assert memory is not None
        self.memory = memory
        self.reading = reading
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(writing, memory),
            env={**os.environ, PIPE: str(writing), VARIABLE: str(memory), "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        os.close(writing)
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def hear(self, word: str) -> None:
        """Let it do something at last."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()

    def end(self) -> None:
        """End it, whatever it does."""
        with self.process:
            self.process.kill()


@pytest.fixture(name="worker")
def _worker() -> Iterator[Callable[[], Worker]]:
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker())
        return started[-1]

    yield start
    for each in started:
        each.end()
        os.close(each.memory)


async def test_the_supervisor_knows_although_the_process_goes_on(worker: Callable[[], Worker]) -> None:
    its = worker()
    reports = Reports(its.reading, os.dup(its.memory))
    ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()  # no status ever comes
    knowing = asyncio.create_task(_until_dead(reports, ending))
    await until(reports.joined.is_set)
    await still(lambda: not knowing.done(), SHORT_SECONDS)
    its.hear("thread ends")
    await until(knowing.done)
    assert its.process.poll() is None, "another thread of it goes on"
    reports.close()


async def test_one_that_is_killed_has_died(worker: Callable[[], Worker]) -> None:
    its = worker()
    dying = asyncio.create_task(death_of_holder(its.memory))
    await asyncio.sleep(0)
    its.process.kill()
    await until(dying.done)


async def test_one_that_is_frozen_has_not(worker: Callable[[], Worker]) -> None:
    its = worker()
    dying = asyncio.create_task(death_of_holder(its.memory))
    its.process.send_signal(signal.SIGSTOP)
    await still(lambda: not dying.done(), SHORT_SECONDS)
    its.process.kill()
    await until(dying.done)


async def test_one_that_ends_without_leaving_has_died(worker: Callable[[], Worker]) -> None:
    its = worker()
    dying = asyncio.create_task(death_of_holder(its.memory))
    its.hear("end")
    await until(dying.done)


async def test_one_that_leaves_in_order_has_not_died(worker: Callable[[], Worker]) -> None:
    its = worker()
    its.hear("leave")
    await asyncio.to_thread(its.process.wait)
    assert not DeathLock(its.memory).holder_has_died()


async def test_without_a_lock_only_the_end_of_the_process_counts() -> None:
    reading, writing = os.pipe()
    reports, memory = Reports(reading), lock_memory()
    Reporter(writing).joins(ClusterSettings("a", "test", "127.0.0.1:1"))
    reports.lock = memory  # which nobody holds: whoever waits for it has it at once
    ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    knowing = asyncio.create_task(_until_dead(reports, ending))
    await until(reports.joined.is_set)
    await still(lambda: not knowing.done(), SHORT_SECONDS)
    ending.set_result(-9)
    await until(knowing.done)
    os.close(writing)
    reports.close()


@pytest.mark.parametrize("value", ["", "none", "999"])
def test_without_a_supervisor_there_is_no_lock(value: str) -> None:
    assert DeathLock.from_environment({VARIABLE: value}) is None


def test_a_descriptor_of_something_else_is_left_alone() -> None:
    reading, writing = os.pipe()
    assert DeathLock.from_environment({VARIABLE: str(reading)}) is None
    os.close(reading)
    os.close(writing)
