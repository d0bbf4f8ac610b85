"""A small parent process that releases the mastership of a worker it has seen die.

Nobody else may do this: a broken connection says nothing about a living master behind a partition, but the parent is
informed of the death by the kernel, before the memory of the worker is freed
(:mod:`cluster.process.death_lock`). The successor then need not wait for the session to time out.

It loads next to nothing before it starts the worker: settings are what the worker reports, and ZooKeeper's client is
loaded when the worker has joined. Not later: beside a first term it would take the processor from the first push.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from cluster.process.children import bound_to_parent
from cluster.process.death_lock import VARIABLE as LOCK_VARIABLE
from cluster.process.death_lock import death_of_holder, lock_memory
from cluster.process.late_log import PREPARATION, LateLog
from cluster.process.orphans import OrphanReaper
from cluster.process.signals import handle_harmless, handle_no_more, handle_signal
from cluster.process.worker_pipe import CLAIM, NOTE, SETTINGS, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cluster.process.dead_worker import DeadWorker

log = LateLog(__name__)

_LESS_URGENT = 10
"""How much the client's loading gives way to the worker (nice)."""
_FORWARDED = (signal.SIGTERM, signal.SIGINT)


async def supervise(command: Sequence[str], prepare_log: Callable[[str | None], None] | None = None) -> int:
    """Run ``command`` as the worker, forward signals to it, and clean up after it; returns the exit status for a shell.

    SIGTERM, SIGINT and SIGHUP are forwarded; as process 1 of a container it takes the end of orphans.

    The status of a worker ended by signal N is 128 + N. The worker gets SIGTERM should this process be killed. Must run
    on the main thread. A worker that joins no cluster merely runs. ``prepare_log`` is called once, before anything is
    logged, with what the worker noted (:meth:`~cluster.process.worker_pipe.Reporter.notes`) as JSON, or None.
    """
    reading, writing = os.pipe()
    lock = lock_memory()
    passed = {VARIABLE: writing} | ({LOCK_VARIABLE: lock} if lock is not None else {})
    try:
        process = await asyncio.create_subprocess_exec(
            *bound_to_parent(command, signal.SIGTERM),
            pass_fds=tuple(passed.values()),
            env={**os.environ, **{name: str(each) for name, each in passed.items()}},
        )
    finally:
        os.close(writing)
    reports = Reports(reading, lock)
    if prepare_log is not None:
        PREPARATION.set(lambda: prepare_log(reports.known(NOTE)))
    for number in _FORWARDED:
        handle_signal(number, partial(_forward, process, number))
    handle_harmless(lambda: _forward(process, signal.SIGHUP))
    orphans = OrphanReaper(process.pid)
    orphans.start()
    try:
        return await _watch_over(process, reports)
    finally:
        orphans.stop()
        for number in _FORWARDED:
            handle_no_more(number)
        reports.close()


async def _watch_over(process: asyncio.subprocess.Process, reports: Reports) -> int:
    loading = asyncio.create_task(_load(reports))
    ending = asyncio.create_task(process.wait())
    await _until_dead(reports, ending)
    died_at = time.time()
    reports.read()
    claim = reports.known(CLAIM)
    if claim is None and not loading.done():
        loading.cancel()
        return _shell_status(await ending)
    try:
        dead_worker = await loading
        if claim is not None and not (ending.done() and ending.result() == 0):
            await dead_worker.release(claim, ending, died_at)
        await dead_worker.stop()
    except (ImportError, OSError, ValueError, LookupError) as failure:
        log.warning("supervisor.release_failed", error=str(failure))
    return _shell_status(await ending)


async def _until_dead(reports: Reports, ending: asyncio.Future[int]) -> None:
    """Wait until the worker's thread that acts is known to be dead: by its lock, or with its process."""
    dying = asyncio.create_task(_death_of_holder(reports))
    await asyncio.wait((ending, dying), return_when=asyncio.FIRST_COMPLETED)
    dying.cancel()


async def _death_of_holder(reports: Reports) -> None:
    await reports.joined.wait()
    if reports.lock is None:
        await asyncio.Event().wait()  # its process must end
    else:
        await death_of_holder(reports.lock)


async def _load(reports: Reports) -> DeadWorker:
    """Whoever can release a mastership, once the worker has joined."""
    await reports.joined.wait()
    # In a thread of its own: meanwhile signals are forwarded, and what is loaded afterwards is as urgent as ever.
    with ThreadPoolExecutor(1) as executor:
        client = await asyncio.get_running_loop().run_in_executor(executor, _load_client)
    dead_worker = client(reports.known(SETTINGS) or "")
    dead_worker.start()
    return dead_worker


def _load_client() -> type[DeadWorker]:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LESS_URGENT)
    PREPARATION.make()
    from cluster.process.dead_worker import DeadWorker  # noqa: PLC0415 - late, as the module says

    return DeadWorker


def _shell_status(status: int) -> int:
    return status if status >= 0 else 128 - status


def _forward(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


class Reports:
    """The reading end of the worker's pipe, emptied as it fills: a full one would keep the newest claims out."""

    def __init__(self, descriptor: int, lock: int | None = None) -> None:
        """``lock`` is the descriptor of the memory of the worker's lock."""
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self.lock = lock
        self._rest = b""
        self._newest: dict[str, str] = {}
        self.joined = asyncio.Event()
        """Set once the worker has joined its cluster."""
        asyncio.get_running_loop().add_reader(descriptor, self.read)

    def read(self) -> None:
        """Take what is in the pipe: it keeps what a dead writer wrote."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._descriptor, 65536):
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                for line in lines:
                    kind, _, report = line.decode(errors="replace").partition(" ")
                    self._newest[kind] = report
                if SETTINGS in self._newest:
                    self.joined.set()
            asyncio.get_running_loop().remove_reader(self._descriptor)

    def known(self, kind: str) -> str | None:
        """The newest report of a kind that was read, as JSON."""
        return self._newest.get(kind)

    def close(self) -> None:
        """Close it."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        if self.lock is not None:
            os.close(self.lock)


def run(command: Sequence[str], prepare_log: Callable[[str | None], None] | None = None) -> int:
    """:func:`supervise` on an event loop of its own."""
    _hear_of_ends_at_once()
    return asyncio.run(supervise(command, prepare_log))


def _hear_of_ends_at_once() -> None:
    """Have the loop itself hear of the worker's end: Python 3.11 has a thread wait for it, which must be run first."""
    if sys.version_info >= (3, 12) or not hasattr(os, "pidfd_open"):
        return
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return  # a kernel that has none
    asyncio.get_event_loop_policy().set_child_watcher(asyncio.PidfdChildWatcher())
