"""A standby that keeps itself warm: it follows the master's records."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import structlog

from cluster import tasks
from cluster.backoff import Backoff
from cluster.lasting import lasting
from cluster.outside_text import one_line
from cluster.peers import wire
from cluster.rpc import peer_pb2, peer_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.peers.channels import Channels
    from cluster.peers.member_identity import MemberIdentity
    from cluster.records import MemberInfo, Record

log = structlog.get_logger(__name__)

_OVER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.FAILED_PRECONDITION)
"""How a stream ends when its master is gone, and when its term is over."""
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
RETRY_SECONDS = (0.1, 1.0)
"""First and longest pause before following again, when a stream has ended and the same master is still known."""


class Follower:
    """Finds the master among the members and follows its stream, again and again."""

    def __init__(
        self,
        own: MemberIdentity,
        channels: Channels,
        find_master: Callable[[], MemberInfo | None],
        on_record: Callable[[Record], None],
        on_broken: Callable[[], None],
    ) -> None:
        """``find_master`` returns where the master is, None when there is none or it is this node.

        ``on_broken`` is called when a stream that had been open broke, its term ended, or the master was gone before
        that was known: an early sign, nothing to act upon.
        """
        self._own = own
        self._channels = channels
        self._find_master = find_master
        self._on_record = on_record
        self._on_broken = on_broken
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._received = False
        """Whether the newest stream has brought a record."""
        self._refusal: tuple[str, str] | None = None
        """The master that refused to be followed, and why; None when the newest stream was taken."""

    @property
    def refusal(self) -> str:
        """Why the master does not let this node follow it; empty when it does, or has not answered."""
        master = self._find_master()
        refused = self._refusal is not None and master is not None and self._refusal[0] == master.name
        return self._refusal[1] if self._refusal is not None and refused else ""

    def start(self) -> None:
        """Follow from now on."""
        self._task = tasks.spawn("follower", lasting("follower", self._run))

    async def stop(self) -> None:
        """Follow no more."""
        await tasks.cancel(self._task)

    def refresh(self) -> None:
        """The master may have changed: look again now."""
        self._changed.set()

    async def _run(self) -> None:
        backoff = Backoff(*RETRY_SECONDS)
        while True:
            self._changed.clear()
            master = self._find_master()
            if master is None:
                backoff.reset()
                await self._changed.wait()
                continue
            if await self._follow(master):
                backoff.reset()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff.next_seconds()):
                    await self._changed.wait()

    async def _follow(self, master: MemberInfo) -> bool:
        """Follow one master until its stream ends or another one is known; whether it sent anything."""
        self._channels.renewed()
        async with self._channels.open(master.clustering) as channel:
            stub: peer_pb2_grpc.PeerServiceAsyncStub = peer_pb2_grpc.PeerServiceStub(channel)
            call = stub.Follow(peer_pb2.FollowRequest(follower=self._own.name, incarnation=self._own.incarnation))
            reading = tasks.spawn(f"follower.{master.name}", self._read(call, master), finite=True)
            waiting = tasks.spawn("follower.changes", self._until_other(master), finite=True)
            try:
                await asyncio.wait((reading, waiting), return_when=asyncio.FIRST_COMPLETED)
                if self._received and not reading.done() and self._find_master() is None:
                    self._on_broken()
            finally:
                call.cancel()
                await tasks.cancel(reading, waiting)
        return self._received

    async def _until_other(self, master: MemberInfo) -> None:
        while self._find_master() == master:
            await self._changed.wait()
            self._changed.clear()

    async def _read(
        self, call: grpc.aio.UnaryStreamCall[peer_pb2.FollowRequest, peer_pb2.FollowResponse], master: MemberInfo
    ) -> None:
        self._received = False
        try:
            async for answer in call:
                self._received, self._refusal = True, None
                self._on_record(wire.record_from_wire(answer.record))
        except grpc.aio.AioRpcError as failure:
            log.debug("follower.stream_ended", master=master.name, code=failure.code().name, error=failure.details())
            self._note_refusal(master, failure)
            if self._received and failure.code() in _OVER:
                self._on_broken()

    def _note_refusal(self, master: MemberInfo, failure: grpc.aio.AioRpcError) -> None:
        """Say once that this node does not pass for a member: it would take over without the newest record."""
        reason = one_line(failure.details() or "") if failure.code() in _REFUSED else ""
        if not reason:
            return
        if self._refusal is None or self._refusal[0] != master.name:
            log.error("follower.refused", master=master.name, reason=reason)
        self._refusal = (master.name, reason)
