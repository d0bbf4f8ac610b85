"""Trying to become master: everything that may forbid it, read first and checked again in the transaction."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster.election.failsafe_members import Admission
from cluster.election.successor import SuccessorGrace
from cluster.errors import NotAdmittedError

if TYPE_CHECKING:
    from cluster.clock import Clock
    from cluster.election.events import Claim
    from cluster.election.failsafe import Failsafe
    from cluster.election.transactions import Transactions
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)


class Acquisition:
    """A node's attempts: a pause, a named successor, and a failsafe list it does not belong to hold it back."""

    def __init__(self, settings: ClusterSettings, transactions: Transactions, failsafe: Failsafe, clock: Clock) -> None:
        self.waiting = False
        """True if the newest attempt was put off because a term may still go on in failsafe mode."""
        self._node = settings.node
        self._transactions = transactions
        self._failsafe = failsafe
        self._clock = clock
        self._successor_grace = SuccessorGrace(settings.cooldown_seconds)
        self._admission = Admission(clock())

    async def attempt(self, promise_seconds: float) -> tuple[float, Claim]:
        """Become master; when the transaction was sent, and the claim. ``promise_seconds``: how long promises bind.

        Raises RefusedError, NotAdmittedError, NodeExistsError, ConflictError, OutcomeUnknownError and what else
        ZooKeeper may answer.
        """
        # A session's requests are answered in their order. What led to this attempt may be older than the epoch read
        # here; so the vacancy is looked at again, last: the newest term has then lost its session, and may go on by
        # promises only. This node gives none from before these reads to the end of the attempt.
        last, pause_version, (status, failsafe_list_version), _ = await asyncio.gather(
            self._transactions.read_epoch(),
            self._transactions.read_pause(),
            self._transactions.read_failsafe_list(),
            self._transactions.check_vacancy(),
        )
        self._successor_grace.check(self._node, last.successor, (last.epoch, last.version), self._clock())
        try:
            seen = (last.epoch, last.version, failsafe_list_version)
            self._admission.check(self._failsafe.own(), status, seen, self._clock())
        except NotAdmittedError as wait:
            if not self.waiting:
                log.info("leadership.waits", node=self._node, reason=str(wait))
            self.waiting = True
            raise
        self.waiting = False
        failsafe_list = self._failsafe.failsafe_list(promise_seconds)
        sent_at = self._clock()
        claim, version = await self._transactions.acquire(last, pause_version, failsafe_list, failsafe_list_version)
        self._failsafe.acquired(claim, failsafe_list, version)
        return sent_at, claim
