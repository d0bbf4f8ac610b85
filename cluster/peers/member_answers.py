"""What a member answers when its peers, or operators, call its clustering port."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster.election.failsafe_members import FailsafeMember, not_addressed
from cluster.mastership import ZooKeeperState
from cluster.peers import wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.peers.own_member import OwnMember
    from cluster.peers.record_stream import RecordStream
    from cluster.peers.resignation import Resignation
    from cluster.records import MemberInfo, Pause
    from cluster.rpc import peer_pb2
    from cluster.zookeeper.pause import PauseSwitch

log = structlog.get_logger(__name__)


class MemberAnswers:
    """The answers of one member; what they need of it is given to it at the start."""

    def __init__(
        self,
        member: OwnMember,
        *,
        records: RecordStream,
        resignation: Resignation,
        pauses: PauseSwitch,
        promise: Callable[[str, str, int, float], str],
        why_unable: Callable[[], Awaitable[str | None]] | None,
        restart_needed: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """``promise`` is the backend's; ``why_unable`` says why the application could not do the master's work.

        ``restart_needed`` names settings whose change waits for the next start of the process.
        """
        self._member = member
        self._records = records
        self._resignation = resignation
        self._pauses = pauses
        self._promise = promise
        self._why_unable = why_unable
        self._restart_needed = restart_needed

    def own_status(self) -> wire.StatusAnswer:
        """What this member knows about itself, from memory."""
        newest = self._records.newest
        last, paused = newest.info if newest else None, self._member.paused is not None
        restart = self._restart_needed()
        return wire.status_to_wire(
            self._member.info, self._member.status(), last, paused=paused, restart_needed=restart
        )

    def members(self) -> Sequence[MemberInfo]:
        """Members that have joined, as last seen."""
        return self._member.members()

    async def resign(self, requested_by: str, successor: str, epoch: int) -> int | None:
        """Resign; see :meth:`Resignation.resign`."""
        return await self._resignation.resign(requested_by, successor, epoch)

    async def pause(self, by: str, seconds: float | None) -> Pause:
        """Pause the cluster. Raises RefusedError for more than a day, UnavailableError."""
        return await self._pauses.pause(by, seconds)

    async def resume(self, by: str) -> bool:
        """End a pause; False when there was none. Raises UnavailableError."""
        return await self._pauses.resume(by)

    def promise(self, request: peer_pb2.PromiseRequest) -> str:
        """Promise a master that is without ZooKeeper, as this member is, not to contend; why not, empty when promised.

        The promise binds for the seconds asked for from now. One that another process was asked for is refused.
        """
        epoch, seconds = request.epoch, request.seconds
        own = FailsafeMember.of(self._member.info)
        refusal = not_addressed(own, request.addressee, request.addressee_incarnation)
        refusal = refusal or self._promise(request.asked_by, request.cluster_id, epoch, seconds)
        log.debug(
            "peers.asked_to_promise", asked_by=request.asked_by, epoch=epoch, seconds=seconds, refusal=refusal or None
        )
        return refusal

    async def why_unable(self) -> str | None:
        """Why this member could not do the master's work now; None when it could."""
        if self._member.status().zookeeper not in {ZooKeeperState.CONNECTED, ZooKeeperState.STANDALONE}:
            return "it is not connected to ZooKeeper"
        if self._why_unable is None:
            return "this member has no means to tell"
        limit = self._member.settings.action_budget_seconds
        try:
            async with asyncio.timeout(limit):
                return await self._why_unable()
        except TimeoutError:
            return f"no result within {limit:g} s"
