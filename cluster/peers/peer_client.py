"""Asking other members."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from cluster import tasks
from cluster.errors import ClusterError, NotMasterError, RefusedError, UnavailableError
from cluster.outside_text import one_line
from cluster.peers import wire
from cluster.peers.member_identity import MemberIdentity
from cluster.records import MemberStatus, Pause
from cluster.rpc import peer_pb2, peer_pb2_grpc
from cluster.tracing import trace_headers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from cluster.election.failsafe_members import FailsafeMember
    from cluster.peers.channels import Channels
    from cluster.records import MemberInfo

_REFUSALS = frozenset({grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT})
"""Answers after which another try of the same order is of no use now."""
_MOST_DETAILS = 500
"""Most characters of why a call failed: what is wrong with a certificate stands at the end of a long line."""
LONGEST_CALL_SECONDS = 60.0
"""How long a channel that is replaced or not needed any more lets the calls on it end."""


class PeerClient:
    """Channels to other members, one for each address, opened when first needed; a deadline on every call."""

    def __init__(self, timeout_seconds: float, channels: Channels, own: MemberIdentity | None = None) -> None:
        """``own`` is the member that asks; None for somebody who is none, whom members do not answer everything."""
        self._open = channels
        self._own = own or MemberIdentity("", "")
        self._timeout_seconds = timeout_seconds
        self._channels: dict[str, grpc.aio.Channel] = {}

    async def get_status(self, member: MemberInfo) -> MemberStatus:
        """What a member answers about itself, or why it does not; never raises for a silent one."""
        began, asked_at = time.monotonic(), time.time()
        try:
            answer = await self._stub(member.name, member.clustering).GetStatus(
                peer_pb2.GetStatusRequest(), timeout=self._timeout_seconds
            )
        except grpc.aio.AioRpcError as failure:
            return MemberStatus(info=member, reachable=False, error=_reason(failure))
        except UnavailableError as failure:
            return MemberStatus(info=member, reachable=False, error=str(failure))
        clock = wire.clock_offset(answer, asked_at, time.monotonic() - began)
        return wire.status_from_wire(member, answer, clock)

    async def get_statuses(self, members: Iterable[MemberInfo]) -> Sequence[MemberStatus]:
        """The same of several members, all at once."""
        return await asyncio.gather(*(self.get_status(member) for member in members))

    async def able_to_serve(self, members: Iterable[MemberInfo], timeout_seconds: float) -> Sequence[str]:
        """Names of the members that say they could do the master's work now; a silent one does not count."""
        asked = list(members)
        answers = await asyncio.gather(*(self._can_serve(member, timeout_seconds) for member in asked))
        return [member.name for member, able in zip(asked, answers, strict=True) if able]

    async def _can_serve(self, member: MemberInfo, timeout_seconds: float) -> bool:
        try:
            return await self.why_unable(member, timeout_seconds) is None
        except UnavailableError:
            return False

    async def fetch(self, member: MemberInfo, topic: str, timeout_seconds: float) -> AsyncGenerator[bytes, None]:
        """What a member keeps under a topic, piece by piece, within ``timeout_seconds``.

        Raises UnavailableError, also in the middle, and for a member that keeps nothing of the kind.
        """
        request = peer_pb2.FetchRequest(asked_by=self._own.name, incarnation=self._own.incarnation, topic=topic)
        try:
            async for answer in self._stub(member.name, member.clustering).Fetch(request, timeout=timeout_seconds):
                yield answer.piece
        except grpc.aio.AioRpcError as failure:
            raise _unavailable(member, failure) from failure

    async def step_down(
        self, member: MemberInfo, requested_by: str, timeout_seconds: float, successor: str = "", epoch: int = 0
    ) -> int:
        """Ask a member to resign, in favour of ``successor`` if not empty; returns the epoch that ended.

        ``epoch`` is the term that shall end, 0 whichever is running: an order that arrives late ends no later one.
        Raises NotMasterError, RefusedError when it must not resign or not in favour of that one, UnavailableError.
        """
        request = peer_pb2.StepDownRequest(requested_by=requested_by, successor=successor, epoch=epoch)
        try:
            stub = self._stub(member.name, member.clustering)
            answer = await stub.StepDown(request, timeout=timeout_seconds, metadata=_trace())
        except grpc.aio.AioRpcError as failure:
            if failure.code() is grpc.StatusCode.FAILED_PRECONDITION:
                raise NotMasterError(None) from failure
            raise _refused_or_unavailable(member, failure) from failure
        return int(answer.epoch)

    async def pause(
        self, member: MemberInfo, requested_by: str, seconds: float | None, timeout_seconds: float
    ) -> Pause:
        """Have the cluster paused by a member, for ``seconds`` or an hour. Raises RefusedError, UnavailableError."""
        request = peer_pb2.PauseRequest(requested_by=requested_by, seconds=seconds)
        try:
            stub = self._stub(member.name, member.clustering)
            answer = await stub.Pause(request, timeout=timeout_seconds, metadata=_trace())
        except grpc.aio.AioRpcError as failure:
            raise _refused_or_unavailable(member, failure) from failure
        return Pause(requested_by, answer.began_at, answer.until)

    async def resume(self, member: MemberInfo, requested_by: str, timeout_seconds: float) -> bool:
        """Have a pause of the cluster ended by a member; False when there was none.

        Raises RefusedError, UnavailableError.
        """
        request = peer_pb2.ResumeRequest(requested_by=requested_by)
        try:
            stub = self._stub(member.name, member.clustering)
            answer = await stub.Resume(request, timeout=timeout_seconds, metadata=_trace())
        except grpc.aio.AioRpcError as failure:
            raise _refused_or_unavailable(member, failure) from failure
        return bool(answer.was_paused)

    async def why_unable(self, member: MemberInfo, timeout_seconds: float) -> str | None:
        """Why a member could not do the master's work now; None when it says that it could. Raises UnavailableError."""
        request = peer_pb2.CanServeRequest(asked_by=self._own.name, incarnation=self._own.incarnation)
        try:
            answer = await self._stub(member.name, member.clustering).CanServe(request, timeout=timeout_seconds)
        except grpc.aio.AioRpcError as failure:
            raise _unavailable(member, failure) from failure
        return None if answer.able else answer.reason or "it gives no reason"

    async def refusal_to_promise(
        self, failsafe_member: FailsafeMember, request: peer_pb2.PromiseRequest, timeout_seconds: float
    ) -> str | None:
        """Ask a member not to contend for a while; why it does not promise that, None when it does.

        Raises UnavailableError, also for a member of a version that does not know how to promise.
        """
        name, address, _ = failsafe_member
        request.asked_by, request.incarnation = self._own.name, self._own.incarnation
        try:
            answer = await self._stub(name, address).Promise(request, timeout=timeout_seconds)
        except grpc.aio.AioRpcError as failure:
            message = f"{name} at {address}: {_reason(failure)}"
            raise UnavailableError(message) from failure
        return None if answer.promised else answer.reason or "it gives no reason"

    def forget(self, addresses: Iterable[str]) -> None:
        """Close the channels to all addresses but these; what runs on them may end."""
        keep = set(addresses)
        for address in [each for each in self._channels if each not in keep]:
            self._retire(self._channels.pop(address))

    async def close(self) -> None:
        """Close all channels at once."""
        while self._channels:
            _, channel = self._channels.popitem()
            await channel.close(None)

    @staticmethod
    def _retire(channel: grpc.aio.Channel) -> None:
        # A call whose channel is closed under it ends as if its caller had been cancelled.
        tasks.spawn("peers.old_channel", channel.close(LONGEST_CALL_SECONDS), finite=True)

    def _stub(self, name: str, address: str) -> peer_pb2_grpc.PeerServiceAsyncStub:
        """Raises UnavailableError for a member without an address: an empty one would be dialled."""
        if not address:
            message = f"{name}: its entry holds no address"
            raise UnavailableError(message)
        if self._open.renewed():
            # A channel keeps the certificates it was opened with. What runs on the old ones may end.
            while self._channels:
                self._retire(self._channels.popitem()[1])
        if address not in self._channels:
            self._channels[address] = self._open.open(address)
        return peer_pb2_grpc.PeerServiceStub(self._channels[address])


def _unavailable(member: MemberInfo, failure: grpc.aio.AioRpcError) -> UnavailableError:
    return UnavailableError(f"{member.name} at {member.clustering}: {_reason(failure)}")


def _refused_or_unavailable(member: MemberInfo, failure: grpc.aio.AioRpcError) -> ClusterError:
    if failure.code() in _REFUSALS:
        return RefusedError(one_line(failure.details()))
    return _unavailable(member, failure)


def _reason(failure: grpc.aio.AioRpcError) -> str:
    code = failure.code().name.lower().replace("_", " ")
    return f"{code}: {one_line(failure.details(), _MOST_DETAILS)}" if failure.details() else code


def _trace() -> tuple[tuple[str, str], ...]:
    """What lets the member that carries an order out continue the trace of the one that passes it on."""
    return tuple(trace_headers().items())
