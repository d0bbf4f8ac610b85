"""Mastership through ZooKeeper: carries out what the state machine of ``cluster.election.state_machine`` asks for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from cluster import errors, tasks
from cluster.clock import boot_seconds
from cluster.election import events
from cluster.election.acquisition import Acquisition
from cluster.election.events import State
from cluster.election.failsafe import Failsafe
from cluster.election.state_machine import Leadership
from cluster.election.term import HeldReign
from cluster.election.transactions import Ballot
from cluster.lease import LeaseTerms
from cluster.mastership import EndCause, Role, Standing, ZooKeeperState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence

    from cluster.clock import Clock
    from cluster.election.events import Event, Hold
    from cluster.mastership import Reign
    from cluster.records import MemberInfo
    from cluster.settings import ClusterSettings
    from cluster.zookeeper.client import Session, SessionChange
    from cluster.zookeeper.paths import Tree

log = structlog.get_logger(__name__)

LONGEST_PROMISE_SECONDS = 60.0
"""What a node promises at most, unless its own session lasts longer."""
ADMISSION_RETRY_SECONDS = 1.0
"""Pause of a node that must wait before it may become master, between two looks."""
PREPARE_RETRY_SECONDS = 0.5
"""Pause before trying again on a new connection to put the tree in place."""


class ZooKeeperMastership:
    """The election of one node (``cluster.mastership.Mastership``). The session is started and stopped elsewhere."""

    def __init__(
        self,
        settings: ClusterSettings,
        session: Session,
        tree: Tree,
        members: Callable[[], Sequence[MemberInfo]],
        *,
        cluster_id: str | None = None,
        drain: Callable[[], Awaitable[None]] | None = None,
        settled: Callable[[int], bool] | None = None,
        clock: Clock = boot_seconds,
    ) -> None:
        """``members`` tells who has joined, this node among them; ``cluster_id`` is what it remembers of its cluster.

        ``drain`` is awaited before an orderly release; ``settled`` tells whether nothing of the reign with this epoch,
        nor of one before, can be under way any more.
        """
        self.settings = settings
        self.cluster_id = cluster_id or ""
        self.on_change: list[Callable[[], None]] = []
        """Called after each change of role, state or master."""
        self.on_joined: list[Callable[[], None]] = []
        """Called when a session is connected and the tree is in place."""
        self.on_began: list[Callable[[Hold], None]] = []
        self.on_ended: list[Callable[[Hold, EndCause], None]] = []
        terms = LeaseTerms(settings.session_timeout_seconds, settings.heartbeat_seconds, settings.tick_seconds)
        self._machine = Leadership(terms, settings.sit_out_seconds, settings.failsafe_seconds)
        self._ballot = Ballot(session, tree, settings.node)
        self.failsafe = Failsafe(settings.node, self._ballot, members, settings.failsafe_seconds)
        """The members that may contend, while this node is master."""
        self._acquisition = Acquisition(settings, self._ballot, self.failsafe, clock)
        self._session = session
        self._drain = drain
        self._settled_by = settled or (lambda _epoch: False)
        self._clock = clock
        self._reign: HeldReign | None = None
        self._crowned = asyncio.Event()
        self._settled = asyncio.Event()
        self._prepared_session = 0
        self._connection = 0
        self._timer: asyncio.TimerHandle | None = None
        self._announced: tuple[object, ...] = ()
        self._steps: dict[type, Callable[[Any], Coroutine[Any, Any, None]]] = {
            events.ReadMaster: lambda _: self._read_master(),
            events.Acquire: lambda action: self._acquire(action.attempt),
            events.ProveLease: lambda action: self._prove(action.hold, action.beat),
            events.AskPromises: self._ask_promises,
            events.Release: self._release,
            events.RebuildSession: lambda _: self._session.rebuild(),
        }

    # --- what the application sees -----------------------------------------------------------------------------------

    @property
    def standing(self) -> Standing:
        """Where this node stands now, from memory."""
        machine, now = self._machine, self._clock()
        hold = machine.hold
        return Standing(
            role=Role.MASTER if hold is not None else Role.STANDBY,
            state=self._state_name,
            epoch=hold.epoch if hold is not None else machine.epoch_seen,
            lease_left_seconds=machine.lease_left(now),
            zookeeper=self._session.state,
            session_timeout_seconds=self._session.change.timeout_seconds if self._session.session_id else 0.0,
            cluster_id=self.cluster_id,
            master=self.settings.node if hold is not None else machine.master,
        )

    @property
    def _state_name(self) -> str:
        state = self._machine.state
        if state is State.STANDBY and self._machine.paused:
            return "paused"
        contends = state in {State.STANDBY, State.ACQUIRING} and self._session.state is ZooKeeperState.CONNECTED
        return "waiting" if contends and self._acquisition.waiting else state.value

    @property
    def reign(self) -> Reign | None:
        """The running reign of this node, or None."""
        return self._reign

    async def start(self) -> None:
        """Contend whenever the session is connected. Returns at once."""
        self._session.listen(self._session_changed)
        if self._session.state is ZooKeeperState.CONNECTED:
            self._session_changed(self._session.change)

    async def wait_for_reign(self) -> Reign:
        """Wait until this node is master; the running reign if it already is."""
        while self._reign is None:
            await self._crowned.wait()
        return self._reign

    def set_candidate(self, *, candidate: bool) -> None:
        """Contend from now on, or not; a reign that lasts is not ended."""
        self._post(events.Candidacy(self._clock(), candidate))

    def set_paused(self, *, paused: bool) -> None:
        """Contend no more until told otherwise; a reign that lasts goes on."""
        self._post(events.Paused(self._clock(), paused))

    def promise(self, cluster_id: str, epoch: int, seconds: float) -> str:
        """Promise the master of ``epoch`` not to contend for so long; returns why not, empty when promised."""
        if self.cluster_id not in {"", cluster_id}:
            return f"it belongs to another cluster, {self.cluster_id}"
        longest = max(LONGEST_PROMISE_SECONDS, 2 * self.settings.session_timeout_seconds)
        if not 0.0 < seconds <= longest:
            return f"seconds: found {seconds:g}, allowed is above 0 to {longest:g}"
        refusal = self._machine.promise(self._clock(), epoch, seconds)
        self._arm()
        return refusal

    async def step_down(self, cause: EndCause = EndCause.OPERATOR, successor: str = "") -> bool:
        """Resign and sit out; False when not master. The others leave the field to ``successor`` for as long."""
        if self._reign is None:
            return False
        self._post(events.StepDown(self._clock(), cause, successor))
        await self._until_released()
        return True

    async def stop(self) -> None:
        """Resign if master and contend no more. The session stays open."""
        self._post(events.Stop(self._clock()))
        await self._until_released()
        await self.failsafe.stop()
        if self._timer is not None:
            self._timer.cancel()

    async def _until_released(self) -> None:
        limit = self.settings.push_budget_seconds + self._call_seconds
        try:
            async with asyncio.timeout(limit):
                while self._machine.state is State.RESIGNING:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            log.warning("leadership.release_timeout", waited_seconds=limit)

    # --- the machine -------------------------------------------------------------------------------------------------

    def _post(self, event: Event) -> None:
        for action in self._machine.handle(event):
            self._carry_out(action)
        self._arm()
        self._announce()

    def _carry_out(self, action: events.Action) -> None:
        if isinstance(action, events.BeginReign):
            self._begin(action.hold)
        elif isinstance(action, events.EndReign):
            self._end(action.hold, action.cause)
        elif isinstance(action, events.DropConnection):
            log.info("zookeeper.connection_dropped", reason="no answer in time")
            self._session.drop_connection()
        else:
            tasks.spawn(f"election.{type(action).__name__}", self._steps[type(action)](action), finite=True)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake = self._machine.next_wake()
        if wake is not None:
            delay = max(0.0, wake - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._post(events.Tick(self._clock()))

    def _announce(self) -> None:
        if self._machine.state is not State.RESIGNING:
            self._settled.set()
        self.failsafe.tell(self.standing.epoch, carrying=self._machine.state is State.FAILSAFE)
        now = (self._machine.state, self._machine.master, self._reign)
        if now != self._announced:
            self._announced = now
            for listener in self.on_change:
                listener()

    def _begin(self, hold: Hold) -> None:
        log.info("leadership.acquired", node=self.settings.node, epoch=hold.epoch, session=f"{hold.session_id:#x}")
        reign = HeldReign(
            self.cluster_id,
            hold.epoch,
            self._seconds_to_act,
            lambda cluster_id, epoch, sequence: self._fenced(hold, cluster_id, epoch, sequence),
            after_settled=hold.after_settled,
        )
        self._reign = reign
        self.failsafe.begin(hold)
        self._crowned.set()
        for listener in self.on_began:
            listener(hold)

    def _end(self, hold: Hold, cause: EndCause) -> None:
        log.info("leadership.ended", node=self.settings.node, epoch=hold.epoch, cause=cause.value)
        self.failsafe.end()
        reign, self._reign = self._reign, None
        self._crowned.clear()
        if reign is not None:
            reign.end(cause)
        for listener in self.on_ended:
            listener(hold, cause)

    def _seconds_to_act(self) -> float:
        now = self._clock()
        return self._machine.lease_left(now) if self._machine.may_act(now) else 0.0

    def _fenced(self, hold: Hold, cluster_id: str | None, epoch: int, sequence: int) -> None:
        same = cluster_id is None or cluster_id == self.cluster_id
        log.warning("leadership.fenced", epoch=hold.epoch, mark_epoch=epoch, mark_sequence=sequence, same_cluster=same)
        if not same:
            log.error("leadership.foreign_receiver", cluster_id=self.cluster_id, receiver_cluster_id=cluster_id)
        self._post(events.Fenced(self._clock(), hold.epoch, same, epoch))

    # --- the session -------------------------------------------------------------------------------------------------

    def _session_changed(self, change: SessionChange) -> None:
        if change.state is ZooKeeperState.CONNECTED:
            self._connection += 1
            if change.session_id == self._prepared_session:
                self._connected(change)
            else:
                tasks.spawn("election.prepare", self._prepare(change), finite=True)
        elif change.state is ZooKeeperState.SUSPENDED:
            self._post(events.Suspended(self._clock()))
        else:
            self._prepared_session = 0
            self._post(events.SessionLost(self._clock()))

    async def _prepare(self, change: SessionChange) -> None:
        connection = self._connection
        try:
            self.cluster_id = await self._ballot.prepare(self.cluster_id or None)
        except errors.ClusterError as failure:
            log.warning("cluster.prepare_failed", error=f"{type(failure).__name__}: {failure}")
            await asyncio.sleep(PREPARE_RETRY_SECONDS)
            if connection == self._connection:
                self._session.drop_connection()
            return
        if connection == self._connection and self._session.state is ZooKeeperState.CONNECTED:
            self._prepared_session = change.session_id
            self._connected(change)

    def _connected(self, change: SessionChange) -> None:
        self._post(events.Connected(self._clock(), change.session_id, change.timeout_seconds, change.opened_at))
        for listener in self.on_joined:
            listener()

    # --- steps of the protocol ---------------------------------------------------------------------------------------

    @property
    def _call_seconds(self) -> float:
        return self._session.change.timeout_seconds / 4

    def _silent(self, connection: int, failure: errors.ClusterError) -> bool:
        """Whether the server kept silent on a connection that stood all the time."""
        connected = self._session.state is ZooKeeperState.CONNECTED
        return connected and connection == self._connection and isinstance(failure, errors.OutcomeUnknownError)

    async def _read_master(self) -> None:
        connection, session_id, sent_at = self._connection, self._session.session_id, self._clock()
        try:
            owner, node, epoch = await self._ballot.observe(self._master_changed)
        except errors.ClusterError as failure:
            self._post(events.ObservationFailed(self._clock(), self._silent(connection, failure)))
        else:
            self._acquisition.waiting = self._acquisition.waiting and owner == 0
            self._post(events.MasterObserved(self._clock(), sent_at, session_id, owner, node, epoch))

    def _master_changed(self) -> None:
        # A watch that ends with its connection is told as well: the next connection begins with a reading.
        if self._session.state is ZooKeeperState.CONNECTED:
            tasks.spawn("election.ReadMaster", self._read_master(), finite=True)

    async def _acquire(self, attempt: int) -> None:
        connection = self._connection
        try:
            sent_at, hold = await self._acquisition.attempt(self._machine.terms.session_timeout_seconds)
        except errors.NotAdmittedError as wait:
            retry = min(wait.seconds, ADMISSION_RETRY_SECONDS)
            self._post(events.AcquisitionFailed(self._clock(), attempt, silent=False, retry_seconds=retry))
        except errors.ClusterError as failure:
            if isinstance(failure, errors.NodeMissingError):
                await self._repair()
            elif not isinstance(failure, errors.NodeExistsError | errors.ConflictError | errors.RefusedError):
                log.warning("leadership.acquisition_failed", error=str(failure))
            silent = self._silent(connection, failure)
            # What is damaged stays so until somebody mends it.
            retry = ADMISSION_RETRY_SECONDS if isinstance(failure, errors.DamagedStateError) else 0.0
            self._post(events.AcquisitionFailed(self._clock(), attempt, silent, retry))
        else:
            self._post(events.Acquired(self._clock(), attempt, sent_at, hold))

    async def _repair(self) -> None:
        """The tree is gone under a living session: put it back."""
        try:
            self.cluster_id = await self._ballot.prepare(self.cluster_id or None)
        except errors.ClusterError as failure:
            log.warning("cluster.prepare_failed", error=str(failure))

    async def _ask_promises(self, action: events.AskPromises) -> None:
        sent_at = self._clock()
        seconds = await self.failsafe.promised_seconds(action.hold)
        if seconds is None:
            self._post(events.PromiseMissing(self._clock(), action.round))
            return
        self._post(events.Promised(self._clock(), action.round, sent_at, seconds))

    async def _prove(self, hold: Hold, beat: int) -> None:
        connection, sent_at = self._connection, self._clock()
        try:
            await self._ballot.prove(hold, self._call_seconds)
        except (errors.NodeMissingError, errors.ConflictError):
            self._post(events.LeaseRefused(self._clock(), hold.epoch))
        except errors.ClusterError as failure:
            self._post(events.ProofMissing(self._clock(), beat, self._silent(connection, failure)))
        else:
            self._post(events.LeaseProved(self._clock(), hold.epoch, beat, sent_at))

    async def _release(self, action: events.Release) -> None:
        hold, raise_to = action.hold, action.raise_to
        try:
            if hold is None:
                if await self._ballot.release_ghost():
                    log.warning("leadership.ghost_removed", node=self.settings.node)
            else:
                await self._drained()
                await self._ballot.release(hold, raise_to, action.successor, settled=self._settled_by(hold.epoch))
                if raise_to:
                    log.warning("leadership.epoch_raised", epoch=hold.epoch, raised_to=raise_to)
        except errors.ClusterError as failure:
            log.info("leadership.release_failed", error=str(failure))
        self._post(events.Released(self._clock()))

    async def _drained(self) -> None:
        """Let what the ended reign has in flight finish or be cancelled, within one push budget."""
        if self._drain is None:
            return
        try:
            async with asyncio.timeout(self.settings.push_budget_seconds):
                await self._drain()
        except TimeoutError:
            log.warning("leadership.drain_timeout", waited_seconds=self.settings.push_budget_seconds)
