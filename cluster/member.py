"""One member of the cluster, put together: session, election, membership, peers and health in one object."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import structlog

from cluster import addresses
from cluster.backends.standalone import StandaloneBackend
from cluster.backends.zookeeper_backend import ZooKeeperBackend
from cluster.election.self_demotion import SelfDemotion
from cluster.errors import RefusedError
from cluster.listeners import Listeners
from cluster.mastership import EndCause, Role, ZooKeeperState
from cluster.peers import wire
from cluster.peers.channels import Channels
from cluster.peers.health import Health, HealthPort
from cluster.peers.member_access import MemberAccess
from cluster.peers.member_answers import MemberAnswers
from cluster.peers.member_identity import MemberIdentity
from cluster.peers.other_master import OtherMaster
from cluster.peers.peer_client import PeerClient
from cluster.peers.readiness import newest_able
from cluster.peers.record_stream import RecordStream
from cluster.peers.resignation import Resignation
from cluster.peers.server import PeerService
from cluster.peers.topics import Topics
from cluster.process.watchdog import Watchdog
from cluster.records import MemberInfo
from cluster.rpc import peer_pb2, peer_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from cluster.backends.backend import Backend
    from cluster.documents import DocumentStore
    from cluster.election.failsafe_members import FailsafeMember
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
        restart_needed: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """Build the member; nothing is opened before :meth:`start`. Raises SettingsError for unusable certificates.

        ``health_services`` are the gRPC health names of "this node has joined" and "this node is master".
        ``drain`` is awaited (at most one action budget) between the end of a term and the release of the mastership,
        so that what is in flight can finish or be cancelled. ``ended_clean`` then says whether nothing of the term
        with this epoch, nor of one before, can be in flight any more; the successor finds it in
        ``Term.after_clean_end``.
        ``why_unable`` answers a failing master why this node could not do better (None: it could); it has one action
        budget. Without it this node never takes over for that reason.
        ``restart_needed`` names settings that wait for the next start; the others are told.
        """
        self.settings = settings
        self._info = MemberInfo(settings.node, http_address, "", version, time.time(), uuid.uuid4().hex)
        self._backend = self._stand_on(drain, ended_clean)
        self._health = Health(*health_services)
        self._health_port = HealthPort(self._health, settings.health_bind_address, settings.health_port)
        self.access = MemberAccess(settings, self)
        """Who may call this member, and its audit log."""
        self._server = self.access.server(settings)
        self._client = PeerClient(settings.peer_timeout_seconds, self._channels(), MemberIdentity.of(self._info))
        self._other_master = OtherMaster(self)
        self._records = RecordStream(self, self._channels(), self._other_master.known)
        self._resignation = Resignation(self, self._client)
        self._answers = self._answering(why_unable, restart_needed)
        self.topics = Topics()
        """What the application keeps for other members."""
        self._watchdog = Watchdog(limit) if (limit := settings.watchdog_seconds) is not None else None
        self._self_demotion = SelfDemotion(
            settings.failures_allowed, self._able_standbys, self._answers.why_unable, self._give_way
        )
        self.on_change: Listeners[[]] = Listeners("member")
        """Called after each change of role, state, master, members or pause."""
        self._leading_epoch: int | None = None
        self._known_master: str | None = None
        """The newest master, this node too."""

    def _stand_on(
        self, drain: Callable[[], Awaitable[None]] | None, ended_clean: Callable[[int], bool] | None
    ) -> Backend:
        if self.settings.standalone:
            return StandaloneBackend(self.settings, drain)
        return ZooKeeperBackend(self.settings, self._ask_promise, drain, ended_clean)

    def _answering(
        self, why_unable: Callable[[], Awaitable[str | None]] | None, restart_needed: Callable[[], Sequence[str]]
    ) -> MemberAnswers:
        return MemberAnswers(
            self,
            records=self._records,
            resignation=self._resignation,
            pauses=self._backend.pause,
            promise=self._backend.promise,
            why_unable=why_unable,
            restart_needed=restart_needed,
        )

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
        service = PeerService(self._records.broadcast, self._answers, topics=self.topics)
        self._server.serve(lambda server: peer_pb2_grpc.add_PeerServiceServicer_to_server(service, server))
        self._server.serve(self._health.add_to)
        self._server.on_renewed(self._records.broadcast.begin_anew)
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
        self._records.start()
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
                await self._backend.mastership.stop(await self._successor_of_stop())
                await self._records.stop()
                await self._client.close()
                await self._server.stop()
                await self._health_port.stop()
        except TimeoutError:
            log.warning("cluster.stop_timeout", waited_seconds=self.settings.stop_timeout_seconds)
        await self._backend.stop()

    async def _successor_of_stop(self) -> str:
        """Whom a master that stops leaves the mastership to; empty where anybody may take it. It acts on meanwhile."""
        if self.mastership.term is None or self.settings.standalone or self.paused is not None:
            return ""
        return await newest_able(self._info, self.members(), self._client, self.settings.peer_timeout_seconds)

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
        answers[self.settings.node] = wire.status_from_wire(self._info, self._answers.own_status())
        return [answers[each.name] for each in members]

    def fetch(self, member: MemberInfo, topic: str, timeout_seconds: float) -> AsyncGenerator[bytes, None]:
        """What another member keeps under a topic, piece by piece. Raises UnavailableError, also in the middle."""
        return self._client.fetch(member, topic, timeout_seconds)

    async def step_down(self, requested_by: str, successor: str = "", epoch: int = 0) -> int:
        """Ask the master, wherever it is, to resign, in favour of ``successor`` if given. Returns the epoch that ended.

        ``epoch`` is the term that shall end, 0 whichever is running: an order that is repeated ends no later one.
        Raises NotMasterError when there is no master, RefusedError while the cluster is paused, while ZooKeeper is lost
        to everybody, when another term is running, or when the successor is unknown, unable or silent, UnavailableError
        when the master cannot be reached.
        """
        ended = await self._resignation.resign(requested_by, successor, epoch)
        if ended is not None:
            return ended
        master = await self._other_master.find()
        limit = self.settings.peer_timeout_seconds + self.settings.session_timeout_seconds
        asked = await self._client.get_status(master)
        epoch = epoch or (asked.epoch if asked.role is Role.MASTER else 0)
        return await self._client.step_down(
            master, requested_by, limit + self.settings.readiness_seconds, successor, epoch
        )

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
        self._records.publish(record)

    @property
    def last_record(self) -> Record | None:
        """The newest record published or received."""
        return self._records.newest

    @property
    def on_record(self) -> Listeners[[Record]]:
        """Called with each record received while standby."""
        return self._records.on_record

    @property
    def on_early_sign(self) -> Listeners[[]]:
        """Called when the stream of the master broke or its term ended: time to warm up, never a reason to act."""
        return self._records.on_early_sign

    @property
    def on_acquiring(self) -> Listeners[[]]:
        """Called when this member's attempt to become master is on its way to ZooKeeper.

        A shared document that is read from then on is read as it is when the term begins, should the attempt succeed.
        """
        return self._backend.on_acquiring

    @property
    def refused_by_master(self) -> str:
        """Why the master does not let this node follow it; empty when it does."""
        return self._records.refusal

    # --- inside ------------------------------------------------------------------------------------------------------

    def _channels(self) -> Channels:
        return Channels(self.settings.peer_tls, self.access.credentials)

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
        return await self._client.able_to_serve(others, self.settings.readiness_seconds)

    async def _give_way(self) -> bool:
        try:
            return await self.mastership.step_down(EndCause.SELF_DEMOTION)
        except RefusedError:
            return False  # logged as leadership.release_refused

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
                self._records.broadcast.close()
            else:
                previous = self._known_master
                self._resignation.term_began(previous if previous != self.settings.node else None)
                self._records.broadcast.open()
        self._known_master = status.master or self._known_master
        self._records.refresh()
        self._client.forget(each.clustering for each in self.members())
        self._other_master.refresh()
        self.on_change.notify()
