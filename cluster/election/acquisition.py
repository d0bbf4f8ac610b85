"""Trying to become master: everything that may forbid it, read first and checked again in the transaction."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster.election.failsafe_members import Admission
from cluster.election.successor import Yielding
from cluster.errors import NotAdmittedError

if TYPE_CHECKING:
    from cluster.clock import Clock
    from cluster.election.events import Hold
    from cluster.election.failsafe import Failsafe
    from cluster.election.transactions import Ballot
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)


class Acquisition:
    """A node's attempts: a pause, a named successor, and an electorate it does not belong to hold it back."""

    def __init__(self, settings: ClusterSettings, ballot: Ballot, failsafe: Failsafe, clock: Clock) -> None:
        self.waiting = False
        """Whether the newest attempt was put off because a reign may be bridging an outage."""
        self._node = settings.node
        self._ballot = ballot
        self._failsafe = failsafe
        self._clock = clock
        self._yielding = Yielding(settings.sit_out_seconds)
        self._admission = Admission(clock())

    async def attempt(self, promise_seconds: float) -> tuple[float, Hold]:
        """Become master; when the transaction was sent, and the hold. ``promise_seconds``: how long promises bind.

        Raises RefusedError, NotAdmittedError, NodeExistsError, ConflictError, OutcomeUnknownError and what else
        ZooKeeper may answer.
        """
        # A session's requests are answered in their order. What led to this attempt may be older than the epoch read
        # here; so the vacancy is looked at again, last: the newest reign has then lost its session, and may go on by
        # promises only. This node gives none from before these reads to the end of the attempt.
        last, pause_version, (standing, electorate_version), _ = await asyncio.gather(
            self._ballot.read_epoch(),
            self._ballot.read_pause(),
            self._ballot.read_electorate(),
            self._ballot.check_vacancy(),
        )
        self._yielding.check(self._node, last.successor, (last.epoch, last.version), self._clock())
        try:
            seen = (last.epoch, last.version, electorate_version)
            self._admission.check(self._failsafe.own(), standing, seen, self._clock())
        except NotAdmittedError as wait:
            if not self.waiting:
                log.info("leadership.waits", node=self._node, reason=str(wait))
            self.waiting = True
            raise
        self.waiting = False
        electorate = self._failsafe.electorate(promise_seconds)
        sent_at = self._clock()
        hold, version = await self._ballot.acquire(last, pause_version, electorate, electorate_version)
        self._failsafe.acquired(hold, electorate, version)
        return sent_at, hold
