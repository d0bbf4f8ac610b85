"""Leadership through ZooKeeper: drives the state machine of ``cluster.election.state_machine``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster import errors, tasks
from cluster.clock import boot_seconds
from cluster.election import events
from cluster.election.events import State
from cluster.election.failsafe import Failsafe
from cluster.election.preparation import Preparation
from cluster.election.state_machine import HIGHEST_MARK, Leadership
from cluster.election.steps import Steps
from cluster.election.term import HeldTerm
from cluster.election.transactions import Transactions
from cluster.errors import RefusedError
from cluster.lease import LeaseTimes
from cluster.listeners import Listeners
from cluster.mastership import EndCause, LeadershipStatus, Role, ZooKeeperState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.clock import Clock
    from cluster.documents import Document
    from cluster.election.events import Claim, Event, Step
    from cluster.election.failsafe import Ask
    from cluster.mastership import Term
    from cluster.records import MemberInfo
    from cluster.settings import ClusterSettings
    from cluster.zookeeper.client import ZooKeeperSession
    from cluster.zookeeper.paths import Paths
    from cluster.zookeeper.types import SessionChange

log = structlog.get_logger(__name__)


class ZooKeeperMastership:
    """The election of one node (``cluster.mastership.Mastership``). The session is started and stopped elsewhere."""

    def __init__(
        self,
        settings: ClusterSettings,
        session: ZooKeeperSession,
        paths: Paths,
        members: Callable[[], Sequence[MemberInfo]],
        ask_promise: Ask,
        *,
        cluster_id: str | None = None,
        drain: Callable[[], Awaitable[None]] | None = None,
        ended_clean: Callable[[int], bool] | None = None,
        known_pause: Callable[[], Document | None] = lambda: None,
        clock: Clock = boot_seconds,
    ) -> None:
        """``members`` returns who has joined, this node among them; ``cluster_id`` is what it remembers of its cluster.

        ``ask_promise`` asks another member not to contend, for failsafe mode. ``drain`` is awaited before an orderly
        release; ``ended_clean`` returns whether nothing of the term with this epoch, nor of an earlier one, can be in
        flight any more. ``known_pause`` returns the pause document as it is known.
        """
        self.settings = settings
        self.cluster_id = cluster_id or ""
        self.remembered_id = self.cluster_id
        """The first identity of the cluster that this node knew; what ZooKeeper says later does not replace it."""
        self.on_change: Listeners[[]] = Listeners("leadership")
        """Called after each change of role, state or master."""
        self.on_joined: Listeners[[]] = Listeners("joined")
        """Called when a session is connected and the tree is in place."""
        self.on_acquiring: Listeners[[]] = Listeners("acquiring")
        """Called when an acquisition is on its way; whether it succeeds is not known then."""
        self.on_began: Listeners[[Claim]] = Listeners("term began")
        """Called when a term of this node has begun."""
        self.on_ended: Listeners[[Claim, EndCause]] = Listeners("term ended")
        """Called when a term of this node has ended, with the cause."""
        lease_times = LeaseTimes(settings.session_timeout_seconds, settings.heartbeat_seconds, settings.tick_seconds)
        self._machine = Leadership(lease_times, settings.cooldown_seconds, settings.failsafe_seconds)
        self._transactions = Transactions(session, paths, settings.node, settings.action_budget_seconds, known_pause)
        self.failsafe = Failsafe(settings.node, self._transactions, members, ask_promise, settings.failsafe_seconds)
        """The members that may contend, while this node is master."""
        self._session = session
        self._clock = clock
        self._steps = self._make_steps(drain, ended_clean)
        self._term: HeldTerm | None = None
        self._term_began = asyncio.Event()
        self._idle = asyncio.Event()
        self._preparation = Preparation()
        self._timer: asyncio.TimerHandle | None = None
        self._announced: tuple[object, ...] = ()
        self._logged_wait = ""
        self._release_refused = False

    def _make_steps(
        self, drain: Callable[[], Awaitable[None]] | None, ended_clean: Callable[[int], bool] | None
    ) -> Steps:
        return Steps(
            self.settings,
            self._session,
            self._transactions,
            self.failsafe,
            on_master_changed=self._master_changed,
            on_acquiring=self.on_acquiring.notify,
            on_cluster_id=self.use_cluster_id,
            repair=self._repair,
            drain=drain,
            ends_clean=ended_clean or (lambda _epoch: False),
            clock=self._clock,
        )

    # --- what the application sees -----------------------------------------------------------------------------------

    @property
    def status(self) -> LeadershipStatus:
        """The leadership as this node knows it now, from memory."""
        machine, now = self._machine, self._clock()
        claim = machine.claim
        return LeadershipStatus(
            role=Role.MASTER if claim is not None else Role.STANDBY,
            state=machine.state.value,
            epoch=machine.epoch,
            lease_left_seconds=machine.lease_left(now),
            zookeeper=self._session.state,
            session_timeout_seconds=self._session.change.timeout_seconds if self._session.session_id else 0.0,
            cluster_id=self.cluster_id,
            master=self.settings.node if claim is not None else machine.master,
            damage=self._steps.damage,
        )

    @property
    def term(self) -> Term | None:
        """The running term of this node, or None."""
        return self._term

    async def start(self) -> None:
        """Contend whenever the session is connected. Returns at once."""
        self._post(events.Started(self._clock()))
        self._session.on_change.add(self._session_changed)
        if self._session.state is ZooKeeperState.CONNECTED:
            self._session_changed(self._session.change)

    async def wait_for_term(self) -> Term:
        """Wait until this node is master; the running term if it already is."""
        while self._term is None:
            await self._term_began.wait()
        return self._term

    def set_candidate(self, *, candidate: bool) -> None:
        """Contend from now on, or not; a running term is not ended."""
        self._post(events.CandidateChanged(self._clock(), candidate))

    def set_paused(self, *, paused: bool) -> None:
        """Do not contend while the cluster is paused; a running term goes on."""
        self._post(events.Paused(self._clock(), paused))

    def accepted(self, epoch: int) -> None:
        """The receiver has accepted an action of the term ``epoch``, whoever leads it."""
        if self._term is not None and self._term.epoch == epoch:
            self._post(events.Accepted(self._clock(), epoch))

    def promise(self, asked_by: str, cluster_id: str, epoch: int, seconds: float) -> str:
        """Promise the master of ``epoch`` not to contend for so long; returns why not, empty when promised.

        Only to the master whose epoch this node has seen last, and for one session time-out: so whoever else asks, and
        however often, delays no election.
        """
        if self.settings.failsafe_seconds is None:
            return "failsafe mode is off here"
        if self.cluster_id not in {"", cluster_id}:
            return f"it belongs to another cluster, {self.cluster_id}"
        if asked_by != self._machine.master:
            return f"the master it knows of is {self._machine.master or 'nobody'}"
        longest = max(self.settings.session_timeout_seconds, self._machine.lease_times.session_timeout_seconds)
        if not 0.0 < seconds <= longest:
            return f"seconds: found {seconds:g}, allowed is above 0 to {longest:g}"
        refusal = self._machine.promise(self._clock(), epoch, seconds)
        self._arm()
        return refusal

    async def step_down(self, cause: EndCause = EndCause.OPERATOR, successor: str = "") -> bool:
        """Resign and do not contend during a cooldown; False when not master. So long, only ``successor`` contends.

        Raises RefusedError when the cluster was paused before the mastership could be released.
        """
        if self._term is None:
            return False
        self._release_refused = False
        self._post(events.StepDown(self._clock(), cause, successor))
        await self._until_released()
        if self._release_refused:
            message = "the cluster was paused meanwhile: nobody would take over, and this node goes on in a new term"
            raise RefusedError(message)
        return True

    async def stop(self, successor: str = "") -> None:
        """Resign if master, in favour of ``successor`` if given, and contend no more. The session stays open."""
        self._post(events.Stop(self._clock(), successor))
        await self._until_released()
        await self.failsafe.stop()
        if self._timer is not None:
            self._timer.cancel()

    async def _until_released(self) -> None:
        limit = self.settings.action_budget_seconds + self._session.change.timeout_seconds / 4
        try:
            async with asyncio.timeout(limit):
                while self._machine.state is State.RESIGNING:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            log.warning("leadership.release_timeout", waited_seconds=limit)

    # --- the machine -------------------------------------------------------------------------------------------------

    def _post(self, event: Event) -> None:
        for action in self._machine.handle(event):
            self._carry_out(action)
        self._arm()
        self._announce()

    def _carry_out(self, action: events.Action) -> None:
        if isinstance(action, events.BeginTerm):
            self._begin(action.claim)
        elif isinstance(action, events.EndTerm):
            self._end(action.claim, action.cause)
        elif isinstance(action, events.DropConnection):
            log.info("zookeeper.connection_dropped", reason="no answer in time")
            self._session.drop_connection()
        elif isinstance(action, events.RebuildSession):
            tasks.spawn("election.rebuild", self._session.rebuild(), finite=True)
        elif isinstance(action, events.ReportOverdue):
            log.error("leadership.answer_overdue", action=action.action)
        else:
            tasks.spawn(f"election.{type(action).__name__}", self._step(action), finite=True)

    async def _step(self, action: Step) -> None:
        event = await self._steps.carry_out(action)
        if isinstance(event, events.Released):
            self._release_refused = event.refused
        self._post(event)
        if isinstance(event, events.MasterObserved):
            # The attempt that this leads to takes over what was read ahead as the next thing that is done.
            asyncio.get_running_loop().call_soon(self._transactions.forget_ahead)

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
            self._idle.set()
        self.failsafe.log_transition(self.status.epoch, carrying=self._machine.state is State.FAILSAFE)
        self._log_wait()
        now = (self._machine.state, self._machine.master, self._term)
        if now != self._announced:
            self._announced = now
            self.on_change.notify()

    def _log_wait(self) -> None:
        wait = self._machine.wait
        reason = wait.reason if wait is not None else ""
        if wait is not None and reason != self._logged_wait:
            seconds = round(max(0.0, wait.until - self._clock()), 1)
            log.info("leadership.waits", node=self.settings.node, seconds=seconds, reason=reason)
        self._logged_wait = reason

    def _begin(self, claim: Claim) -> None:
        log.info("leadership.acquired", node=self.settings.node, epoch=claim.epoch, session=f"{claim.session_id:#x}")
        longest = self._machine.lease_times.longest_action_seconds
        if longest < self.settings.action_budget_seconds:
            granted = self._machine.lease_times.session_timeout_seconds
            log.warning("leadership.actions_shortened", granted_session_seconds=granted, longest_seconds=longest)
        term = HeldTerm(
            claim.cluster_id or self.cluster_id,
            claim.epoch,
            self._lease_until,
            lambda cluster_id, epoch, sequence: self._fenced(claim, cluster_id, epoch, sequence),
            after_clean_end=claim.after_clean_end,
            previous_action_seconds=claim.previous_action_seconds,
            longest_seconds=lambda: self._machine.lease_times.longest_action_seconds,
            clock=self._now,
            term_id=claim.term_id,
        )
        self._term = term
        self.failsafe.begin(claim)
        self._term_began.set()
        self.on_began.notify(claim)

    def _end(self, claim: Claim, cause: EndCause) -> None:
        log.info("leadership.ended", node=self.settings.node, epoch=claim.epoch, cause=cause.value)
        self.failsafe.end()
        term, self._term = self._term, None
        self._term_began.clear()
        if term is not None:
            term.end(cause)
        self.on_ended.notify(claim, cause)

    def _now(self) -> float:
        return self._clock()

    def _lease_until(self, now: float) -> float:
        return self._machine.lease_until if self._machine.may_act(now) else 0.0

    def _fenced(self, claim: Claim, cluster_id: str | None, epoch: int, sequence: int) -> None:
        same = cluster_id is None or cluster_id == self.cluster_id
        log.warning("leadership.fenced", epoch=claim.epoch, mark_epoch=epoch, mark_sequence=sequence, same_cluster=same)
        if epoch > HIGHEST_MARK:
            log.error("leadership.mark_implausible", mark_epoch=epoch, highest=HIGHEST_MARK)
        if not same:
            log.error("leadership.foreign_receiver", cluster_id=self.cluster_id, receiver_cluster_id=cluster_id)
        remembered = self.remembered_id if not same and cluster_id == self.remembered_id else ""
        self._post(events.Fenced(self._clock(), claim.epoch, same, epoch, remembered))

    def use_cluster_id(self, cluster_id: str) -> None:
        """The identity of the cluster is this; the first one is remembered, whatever ZooKeeper says later."""
        self.cluster_id = cluster_id
        self.remembered_id = self.remembered_id or cluster_id

    # --- the session -------------------------------------------------------------------------------------------------

    def _session_changed(self, change: SessionChange) -> None:
        if change.state is ZooKeeperState.CONNECTED:
            if change.session_id == self._preparation.session_id:
                self._connected(change)
            else:
                tasks.spawn("election.prepare", self._prepare(change), finite=True)
        elif change.state is ZooKeeperState.SUSPENDED:
            self._post(events.Suspended(self._clock()))
        else:
            self._preparation.session_id = 0
            self._post(events.SessionLost(self._clock()))

    async def _prepare(self, change: SessionChange) -> None:
        """Put the tree in place on a new session; should that fail, try again on another connection."""
        while not (prepared := await self._repair()):
            if not self._preparation.denied:
                await asyncio.sleep(self._preparation.again.next_seconds())
                break
            await asyncio.sleep(self._preparation.denied_again.next_seconds())
            if change is not self._session.change:
                return
        if change is not self._session.change:
            return
        if prepared:
            self._preparation.again.reset()
            self._preparation.denied_again.reset()
            self._preparation.session_id = change.session_id
            self._connected(change)
        else:
            self._session.drop_connection()

    async def _repair(self) -> bool:
        """Create what is missing of the tree; False when that failed."""
        try:
            self.use_cluster_id(await self._transactions.prepare(self.remembered_id or None))
        except Exception as failure:
            # Whatever it is, the node must not stay outside of the election for it.
            self._preparation.denied = isinstance(failure, errors.NotAllowedError)
            reason = (
                str(failure) if isinstance(failure, errors.ClusterError) else f"{type(failure).__name__}: {failure}"
            )
            if reason != self._preparation.failure:
                self._preparation.failure = reason
                log.error("cluster.prepare_failed", error=reason)
            return False
        if self._preparation.failure:
            log.info("cluster.prepared", failed_before=self._preparation.failure)
        self._preparation.failure, self._preparation.denied = "", False
        return True

    def _master_changed(self) -> None:
        # A watch that ends with its connection calls this as well: the next connection begins with a reading.
        if self._session.state is ZooKeeperState.CONNECTED:
            self._carry_out(events.ReadMaster(changed=self._machine.state is State.STANDBY))

    def _connected(self, change: SessionChange) -> None:
        self._post(events.Connected(self._clock(), change.session_id, change.timeout_seconds, change.opened_at))
        self.on_joined.notify()
