"""The clustering port: what this member answers to the others."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, cast

import grpc
import grpc.aio
import structlog

from cluster.errors import ClusterError, RefusedError, StalePiecesError, TooSoonError
from cluster.peers import wire
from cluster.peers.callers import close
from cluster.peers.follower_limits import FollowerLimits
from cluster.peers.member_identity import MemberIdentity, why_no_member
from cluster.peers.topics import Topics
from cluster.rpc import peer_pb2, peer_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from typing import Any

    from cluster.records import MemberInfo, Pause, Record

    Context = grpc.aio.ServicerContext[Any, Any]

    StatusContext = grpc.aio.ServicerContext[peer_pb2.GetStatusRequest, peer_pb2.GetStatusResponse]
    FollowContext = grpc.aio.ServicerContext[peer_pb2.FollowRequest, peer_pb2.FollowResponse]
    FetchContext = grpc.aio.ServicerContext[peer_pb2.FetchRequest, peer_pb2.FetchResponse]
    CanServeContext = grpc.aio.ServicerContext[peer_pb2.CanServeRequest, peer_pb2.CanServeResponse]
    PromiseContext = grpc.aio.ServicerContext[peer_pb2.PromiseRequest, peer_pb2.PromiseResponse]
    PauseContext = grpc.aio.ServicerContext[peer_pb2.PauseRequest, peer_pb2.PauseResponse]
    ResumeContext = grpc.aio.ServicerContext[peer_pb2.ResumeRequest, peer_pb2.ResumeResponse]
    StepDownContext = grpc.aio.ServicerContext[peer_pb2.StepDownRequest, peer_pb2.StepDownResponse]

log = structlog.get_logger(__name__)

MOST_WRITTEN_AT_ONCE = 4 * 1024 * 1024
"""Bytes of a record that is written on the event loop, which takes some milliseconds; a longer one in a thread."""
MOST_ORDERS = 4
"""Orders that are carried out at a time; a pause can wait for a master for seconds."""


class Broadcast:
    """The newest record, and those who wait for the next one. Holds one record, however many follow."""

    def __init__(self) -> None:
        self.newest: Record | None = None
        self._changed = asyncio.Event()
        self._open = False
        self._published = 0
        self._round = 0

    def open(self) -> None:
        """A term has begun: followers are welcome. A record of an earlier term is not sent."""
        self._open = True
        self.newest = None
        self._published = 0

    def publish(self, record: Record) -> Record:
        """Replace the record; every follower that is ready gets it, a slow one skips to the newest later.

        Returns the record with its number in this stream.
        """
        self._published += 1
        self.newest = replace(record, info=replace(record.info, sequence=self._published))
        self._wake()
        return self.newest

    def begin_anew(self) -> None:
        """The server is being replaced: every stream of now ends, and may be asked for again."""
        self._round += 1
        self._wake()

    def close(self) -> None:
        """The term is over: every stream ends."""
        self._open = False
        self._wake()

    @property
    def is_open(self) -> bool:
        """Whether a term is on."""
        return self._open

    async def records(self) -> AsyncIterator[Record]:
        """The newest record at once, then each newer one when the reader is ready for it; ends with the term.

        The last record comes before the end: it says how the term's last action went.
        """
        sent: Record | None = None
        began_in, goes_on = self._round, self._open
        while goes_on:
            changed, newest = self._changed, self.newest
            if newest is not None and newest is not sent:
                sent = newest
                yield newest
            elif goes_on := self._open and self._round == began_in:
                await changed.wait()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _answer_with(record: Record) -> bytes:
    return peer_pb2.FollowResponse(record=wire.record_to_wire(record)).SerializeToString()


class Answers(Protocol):
    """The member that answers."""

    def own_status(self) -> peer_pb2.GetStatusResponse:
        """What it knows about itself, from memory."""
        ...

    def members(self) -> Sequence[MemberInfo]:
        """Members that have joined, as last seen."""
        ...

    async def resign(self, requested_by: str, successor: str, epoch: int) -> int | None:
        """Resign, in favour of ``successor`` if not empty; the epoch that ended, None when standby. RefusedError."""
        ...

    async def why_unable(self) -> str | None:
        """Why it could not do the master's work now; None when it could."""
        ...

    def promise(self, request: peer_pb2.PromiseRequest) -> str:
        """Promise a master not to contend for so long; why not, empty when promised."""
        ...

    async def pause(self, by: str, seconds: float | None) -> Pause:
        """Pause the cluster. Raises UnavailableError."""
        ...

    async def resume(self, by: str) -> bool:
        """End a pause; False when there was none. Raises UnavailableError."""
        ...


