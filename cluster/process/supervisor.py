"""A small parent process that releases the mastership of a worker it has seen die.

Nobody else may do this: a broken connection says nothing about a living master behind a partition, but the parent is
informed of the death by the kernel. The successor then need not wait for the session to time out.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from functools import partial
from typing import TYPE_CHECKING

import structlog

from cluster import errors
from cluster.election.transactions import Transactions
from cluster.mastership import EndCause
from cluster.process.children import bound_to_parent
from cluster.process.orphans import OrphanReaper
from cluster.process.signals import handle_harmless, handle_no_more, handle_signal
from cluster.process.watchdog import EXIT_STATUS
from cluster.process.worker_pipe import VARIABLE, decode_claim
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.history import History
from cluster.zookeeper.paths import locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.election.events import Claim
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)

RELEASE_SECONDS = 2.0
"""How long the release of a dead worker's mastership is tried; after that its session times out anyway."""
_FORWARDED = (signal.SIGTERM, signal.SIGINT)


async def supervise(command: Sequence[str], settings: ClusterSettings) -> int:
    """Run ``command`` as the worker, forward signals to it, and clean up after it; returns the exit status for a shell.

    SIGTERM, SIGINT and SIGHUP are forwarded; as process 1 of a container it takes the end of orphans.

    The status of a worker ended by signal N is 128 + N. The worker gets SIGTERM should this process be killed. Must run
    on the main thread. Without ZooKeeper there is nothing to release, and the worker merely runs.
    """
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *bound_to_parent(command, signal.SIGTERM),
            pass_fds=(writing,),
            env={**os.environ, VARIABLE: str(writing)},
        )
    finally:
        os.close(writing)
    reports = _Reports(reading)
    for number in _FORWARDED:
        handle_signal(number, partial(_forward, process, number))
    handle_harmless(lambda: _forward(process, signal.SIGHUP))
    orphans = OrphanReaper(process.pid)
    orphans.start()
    try:
        if settings.zookeeper_hosts is None:
            return _shell_status(await process.wait())
        return await _watch_over(process, reports, settings, settings.zookeeper_hosts)
    finally:
        orphans.stop()
        for number in _FORWARDED:
            handle_no_more(number)
        reports.close()


async def _watch_over(
    process: asyncio.subprocess.Process, reports: _Reports, settings: ClusterSettings, zookeeper_hosts: str
) -> int:
    hosts, paths = locate(zookeeper_hosts, settings.cluster)
    timeout = settings.session_timeout_seconds
    session = ZooKeeperSession(hosts, timeout, timeout / 4, settings.zookeeper_security)
    session.start()
    try:
        status = await process.wait()
        claim = reports.newest()
        if status != 0 and claim is not None:
            log.warning("supervisor.worker_died", status=status, epoch=claim.epoch)
            cause = EndCause.WATCHDOG if status == EXIT_STATUS else EndCause.PROCESS_DIED
            await _release(
                session,
                Transactions(session, paths, settings.node),
                History(session, paths, settings.node),
                claim,
                cause,
            )
        return _shell_status(status)
    finally:
        await session.stop(1.0)


async def _release(
    session: ZooKeeperSession, transactions: Transactions, history: History, claim: Claim, cause: EndCause
) -> None:
    died_at, deadline = time.time(), time.monotonic() + RELEASE_SECONDS
    while True:
        try:
            if await transactions.release_of_dead(claim):
                log.warning("supervisor.mastership_released", epoch=claim.epoch)
                await history.ended(claim.epoch, died_at, cause)
        except errors.ClusterError as failure:
            if time.monotonic() > deadline:
                log.warning("supervisor.release_failed", error=str(failure), zookeeper=session.state.value)
                return
            await asyncio.sleep(0.05)
        else:
            return


def _forward(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _shell_status(status: int) -> int:
    return status if status >= 0 else 128 - status


class _Reports:
    """The reading end of the worker's pipe, emptied as it fills: a full one would keep the newest claims out."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._received = b""
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._descriptor, 65536):
                *lines, rest = (self._received + chunk).split(b"\n")
                self._received = b"\n".join([*lines[-1:], rest])
            asyncio.get_running_loop().remove_reader(self._descriptor)

    def newest(self) -> Claim | None:
        """The last claim the worker has reported. A pipe keeps what a dead writer wrote."""
        self._read()
        lines = self._received.split(b"\n")[:-1]
        return decode_claim(lines[-1]) if lines else None

    def close(self) -> None:
        """Close it."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)


def run(command: Sequence[str], settings: ClusterSettings) -> int:
    """:func:`supervise` on an event loop of its own."""
    return asyncio.run(supervise(command, settings))
