"""One member of the cluster, put together: session, election, membership, peers and health in one object."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import structlog

from cluster import addresses
from cluster.backends.standalone import StandaloneBackend
from cluster.backends.zookeeper_backend import ZooKeeperBackend
from cluster.clock import boot_seconds
from cluster.election.events import State
from cluster.election.failsafe_members import FailsafeMember, not_addressed
from cluster.election.self_demotion import SelfDemotion
from cluster.errors import NotMasterError, RefusedError, TooSoonError
from cluster.listeners import Listeners
from cluster.mastership import EndCause, Role, ZooKeeperState
from cluster.peers import wire
from cluster.peers.channels import Channels
from cluster.peers.follower import Follower
from cluster.peers.health import Health, HealthPort
from cluster.peers.member_access import MemberAccess
from cluster.peers.member_identity import MemberIdentity
from cluster.peers.order_limits import HandOverLimit
from cluster.peers.peer_client import PeerClient
from cluster.peers.readiness import check_successor
from cluster.peers.server import Broadcast, PeerService
from cluster.process.watchdog import Watchdog
from cluster.records import MemberInfo
from cluster.rpc import peer_pb2, peer_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.backends.backend import Backend
    from cluster.documents import DocumentStore
    from cluster.mastership import LeadershipStatus, Mastership
    from cluster.records import HistoryEntry, MemberStatus, Pause, Record
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)


class ClusterMember:
    """The node as a member of its cluster; the same with ZooKeeper and alone.

    Everything runs on the event loop that called :meth:`start`; callbacks are called there and must not block.
    """

    def __init__(
        self,
        settings: ClusterSettings,
        *,
        version: str,
        http_address: str = "",
        health_services: tuple[str, str] = ("node", "master"),
        drain: Callable[[], Awaitable[None]] | None = None,
        ended_clean: Callable[[int], bool] | None = None,
        why_unable: Callable[[], Awaitable[str | None]] | None = None,
    ) -> None:
        """Build the member; nothing is opened before :meth:`start`. Raises SettingsError for unusable certificates.

        ``health_services`` are the gRPC health names of "this node has joined" and "this node is master".
        ``drain`` is awaited (at most one action budget) between the end of a term and the release of the mastership,
        so that what is in flight can finish or be cancelled. ``ended_clean`` then says whether nothing of the term
        with this epoch, nor of one before, can be in flight any more; the successor finds it in
        ``Term.after_clean_end``.
        ``why_unable`` answers a failing master why this node could
        not do better (None: it could); it has one action budget. Without it this node never takes over for that reason.
        """
        self.settings = settings
        self.on_record: Listeners[[Record]] = Listeners("record")
        """Called with each record received while standby."""
        self.on_early_sign: Listeners[[]] = Listeners("early sign")
        """Called when the stream of the master broke: time to warm up, never a reason to act."""
        self._info = MemberInfo(settings.node, http_address, "", version, time.time(), uuid.uuid4().hex)
        self._backend: Backend = (
            StandaloneBackend(settings, drain)
            if settings.standalone
            else ZooKeeperBackend(settings, self._ask_promise, drain, ended_clean)
        )
        self._health = Health(*health_services)
        self._health_port = HealthPort(self._health, settings.health_bind_address, settings.health_port)
        self._broadcast = Broadcast()
        self.access = MemberAccess(settings, self)
        """Who may call this member, and its audit log."""
        self._server = self.access.server(settings)
        own = MemberIdentity.of(self._info)
        self._client = PeerClient(settings.peer_timeout_seconds, self._channels(), own)
        self._follower = Follower(own, self._channels(), self._other_master, self._received, self.on_early_sign.notify)
        self._hand_overs = HandOverLimit(settings.cooldown_seconds)
        self._watchdog = Watchdog(limit) if (limit := settings.watchdog_seconds) is not None else None
        self._why_unable = why_unable
        self._self_demotion = SelfDemotion(
            settings.failures_allowed, self._able_standbys, self.why_unable, self._give_way
        )
        self._last_record: Record | None = None
        self._leading_epoch: int | None = None
        self._known_master: str | None = None
        """The newest master, this node too."""
        self._news = asyncio.Event()
        """Set, and replaced by a new one, at each change of role, state, master or members."""

    @property
    def mastership(self) -> Mastership:
        """Whether this node may act. Started and stopped by this object."""
        return self._backend.mastership

    @property
    def documents(self) -> DocumentStore:
        """The document at ``/config`` that all members share."""
        return self._backend.documents

    def document_beside(self, name: str) -> DocumentStore:
        """A document of the application's own, beside that one; to be asked for before :meth:`start`."""
        return self._backend.document_beside(name)

    @property
    def info(self) -> MemberInfo:
        """What this member publishes about itself; the clustering port is final after :meth:`start`."""
        return self._info

    @property
    def health_port(self) -> int | None:
        """Port without TLS that serves health checks alone; None when there is none."""
        return self._health_port.port

    async def start(self) -> None:
        """Open the clustering port, join and contend. Returns although ZooKeeper may be unreachable.

        Raises OSError when the port is taken, SettingsError when a certificate file cannot be used, DamagedStateError
        when a local file cannot be read; alone, also AlreadyRunningError.
        """
        service = PeerService(self._broadcast, self)
        self._server.serve(lambda server: peer_pb2_grpc.add_PeerServiceServicer_to_server(service, server))
        self._server.serve(self._health.add_to)
        self._server.on_renewed(self._broadcast.begin_anew)
        port = await self._server.start()
        self._info = replace(self._info, clustering=addresses.join(self.settings.host, port))
        self.access.control.address = self._info.clustering
        self._backend.listen(self._changed)
        self.access.follow_tokens(self._backend.access_tokens)
        try:
            await self._health_port.start()
            await self._backend.start(self._info)
        except BaseException:
            await self._health_port.stop()
            await self._server.stop()
            raise
        self._follower.start()
        if self._watchdog is not None:
            self._watchdog.start()
        self._changed()

    async def stop(self) -> None:
        """Health off, resign if master, tell the peers, close the port and the session; bounded in time."""
        self._health.close()
        if self._watchdog is not None:
            self._watchdog.stop()
        try:
            async with asyncio.timeout(self.settings.stop_timeout_seconds):
                await self._self_demotion.stop()
                await self._backend.mastership.stop()
                self._broadcast.close()
                await self._follower.stop()
                await self._client.close()
                await self._server.stop()
                await self._health_port.stop()
        except TimeoutError:
            log.warning("cluster.stop_timeout", waited_seconds=self.settings.stop_timeout_seconds)
        await self._backend.stop()

    async def reload_certificates(self) -> None:
        """Take up certificates of the clustering port that were replaced; without this the next connection does."""
        await self._server.renew()

    def set_ready(self, *, ready: bool) -> None:
        """Set the gRPC health of the process (service ``""``); not ready at birth."""
        self._health.set(process=ready)

    def status(self) -> LeadershipStatus:
        """Leadership status of this node now, from memory."""
        return self.mastership.status

    def members(self) -> Sequence[MemberInfo]:
        """Members that have joined, by name, as last seen; this one is always among them."""
        return self._backend.members()

    async def ask_members(self) -> Sequence[MemberStatus]:
        """Ask every member about itself, all at once, within the peer time-out; never raises for a silent one."""
        members = self.members()
        others = [each for each in members if each.name != self.settings.node]
        answers = {each.info.name: each for each in await self._client.get_statuses(others)}
        answers[self.settings.node] = wire.status_from_wire(self._info, self.own_status())
        return [answers[each.name] for each in members]

    async def step_down(self, requested_by: str, successor: str = "") -> int:
        """Ask the master, wherever it is, to resign, in favour of ``successor`` if given. Returns the epoch that ended.

        Raises NotMasterError when there is no master, RefusedError while the cluster is paused, while ZooKeeper is lost
        to everybody, or when the successor is unknown, unable or silent, UnavailableError when the master cannot be
        reached.
        """
        epoch = await self.resign(requested_by, successor)
        if epoch is not None:
            return epoch
        master = await self._find_master()
        limit = self.settings.peer_timeout_seconds + self.settings.session_timeout_seconds
        asked = await self._client.get_status(master)
        epoch = asked.epoch if asked.role is Role.MASTER else 0
        return await self._client.step_down(master, requested_by, limit + self._readiness_seconds, successor, epoch)

    def report_outcome(self, *, succeeded: bool) -> None:
        """Tell whether the master's action has reached its target.

        After several failures in a row the standbys are asked; if one of them could do better, this node gives way:
        at once, or after two more failures if by the same check it could act itself.
        """
        term = self.mastership.term
        if term is not None:
            self._self_demotion.report(term, succeeded=succeeded)

    async def wait_entered(self) -> None:
        """Wait until this node is entered among the members, however long ZooKeeper cannot be reached.

        Raises AlreadyRunningError when a node that lives has its name.
        """
        await self._backend.wait_entered()

    async def wait_refused(self) -> NoReturn:
        """Wait until a node that lives has the name of this one, which must end then.

        Always raises: AlreadyRunningError, whose message says who has the name, where and since when.
        """
        await self._backend.wait_refused()

    def report_accepted(self, epoch: int, at: float) -> None:
        """Report that the receiver accepted an action of the term ``epoch``, Unix time in seconds; its own, or one it
        has been told of. History counts the gap before a term from these.
        """
        self._backend.acted(epoch, at)

    @property
    def paused(self) -> Pause | None:
        """The pause of the cluster in force now; None when there is none."""
        return self._backend.pause.current

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot be read of what the cluster keeps, in words.

        A pause counts as if it were not there; a damaged epoch or failsafe list keeps every node from becoming master.
        """
        return self._backend.faults

    async def pause(self, by: str, seconds: float | None = None) -> Pause:
        """Pause the whole cluster, for ``seconds`` or an hour: its master goes on, and nobody takes over.

        When this returns, nobody becomes master any more until the pause is over. Raises RefusedError for more than a
        day, UnavailableError.
        """
        return await self._backend.pause.pause(by, seconds)

    async def resume(self, by: str) -> bool:
        """End a pause of the cluster; False when there was none. Raises UnavailableError."""
        return await self._backend.pause.resume(by)

    async def history(self, limit: int = 50) -> Sequence[HistoryEntry]:
        """The newest terms, newest first. Raises UnavailableError."""
        return await self._backend.history(limit)

    def publish(self, record: Record) -> None:
        """Number a record of this master and hand it to all followers; the newest replaces one not yet sent."""
        self._last_record = self._broadcast.publish(record)

    @property
    def last_record(self) -> Record | None:
        """The newest record published or received."""
        return self._last_record

    @property
    def refused_by_master(self) -> str:
        """Why the master does not let this node follow it; empty when it does."""
        return self._follower.refusal

    # --- what it answers to peers ------------------------------------------------------------------------------------

    def own_status(self) -> wire.StatusAnswer:
        """What this member answers about itself, from memory."""
        last = self._last_record.info if self._last_record else None
        return wire.status_to_wire(self._info, self.status(), last, paused=self.paused is not None)

    async def resign(self, requested_by: str, successor: str = "", epoch: int = 0) -> int | None:
        """Resign, in favour of ``successor`` if given; returns the epoch that ended, None when standby.

        Raises RefusedError while the cluster is paused, while promises carry the term, on a node alone, when the
        successor is unknown, unable or silent, or when ``epoch`` is given and is not the running term; TooSoonError
        right after a hand-over.
        """
        term = self.mastership.term
        if term is None:
            return None
        if epoch not in {0, term.epoch}:
            message = f"term {epoch} has ended already; term {term.epoch} goes on"
            raise RefusedError(message)
        if self.paused is not None:
            message = f"the cluster is paused by {self.paused.by}: nobody would take over; resume first"
            raise RefusedError(message)
        if self.settings.standalone:
            message = "this node runs alone: nobody could take over"
            raise RefusedError(message)
        if self.status().state == State.FAILSAFE:
            message = "ZooKeeper is lost to every member: nobody could take over"
            raise RefusedError(message)
        left = self._hand_overs.seconds_left(boot_seconds(), {each.name for each in self.members()})
        if left > 0.0:
            message = f"the mastership has just been handed over; step down again in {left:.1f} s"
            raise TooSoonError(message)
        if successor:
            await check_successor(successor, self.settings.node, self.members(), self._client, self._readiness_seconds)
            if term.ended.is_set():
                return None
        self._hand_overs.carried_out(boot_seconds())
        log.info("leadership.step_down", epoch=term.epoch, requested_by=requested_by, successor=successor or None)
        return term.epoch if await self.mastership.step_down(successor=successor) else None

    def promise(self, request: peer_pb2.PromiseRequest) -> str:
        """Promise a master that is without ZooKeeper, as this member is, not to contend; why not, empty when promised.

        The promise binds for the seconds asked for from now. One that another process was asked for is refused.
        """
        epoch, seconds = request.epoch, request.seconds
        refusal = not_addressed(FailsafeMember.of(self._info), request.addressee, request.addressee_incarnation)
        refusal = refusal or self._backend.promise(request.asked_by, request.cluster_id, epoch, seconds)
        log.debug(
            "peers.asked_to_promise", asked_by=request.asked_by, epoch=epoch, seconds=seconds, refusal=refusal or None
        )
        return refusal

    async def why_unable(self) -> str | None:
        """Why this member could not do the master's work now; None when it could."""
        if self.status().zookeeper not in {ZooKeeperState.CONNECTED, ZooKeeperState.STANDALONE}:
            return "it is not connected to ZooKeeper"
        if self._why_unable is None:
            return "this member has no means to tell"
        try:
            async with asyncio.timeout(self.settings.action_budget_seconds):
                return await self._why_unable()
        except TimeoutError:
            return f"no result within {self.settings.action_budget_seconds:g} s"

    # --- inside ------------------------------------------------------------------------------------------------------

    def _channels(self) -> Channels:
        return Channels(self.settings.peer_tls, self.access.credentials)

    @property
    def _readiness_seconds(self) -> float:
        """Longest time to wait for a member to find out whether it could do the master's work."""
        return self.settings.action_budget_seconds + self.settings.peer_timeout_seconds

    async def _ask_promise(self, failsafe_member: FailsafeMember, epoch: int, seconds: float) -> str | None:
        cluster_id = self.status().cluster_id
        request = peer_pb2.PromiseRequest(
            cluster_id=cluster_id,
            epoch=epoch,
            seconds=seconds,
            addressee=failsafe_member.name,
            addressee_incarnation=failsafe_member.incarnation,
        )
        limit = min(self.settings.peer_timeout_seconds, seconds / 4)
        return await self._client.refusal_to_promise(failsafe_member, request, limit)

    async def _able_standbys(self) -> Sequence[str]:
        if self.paused is not None:
            return []  # nobody would take over
        others = [each for each in self.members() if each.name != self.settings.node and each.clustering]
        return await self._client.able_to_serve(others, self._readiness_seconds)

    async def _give_way(self) -> bool:
        try:
            return await self.mastership.step_down(EndCause.SELF_DEMOTION)
        except RefusedError:
            return False  # logged as leadership.release_refused

    async def _find_master(self) -> MemberInfo:
        """The other member that is master; one that was just elected, or has just joined, may take a moment to find."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.peer_timeout_seconds):
                while (master := self._other_master()) is None:
                    await self._news.wait()
                return master
        raise NotMasterError(self.status().master)

    def _other_master(self) -> MemberInfo | None:
        status = self.status()
        if status.role is Role.MASTER or status.master in {None, self.settings.node}:
            return None
        return next((each for each in self.members() if each.name == status.master and each.clustering), None)

    def _changed(self) -> None:
        """Role, state, master or members have changed: health, stream and follower go with it."""
        status = self.status()
        term = self.mastership.term
        self._health.set(
            node=status.zookeeper in {ZooKeeperState.CONNECTED, ZooKeeperState.STANDALONE}, master=term is not None
        )
        epoch = term.epoch if term is not None else None
        if epoch != self._leading_epoch:
            self._leading_epoch = epoch
            if term is None:
                self._broadcast.close()
            else:
                previous = self._known_master
                self._hand_overs.began(boot_seconds(), previous if previous != self.settings.node else None)
                self._broadcast.open()
        self._known_master = status.master or self._known_master
        self._follower.refresh()
        self._client.forget(each.clustering for each in self.members())
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _received(self, record: Record) -> None:
        # A stream keeps its order, and the one followed now is newer than those before, whatever its epoch: ZooKeeper
        # can have lost its data. Only a stream that has not been left yet is older than this node's own term.
        if self.mastership.term is not None:
            return
        self._last_record = record
        self.on_record.notify(record)