class PeerService(peer_pb2_grpc.PeerServiceServicer):
    """Answers of this member (``cluster.v1.PeerService``)."""

    def __init__(
        self,
        broadcast: Broadcast,
        member: Answers,
        followers: FollowerLimits | None = None,
        topics: Topics | None = None,
    ) -> None:
        self._broadcast = broadcast
        self._member = member
        self._followers = followers or FollowerLimits()
        self._topics = topics or Topics()
        self._orders = 0
        self._written: tuple[Record, asyncio.Future[bytes]] | None = None
        """The newest long record, and its answer, which all followers are sent."""

    async def GetStatus(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.GetStatusRequest, context: StatusContext
    ) -> peer_pb2.GetStatusResponse:
        """What this member knows about itself, from memory."""
        del request, context
        return self._member.own_status()

    async def Follow(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.FollowRequest, context: FollowContext
    ) -> AsyncIterator[peer_pb2.FollowResponse]:
        """The master's records, until its term ends."""
        name = request.follower
        await self._admit_member(MemberIdentity(name, request.incarnation), context)
        if not self._broadcast.is_open:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._not_master())
        if full := self._followers.why_full(name):
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, full)

        def give_up() -> None:
            log.warning("peers.follower_too_slow", follower=name)
            close(context.peer())

        log.debug("peers.follower_joined", follower=name)
        with self._followers.stream(name):
            async for record in self._broadcast.records():
                answer = await self._answer_with(record)
                async with self._followers.sending(len(answer), give_up):
                    yield cast("peer_pb2.FollowResponse", answer)  # ``ReadyAnswers`` sends bytes
        self._written = None
        await context.abort(*_end_of_stream(self._broadcast))

    async def _answer_with(self, record: Record) -> bytes:
        """The answer that brings a record: a long one is written once for all followers, beside the event loop."""
        if len(record.body) <= MOST_WRITTEN_AT_ONCE:
            return _answer_with(record)
        if self._written is None or self._written[0] is not record:
            self._written = record, asyncio.ensure_future(asyncio.to_thread(_answer_with, record))
        return await asyncio.shield(self._written[1])

    async def Fetch(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.FetchRequest, context: FetchContext
    ) -> AsyncIterator[peer_pb2.FetchResponse]:
        """What the application keeps under a topic."""
        await self._admit_member(MemberIdentity(request.asked_by, request.incarnation), context)
        begin = self._topics.find(request.topic)
        if begin is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"nothing is kept here as {request.topic}")
        if self._topics.full:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "others are being answered: ask again")
        with self._topics.stream():
            try:
                for piece in begin():
                    answer = peer_pb2.FetchResponse(piece=piece)
                    async with self._followers.sending(len(piece), lambda: close(context.peer())):
                        yield answer
            except StalePiecesError as stale:
                await context.abort(grpc.StatusCode.ABORTED, str(stale))

    async def StepDown(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.StepDownRequest, context: StepDownContext
    ) -> peer_pb2.StepDownResponse:
        """Resign if master."""
        epoch = None
        async with self._order(context):
            epoch = await self._member.resign(request.requested_by, request.successor, request.epoch)
        if epoch is None:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, self._not_master())
        name = self._member.own_status().name
        return peer_pb2.StepDownResponse(former_master=name, epoch=epoch or 0, successor=request.successor)

    async def CanServe(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.CanServeRequest, context: CanServeContext
    ) -> peer_pb2.CanServeResponse:
        """Whether this member could do the master's work now."""
        await self._admit_member(MemberIdentity(request.asked_by, request.incarnation), context)
        reason = await self._member.why_unable()
        log.info("peers.asked_to_serve", asked_by=request.asked_by, able=reason is None, reason=reason)
        return peer_pb2.CanServeResponse(able=reason is None, reason=reason or "")

    async def Promise(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.PromiseRequest, context: PromiseContext
    ) -> peer_pb2.PromiseResponse:
        """Promise not to contend for a while."""
        await self._admit_member(MemberIdentity(request.asked_by, request.incarnation), context)
        reason = self._member.promise(request)
        return peer_pb2.PromiseResponse(promised=not reason, reason=reason)

    async def Pause(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.PauseRequest, context: PauseContext
    ) -> peer_pb2.PauseResponse:
        """Pause the cluster."""
        seconds = request.seconds if request.HasField("seconds") else None
        async with self._order(context):
            pause = await self._member.pause(request.requested_by, seconds)
        return peer_pb2.PauseResponse(began_at=pause.began_at, until=pause.until)

    async def Resume(  # noqa: N802 - the name in the contract
        self, request: peer_pb2.ResumeRequest, context: ResumeContext
    ) -> peer_pb2.ResumeResponse:
        """End a pause."""
        async with self._order(context):
            was_paused = await self._member.resume(request.requested_by)
        return peer_pb2.ResumeResponse(was_paused=was_paused)

    async def _admit_member(self, claimed: MemberIdentity, context: Context) -> None:
        """End a call that only members make, unless this one of them makes it."""
        if reason := why_no_member(claimed, self._member.members()):
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, reason)

    @asynccontextmanager
    async def _order(self, context: Context) -> AsyncIterator[None]:
        """An order is carried out inside, a few at a time; its failure becomes the status of the call."""
        if self._orders >= MOST_ORDERS:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MOST_ORDERS} orders are under way already")
        self._orders += 1
        try:
            yield
        except TooSoonError as refusal:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, str(refusal))
        except RefusedError as refusal:
            await context.abort(grpc.StatusCode.ABORTED, str(refusal))
        except ClusterError as failure:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(failure))
        finally:
            self._orders -= 1

    def _not_master(self) -> str:
        master = self._member.own_status().master
        return f"not the master; the master is {master}" if master else "not the master; none is known"


def _end_of_stream(broadcast: Broadcast) -> tuple[grpc.StatusCode, str]:
    if broadcast.is_open:
        return grpc.StatusCode.ABORTED, "there are new certificates: follow again"
    return grpc.StatusCode.FAILED_PRECONDITION, "the term has ended"
