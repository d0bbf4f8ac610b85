"""Orders to this member to step down: when one is carried out, and when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from cluster.clock import boot_seconds
from cluster.election.events import State
from cluster.errors import RefusedError, TooSoonError
from cluster.peers.order_limits import HandOverLimit
from cluster.peers.readiness import check_successor

if TYPE_CHECKING:
    from cluster.mastership import Term
    from cluster.peers.own_member import OwnMember
    from cluster.peers.peer_client import PeerClient

log = structlog.get_logger(__name__)


class Resignation:
    """Ends the term of this member by order."""

    def __init__(self, member: OwnMember, client: PeerClient) -> None:
        """``client`` asks a named successor whether it could take over."""
        self._member = member
        self._client = client
        self._hand_overs = HandOverLimit(member.settings.cooldown_seconds)

    def term_began(self, previous: str | None) -> None:
        """A term of this member has begun, after one of the member ``previous``; None when there was no other."""
        self._hand_overs.began(boot_seconds(), previous)

    async def resign(self, requested_by: str, successor: str, epoch: int) -> int | None:
        """Resign, in favour of ``successor`` if not empty; returns the epoch that ended, None when standby.

        Raises RefusedError while the cluster is paused, while promises carry the term, on a node alone, when the
        successor is unknown, unable or silent, or when ``epoch`` is not 0 and not the running term; TooSoonError right
        after a hand-over.
        """
        term = self._member.mastership.term
        if term is None:
            return None
        self._check(term, epoch)
        if successor:
            settings, members = self._member.settings, self._member.members()
            await check_successor(successor, settings.node, members, self._client, settings.readiness_seconds)
            if term.ended.is_set():
                return None
        self._hand_overs.carried_out(boot_seconds())
        log.info("leadership.step_down", epoch=term.epoch, requested_by=requested_by, successor=successor or None)
        return term.epoch if await self._member.mastership.step_down(successor=successor) else None

    def _check(self, term: Term, epoch: int) -> None:
        """Raise RefusedError or TooSoonError when the term must not be ended, or is not the one that was meant."""
        if epoch not in {0, term.epoch}:
            message = f"term {epoch} has ended already; term {term.epoch} goes on"
            raise RefusedError(message)
        if (pause := self._member.paused) is not None:
            message = f"the cluster is paused by {pause.by}: nobody would take over; resume first"
            raise RefusedError(message)
        if self._member.settings.standalone:
            message = "this node runs alone: nobody could take over"
            raise RefusedError(message)
        if self._member.status().state == State.FAILSAFE:
            message = "ZooKeeper is lost to every member: nobody could take over"
            raise RefusedError(message)
        left = self._hand_overs.seconds_left(boot_seconds(), {each.name for each in self._member.members()})
        if left > 0.0:
            message = f"the mastership has just been handed over; step down again in {left:.1f} s"
            raise TooSoonError(message)
