"""The steps of the election that take time: each action is carried out here and answered with exactly one event."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from cluster import errors
from cluster.election import events
from cluster.mastership import ZooKeeperState
from cluster.outside_text import one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from cluster.clock import Clock
    from cluster.election.events import Event, Step
    from cluster.election.failsafe import Failsafe
    from cluster.election.transactions import Transactions
    from cluster.settings import ClusterSettings
    from cluster.zookeeper.client import ZooKeeperSession

log = structlog.get_logger(__name__)

LOG_AGAIN_SECONDS = 30.0
"""Time after which an acquisition that goes on failing for the same reason is logged again."""
_MASTER, _ELECTION = "master", "election"
"""What damage was found in: the master's node, or all that an acquisition reads."""
_LOST_RACES = (errors.NodeMissingError, errors.NodeExistsError, errors.ConflictError)
"""Ways in which an acquisition fails that need no attention."""


class Steps:
    """Carries out actions of the machine through ZooKeeper and the other members."""

    def __init__(
        self,
        settings: ClusterSettings,
        session: ZooKeeperSession,
        transactions: Transactions,
        failsafe: Failsafe,
        *,
        on_master_changed: Callable[[], None],
        on_acquiring: Callable[[], None],
        on_cluster_id: Callable[[str], None],
        repair: Callable[[], Awaitable[object]],
        drain: Callable[[], Awaitable[None]] | None,
        ends_clean: Callable[[int], bool],
        clock: Clock,
    ) -> None:
        """``on_master_changed`` is called when the master that was read changes, ``on_acquiring`` when an acquisition
        is on its way, ``on_cluster_id`` with each identity of the cluster that was read; ``repair`` puts a lost tree
        back.

        ``drain`` is awaited before a release; ``ends_clean`` returns whether nothing of the term with this epoch, nor
        of an earlier one, can be in flight any more.
        """
        self._node = settings.node
        self._action_budget_seconds = settings.action_budget_seconds
        self._session = session
        self._transactions = transactions
        self._failsafe = failsafe
        self._on_master_changed = on_master_changed
        self._on_acquiring = on_acquiring
        self._on_cluster_id = on_cluster_id
        self._repair = repair
        self._drain = drain
        self._ends_clean = ends_clean
        self._clock = clock
        self._owner_checked_over: object = None
        """The connection over which the master's node was last seen to belong to this session."""
        self._logged = ("", 0.0)
        """Why an acquisition failed as last logged, and when."""
        self._had_master = False
        """Whether there was a master when that was last read."""
        self._damage: dict[str, str] = {}
        """What keeps this node from becoming master, in words, by what was read: the master's node or the rest."""
        self._steps: dict[type, Callable[[Any], Coroutine[Any, Any, Event]]] = {
            events.ReadMaster: self._read_master,
            events.ReadElection: self._read_election,
            events.Acquire: self._acquire,
            events.ProveLease: self._prove,
            events.AskPromises: self._ask_promises,
            events.Release: self._release,
        }

    @property
    def damage(self) -> str:
        """What ZooKeeper holds that keeps this node from becoming master, in words; empty while it can be read."""
        return next(iter(self._damage.values()), "")

    async def carry_out(self, action: Step) -> Event:
        """Carry out one action; returns its outcome, whatever is raised on the way."""
        change = self._session.change
        try:
            outcome = await self._steps[type(action)](action)
            if isinstance(action, events.ReadElection | events.Acquire):
                self._damage.clear()
            return outcome
        except errors.ClusterError as failure:
            connected = change is self._session.change and change.state is ZooKeeperState.CONNECTED
            silent = connected and isinstance(failure, errors.OutcomeUnknownError)
            return await self._failed(action, failure, silent=silent)
        except Exception as failure:
            log.exception("leadership.step_failed", step=type(action).__name__)
            return await self._failed(action, failure, silent=False)

    async def _failed(self, action: Step, failure: Exception, *, silent: bool) -> Event:
        """What the machine takes in when an action has failed."""
        at = self._clock()
        match action:
            case events.ReadMaster():
                self._note_damage(_MASTER, failure)
                return events.ObservationFailed(at, silent)
            case events.ReadElection() | events.Acquire():
                await self._acquisition_failed(failure)
                return events.AcquisitionFailed(self._clock(), action.attempt, silent)
            case events.ProveLease():
                if isinstance(failure, errors.NodeMissingError | errors.ConflictError):
                    return events.LeaseRefused(at, action.claim.epoch)
                return events.ProofMissing(at, action.beat, silent)
            case events.AskPromises():
                return events.PromiseMissing(at, action.round)
            case events.Release():
                log.info("leadership.release_failed", error=str(failure))
                return events.Released(at, action.number, failed=True)

    async def _read_master(self, action: events.ReadMaster) -> Event:
        session_id, sent_at = self._session.session_id, self._clock()
        if action.changed and self._had_master:
            # It is gone, most likely, and an attempt follows at once: what that needs comes with the same answers.
            self._transactions.read_ahead()
        owner, node, epoch = await self._transactions.observe(self._on_master_changed)
        self._damage.pop(_MASTER, None)
        if not owner and self._had_master:
            log.info("leadership.vacant", node=self._node)
        self._had_master = bool(owner)
        if owner:
            # Some node has become master since: what kept this one from it can be read again.
            self._damage.clear()
        return events.MasterObserved(self._clock(), sent_at, session_id, owner, node, epoch)

    async def _read_election(self, action: events.ReadElection) -> Event:
        own = self._failsafe.own()
        record = await self._transactions.read_election()
        self._on_cluster_id(record.cluster_id)
        return events.ElectionRead(self._clock(), action.attempt, record, own, self._failsafe.joined())

    async def _acquire(self, action: events.Acquire) -> Event:
        failsafe_list = self._failsafe.failsafe_list(self._session.change.timeout_seconds)
        sent_at = self._clock()
        claim, version = await self._transactions.acquire(
            action.record, failsafe_list, action.renews, on_sent=self._on_acquiring
        )
        self._failsafe.acquired(claim, failsafe_list, version)
        return events.Acquired(self._clock(), action.attempt, sent_at, claim)

    async def _prove(self, action: events.ProveLease) -> Event:
        sent_at = self._clock()
        change = self._session.change
        check_owner = change is not self._owner_checked_over
        await self._transactions.prove(action.claim, change.timeout_seconds / 4, check_owner=check_owner)
        self._owner_checked_over = change
        return events.LeaseProved(self._clock(), action.claim.epoch, action.beat, sent_at)

    async def _ask_promises(self, action: events.AskPromises) -> Event:
        sent_at = self._clock()
        seconds = await self._failsafe.promised_seconds(action.claim)
        if seconds is None:
            return events.PromiseMissing(self._clock(), action.round)
        return events.Promised(self._clock(), action.round, sent_at, seconds)

    async def _release(self, action: events.Release) -> Event:
        claim = action.claim
        if claim is None:
            if await self._transactions.release_ghost():
                log.warning("leadership.ghost_removed", node=self._node)
        else:
            await self._drained(claim.epoch)
            ended_clean = self._ends_clean(claim.epoch)
            try:
                await self._transactions.release(
                    claim,
                    action.raise_to,
                    action.successor,
                    ended_clean=ended_clean,
                    unless_paused=action.unless_paused,
                    cluster_id=action.cluster_id,
                )
            except errors.RefusedError as refusal:
                log.warning("leadership.release_refused", epoch=claim.epoch, reason=str(refusal))
                return events.Released(self._clock(), action.number, refused=True)
            log.info("leadership.released", node=self._node, epoch=claim.epoch)
            if action.cluster_id:
                log.warning("cluster.identity_restored", cluster_id=action.cluster_id, before=claim.cluster_id)
            if action.raise_to:
                log.warning("leadership.epoch_raised", epoch=claim.epoch, raised_to=action.raise_to)
        return events.Released(self._clock(), action.number)

    async def _drained(self, epoch: int) -> None:
        """Let what the ended term has in flight finish or be cancelled, within one action budget."""
        if self._drain is None:
            return
        try:
            async with asyncio.timeout(self._action_budget_seconds):
                await self._drain()
        except TimeoutError:
            log.warning("leadership.drain_timeout", epoch=epoch, waited_seconds=self._action_budget_seconds)

    async def _acquisition_failed(self, failure: Exception) -> None:
        self._note_damage(_ELECTION, failure)
        if isinstance(failure, errors.NodeMissingError | errors.DamagedStateError):
            await self._repair()
        if isinstance(failure, _LOST_RACES):
            return
        self._log("leadership.acquisition_failed", failure)

    def _note_damage(self, what: str, failure: Exception) -> None:
        """Keep what is damaged as long as it is; another failure says nothing of it."""
        if not isinstance(failure, errors.DamagedStateError):
            if what == _ELECTION:
                self._damage.pop(what, None)
            return
        self._damage[what] = one_line(failure)
        if what == _MASTER:
            self._log("leadership.master_damaged", failure)

    def _log(self, event: str, failure: Exception) -> None:
        """Log why something fails, and again only after a while for the same reason."""
        reason, now = str(failure), time.monotonic()
        if reason != self._logged[0] or now - self._logged[1] > LOG_AGAIN_SECONDS:
            self._logged = (reason, now)
            log.warning(event, error=reason)
