"""The mastership of a worker that has died, and its release.

A supervisor loads this late, when its worker has joined: ZooKeeper's client is most of what it loads at all.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import structlog

from cluster import errors
from cluster.election.events import Claim
from cluster.election.transactions import Transactions
from cluster.mastership import EndCause
from cluster.process.watchdog import EXIT_STATUS
from cluster.security import ZooKeeperSecurity
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.history import History
from cluster.zookeeper.paths import locate

log = structlog.get_logger(__name__)

RELEASE_SECONDS = 2.0
"""How long the release of a dead worker's mastership is tried; after that its session times out anyway."""
_FILES = ("ca_file", "certificate_file", "key_file")


class DeadWorker:
    """What a worker has reported, and a session of the supervisor's own that is open before it is needed."""

    def __init__(self, settings: str) -> None:
        """``settings`` as the worker has reported them. Raises ValueError."""
        given = json.loads(settings)
        hosts, paths = locate(given["zookeeper_hosts"], given["cluster"])
        timeout = float(given["session_timeout_seconds"])
        self._session = ZooKeeperSession(hosts, timeout, timeout / 4, decode_security(given["zookeeper_security"]))
        self._transactions = Transactions(self._session, paths, given["node"])
        self._history = History(self._session, paths, given["node"])

    def start(self) -> None:
        """Open the session."""
        self._session.start()

    async def stop(self) -> None:
        """Close it."""
        await self._session.stop(1.0)

    async def release(self, report: str, ending: asyncio.Future[int], died_at: float) -> None:
        """Release what it held by its newest report, and write down that it died; Unix time in seconds.

        ``ending`` brings the exit status of the process, which may come only when its memory has been freed. Raises
        ValueError for a report that cannot be read.
        """
        claim = decode_claim(report)
        log.warning("supervisor.worker_died", epoch=claim.epoch)
        deadline = time.monotonic() + RELEASE_SECONDS
        while True:
            try:
                if await self._transactions.release_of_dead(claim):
                    log.warning("supervisor.mastership_released", epoch=claim.epoch)
                    status = await ending
                    log.warning("supervisor.worker_status", status=status, epoch=claim.epoch)
                    await self._history.ended(claim.epoch, died_at, _cause(status))
            except errors.ClusterError as failure:
                if time.monotonic() > deadline:
                    log.warning("supervisor.release_failed", error=str(failure), zookeeper=self._session.state.value)
                    return
                await asyncio.sleep(0.05)
            else:
                return


def decode_claim(report: str) -> Claim:
    """The claim in a report. Raises ValueError."""
    *numbers, term_id = json.loads(report)
    epoch, epoch_version, session_id, zxid = (int(value) for value in numbers)
    return Claim(epoch, epoch_version, session_id, zxid, term_id=str(term_id))


def _cause(status: int) -> EndCause:
    return EndCause.WATCHDOG if status == EXIT_STATUS else EndCause.PROCESS_DIED


def decode_security(given: dict[str, Any]) -> ZooKeeperSecurity:
    """How the worker's session is secured, as it has reported it. Raises ValueError."""
    files = {name: Path(given[name]) for name in _FILES if given[name] is not None}
    return ZooKeeperSecurity(**{**given, **files})
