"""What a supervised worker reports to its supervisor, and how.

Loaded by the supervisor, too, so it loads next to nothing; what it means is read in :mod:`cluster.process.dead_worker`.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any

from cluster.process.death_lock import DeathLock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cluster.election.events import Claim
    from cluster.settings import ClusterSettings

VARIABLE = "PACING_SUPERVISOR_FD"
"""Environment variable: number of the inherited descriptor to report to."""
CLAIM, SETTINGS, NOTE = "claim", "settings", "note"
"""Kinds of reports; of each the newest counts."""


class Reporter:
    """The worker's end of the pipe. A report is one short line, written at once and never waited for."""

    def __init__(self, descriptor: int, lock: DeathLock | None = None) -> None:
        """``lock`` is held by the thread that calls :meth:`joins`, which is the one that acts."""
        self._descriptor = descriptor
        self._lock = lock
        os.set_blocking(descriptor, False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Reporter | None:
        """The reporter of this process; None when nobody supervises it.

        A process further down inherits the variable without the descriptor: what is no pipe is left alone.
        """
        number = environment.get(VARIABLE, "")
        if not number.isdecimal():
            return None
        try:
            piped = stat.S_ISFIFO(os.fstat(int(number)).st_mode)
        except OSError:
            return None
        return cls(int(number), DeathLock.from_environment(environment)) if piped else None

    def joins(self, settings: ClusterSettings) -> None:
        """The process joins a cluster by these settings: with them its supervisor finds what it holds.

        From here on the supervisor knows of the death of this thread at once.
        """
        if self._lock is not None:
            self._lock.hold()  # before the report: once it is read, the lock is waited for
        security = settings.zookeeper_security
        self._tell(
            SETTINGS,
            {
                "node": settings.node,
                "cluster": settings.cluster,
                "zookeeper_hosts": settings.zookeeper_hosts,
                "session_timeout_seconds": settings.session_timeout_seconds,
                "zookeeper_security": {name: _plain(getattr(security, name)) for name in security.__slots__},
            },
        )

    def leaves(self) -> None:
        """The process has left its cluster, and holds nothing that its supervisor would have to release."""
        if self._lock is not None:
            self._lock.give_up()

    def notes(self, values: Mapping[str, str]) -> None:
        """Give the supervisor what its own application wants to know, such as how to write a log."""
        self._tell(NOTE, dict(values))

    def holds(self, claim: Claim) -> None:
        """The process is master by this claim: should it die, the claim may be released."""
        self._tell(CLAIM, [claim.epoch, claim.epoch_version, claim.session_id, claim.zxid, claim.term_id])

    def _tell(self, kind: str, value: Any) -> None:
        # Far less than what a pipe takes in one piece.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, f"{kind} {json.dumps(value)}\n".encode())


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool) else str(value)
