"""The rules of mastership as a state machine: events in, actions out, no I/O, no clock of its own.

The driver (``cluster.election.driver``) posts what has happened, with the time it happened at, and carries out the
actions returned. All times are seconds on the clock of leases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.election import events
from cluster.election.candidacy import Candidacy
from cluster.election.events import State
from cluster.election.failsafe_lease import FailsafeLease
from cluster.election.polling import Polling
from cluster.lease import Touches
from cluster.mastership import EndCause

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.election.events import Action, Claim, Event
    from cluster.lease import LeaseTimes

HEALTH_GUARD_SECONDS = 0.05
"""A term ends this much before its lease does, so that a caller gets the right answer in time."""
RETRY_SECONDS = 0.1
"""Pause before contending again after an attempt that failed."""
FOREIGN_COOLDOWN_SECONDS = 30.0
"""Pause after the receiver said that it belongs to another cluster: an operator must act."""
SILENCE_FACTOR = 3.0
"""Session time-outs without a connection after which the client is rebuilt."""
REREAD_FACTOR = 0.25
"""Session time-outs between two looks at the master by a standby.

Watches may get lost; and the first lease of a term counts from touches of the session made before it.
"""


class Leadership:
    """One node's part in the election."""

    def __init__(self, lease_times: LeaseTimes, cooldown_seconds: float, failsafe_seconds: float | None = None) -> None:
        """``failsafe_seconds``: longest time a term goes on without ZooKeeper by promises; None asks for none."""
        self.lease_times = lease_times
        self.state = State.STANDBY
        self.claim: Claim | None = None
        """The mastership held, while a term lasts."""
        self.lease_until = 0.0
        self.master: str | None = None
        self.epoch_seen = 0
        self._asked = lease_times
        self._connected = False
        self._session_id = 0
        self._rebuild_at: float | None = None
        self._touches = Touches(0.0)
        self._attempt = 0
        self._candidacy = Candidacy(cooldown_seconds)
        self._failsafe_lease = FailsafeLease(failsafe_seconds)
        self._read_at: float | None = None
        self._beats = Polling()
        self._releasing = False
        self._stopping = False
        self._actions: list[Action] = []
        self._handlers: dict[type, Callable[..., None]] = {
            events.Connected: self._on_connected,
            events.Suspended: self._on_suspended,
            events.SessionLost: self._on_session_lost,
            events.MasterObserved: self._on_master_observed,
            events.ObservationFailed: self._on_observation_failed,
            events.Acquired: self._on_acquired,
            events.AcquisitionFailed: self._on_acquisition_failed,
            events.LeaseProved: self._on_lease_proved,
            events.LeaseRefused: self._on_lease_refused,
            events.ProofMissing: self._on_proof_missing,
            events.Promised: self._on_promised,
            events.PromiseMissing: self._on_promise_missing,
            events.Released: self._on_released,
            events.Fenced: self._on_fenced,
            events.StepDown: self._on_step_down,
            events.CandidateChanged: self._on_candidacy,
            events.Paused: self._on_paused,
            events.Stop: self._on_stop,
            events.Tick: self._on_tick,
        }

    def handle(self, event: Event) -> list[Action]:
        """Take in one event; returns what must be done now, in this order."""
        self._actions = []
        self._expire(event.at)
        self._handlers[type(event)](event)
        self._follow_up(event.at)
        return self._actions

    def lease_left(self, now: float) -> float:
        """Seconds of lease left; 0 when there is no term."""
        return max(0.0, self.lease_until - now) if self.claim is not None else 0.0

    def may_act(self, now: float) -> bool:
        """Whether an action may start: serving and connected, or by promise of the others; lease not over."""
        serving = (self.state is State.SERVING and self._connected) or self.state is State.FAILSAFE
        return serving and self.lease_left(now) > 0.0

    @property
    def paused(self) -> bool:
        """Whether the cluster is paused, as far as this node knows."""
        return self._candidacy.paused

    def promise(self, at: float, epoch: int, seconds: float) -> str:
        """Promise the master of ``epoch`` not to contend for ``seconds``; returns why not, empty when promised.

        Only a node that has lost ZooKeeper itself promises: any other would keep a master in place that is cut
        off. An acquisition in progress could still succeed, so it rules a promise out.
        """
        if self._connected:
            return "its own ZooKeeper session is connected"
        if self.claim is not None or self.state not in {State.STANDBY, State.STOPPED}:
            return f"it is {self.state.value}"
        if epoch < self.epoch_seen:
            return f"it has seen epoch {self.epoch_seen}"
        self._candidacy.promise(at + seconds)
        return ""

    def next_wake(self) -> float | None:
        """When the driver must post a Tick at the latest; None when only events matter."""
        times = [self._rebuild_at, self._read_at if self._wants_reading() else None]
        if self.claim is not None:
            times += [self.lease_until - HEALTH_GUARD_SECONDS, self._asks_at()]
        elif self._may_contend():
            times.append(self._candidacy.at(self.lease_times.session_timeout_seconds))
        return min((each for each in times if each is not None), default=None)

    # --- the session -------------------------------------------------------------------------------------------------

    def _on_connected(self, event: events.Connected) -> None:
        if self.claim is not None and event.session_id != self.claim.session_id:
            self._end_term(EndCause.SESSION_LOST)
        if event.session_id != self._session_id:
            # No request of the session before can take effect any more.
            self._attempt += 1
            self._releasing = False
            self._stand_by_or_stop()
        self._connected = True
        self._rebuild_at = None
        self._session_id = event.session_id
        self._touches = Touches(event.opened_at)
        self.lease_times = self._asked.granted(event.session_timeout_seconds)
        if self.claim is not None:
            # The lease goes on, but nobody acts before it has been proved on the new connection; by promise they do.
            self._failsafe_lease.polling.stop()
            self._beats.schedule(event.at)
            self._prove()
        elif self.state is not State.STOPPED:
            self._read()

    def _on_suspended(self, event: events.Suspended) -> None:
        self._disconnected(event.at)
        if self.state is State.SERVING:
            self.state = State.SUSPENDED
        if self.claim is not None:
            self._failsafe_lease.begin(event.at)

    def _on_session_lost(self, event: events.SessionLost) -> None:
        self._disconnected(event.at)
        self._session_id = 0
        self._attempt += 1
        self._releasing = False
        if self.claim is not None:
            self._end_term(EndCause.SESSION_LOST)
        self._stand_by_or_stop()

    def _disconnected(self, at: float) -> None:
        self._connected = False
        self._candidacy.forget()
        self._read_at = None
        if self._rebuild_at is None and not self._stopping:
            self._rebuild_at = at + SILENCE_FACTOR * self.lease_times.session_timeout_seconds

    # --- the master's node -------------------------------------------------------------------------------------------

    def _on_master_observed(self, event: events.MasterObserved) -> None:
        if not self._connected or event.session_id != self._session_id:
            return
        self._touches.note(event.sent_at, event.at)
        self.master = event.node
        self.epoch_seen = max(self.epoch_seen, event.epoch)
        self._candidacy.observed(event.at, vacant=event.owner == 0)
        self._read_at = event.at + REREAD_FACTOR * self.lease_times.session_timeout_seconds
        mine = event.owner == self._session_id
        if self.claim is not None:
            if not mine:
                # What was read may be older than the term; a proof is not.
                self._prove()
        elif mine and self.state is State.STANDBY:
            # A ghost: an acquisition took effect whose answer never came.
            self._release(None)

    def _on_observation_failed(self, event: events.ObservationFailed) -> None:
        if self._connected:
            self._drop_if(event.silent)
            self._read_at = event.at + self.lease_times.heartbeat_seconds

    # --- acquiring ---------------------------------------------------------------------------------------------------

    def _on_acquired(self, event: events.Acquired) -> None:
        claim = event.claim
        if claim.session_id != self._session_id or self.claim is not None:
            return
        expected = event.attempt == self._attempt and self.state in {State.ACQUIRING, State.RESIGNING}
        ends_at = self._lease_end(event.sent_at, event.at)
        if not expected or self._stopping or ends_at - HEALTH_GUARD_SECONDS <= event.at:
            self.state = State.RESIGNING if self._stopping else State.STANDBY
            self._candidacy.put_off(event.at + RETRY_SECONDS)
            self._release(claim)
            return
        self.claim, self.lease_until = claim, ends_at
        self._failsafe_lease.proved(event.sent_at)
        if not self._connected:
            self._failsafe_lease.begin(event.at)
        self.epoch_seen = max(self.epoch_seen, claim.epoch)
        self.state = State.SERVING if self._connected else State.SUSPENDED
        self._beats.schedule(event.sent_at + self.lease_times.heartbeat_seconds)
        self._read_at = None
        self._actions.append(events.BeginTerm(claim))

    def _on_acquisition_failed(self, event: events.AcquisitionFailed) -> None:
        if event.attempt != self._attempt or self.state not in {State.ACQUIRING, State.RESIGNING}:
            return
        self._stand_by_or_stop()
        self._candidacy.put_off(event.at + max(RETRY_SECONDS, event.retry_seconds))
        if self._stopping or not self._connected:
            return
        self._drop_if(event.silent)
        # Reading shows who is master, arms the watch, and finds a ghost.
        self._read()

    # --- the lease ---------------------------------------------------------------------------------------------------

    def _on_lease_proved(self, event: events.LeaseProved) -> None:
        if self.claim is None or event.epoch != self.claim.epoch:
            return
        self.lease_until = max(self.lease_until, self._lease_end(event.sent_at, event.at))
        self._failsafe_lease.proved(event.sent_at)
        self._beats.answered(event.beat, event.sent_at + self.lease_times.heartbeat_seconds)
        if self.state in {State.SUSPENDED, State.FAILSAFE} and self._connected:
            self.state = State.SERVING

    def _on_lease_refused(self, event: events.LeaseRefused) -> None:
        if self.claim is None or event.epoch != self.claim.epoch:
            return
        self._end_term(EndCause.FENCED)
        self.state = State.STANDBY
        self._candidacy.put_off(event.at + RETRY_SECONDS)
        if self._connected:
            self._read()

    def _on_proof_missing(self, event: events.ProofMissing) -> None:
        if self.claim is None or not self._beats.answered(event.beat, event.at + self.lease_times.heartbeat_seconds):
            return
        # The server is frozen, or cut off from its quorum: another one may answer while the lease lasts.
        self._drop_if(event.silent and self._connected)

    def _on_promised(self, event: events.Promised) -> None:
        again_at = event.sent_at + self.lease_times.heartbeat_seconds
        if self.claim is None or not self._failsafe_lease.polling.answered(event.round, again_at):
            return
        self.lease_until = max(self.lease_until, self._failsafe_lease.carries_until(event.sent_at, event.seconds))
        self.state = State.FAILSAFE

    def _on_promise_missing(self, event: events.PromiseMissing) -> None:
        # The others may not have noticed the outage yet; the lease runs out as usual unless they do.
        self._failsafe_lease.polling.answered(event.round, event.at + RETRY_SECONDS)

    def _lease_end(self, sent_at: float, answered_at: float) -> float:
        touched_at = self._touches.known_at(sent_at, self.lease_times.report_seconds)
        self._touches.note(sent_at, answered_at)
        return self.lease_times.end(sent_at, touched_at)

    def _expire(self, at: float) -> None:
        if self.claim is not None and at >= self.lease_until - HEALTH_GUARD_SECONDS:
            self._resign(EndCause.LEASE_EXPIRED)

    # --- the end of a term ------------------------------------------------------------------------------------------

    def _on_fenced(self, event: events.Fenced) -> None:
        claim = self.claim
        if claim is None or event.epoch != claim.epoch:
            return
        pause = RETRY_SECONDS if event.same_cluster else FOREIGN_COOLDOWN_SECONDS
        self._candidacy.put_off(event.at + pause)
        # A mark at or above the epoch of a legitimate master means that ZooKeeper has forgotten epochs: raise it.
        raise_to = event.mark_epoch if event.same_cluster and event.mark_epoch >= claim.epoch else 0
        self._resign(EndCause.FENCED, raise_to)

    def _on_step_down(self, event: events.StepDown) -> None:
        if self.claim is not None:
            self._candidacy.cool_down(event.at)
            self._resign(event.cause, successor=event.successor)

    def _on_candidacy(self, event: events.CandidateChanged) -> None:
        self._candidacy.candidate = event.candidate

    def _on_paused(self, event: events.Paused) -> None:
        self._candidacy.paused = event.paused

    def _on_stop(self, _event: events.Stop) -> None:
        self._stopping = True
        self._read_at = self._rebuild_at = None
        if self.claim is not None:
            self._resign(EndCause.RESIGNED)
        elif self.state is State.ACQUIRING or self._releasing:
            self.state = State.RESIGNING
        else:
            self.state = State.STOPPED

    def _on_released(self, _event: events.Released) -> None:
        self._releasing = False
        self._stand_by_or_stop()
        if self._connected and self.state is State.STANDBY:
            self._read()

    def _resign(self, cause: EndCause, raise_to: int = 0, successor: str = "") -> None:
        claim = self.claim
        self._end_term(cause)
        if self._connected and claim is not None:
            self.state = State.RESIGNING
            self._release(claim, raise_to, successor)
        else:
            # The node, if it outlives the session's silence, is found and deleted as a ghost.
            self._stand_by_or_stop()

    def _end_term(self, cause: EndCause) -> None:
        if self.claim is not None:
            self._actions.append(events.EndTerm(self.claim, cause))
        self.claim = None
        self._failsafe_lease.polling.stop()
        self._beats.stop()
        self.master = None
        self.lease_until = 0.0
        self._candidacy.forget()

    # --- time --------------------------------------------------------------------------------------------------------

    def _on_tick(self, event: events.Tick) -> None:
        if self._read_at is not None and event.at >= self._read_at and self._wants_reading():
            self._read()
        if self._rebuild_at is not None and event.at >= self._rebuild_at:
            self._rebuild_at = event.at + SILENCE_FACTOR * self.lease_times.session_timeout_seconds
            self._actions.append(events.RebuildSession())

    def _follow_up(self, at: float) -> None:
        asks_at = self._asks_at()
        if self.claim is not None and asks_at is not None and at >= asks_at:
            if self._connected:
                self._prove()
            else:
                self._actions.append(events.AskPromises(self.claim, self._failsafe_lease.polling.ask()))
        elif self._may_contend() and at >= self._candidacy.at(self.lease_times.session_timeout_seconds):
            self._attempt += 1
            self._candidacy.used()
            self.state = State.ACQUIRING
            self._actions.append(events.Acquire(self._attempt))

    def _asks_at(self) -> float | None:
        """When the claim must be proved next, or, without a connection, the promises be asked for."""
        return self._beats.next_at if self._connected else self._failsafe_lease.next_ask()

    def _wants_reading(self) -> bool:
        return self._connected and self.claim is None and not self._stopping

    def _may_contend(self) -> bool:
        able = self._connected and not self._releasing
        return self.state is State.STANDBY and able and self._candidacy.willing

    # --- actions -----------------------------------------------------------------------------------------------------

    def _stand_by_or_stop(self) -> None:
        if self.state is not State.STOPPED:
            self.state = State.STOPPED if self._stopping else State.STANDBY

    def _prove(self) -> None:
        if self.claim is not None and self._beats.next_at is not None:
            self._actions.append(events.ProveLease(self.claim, self._beats.ask()))

    def _drop_if(self, silent: bool) -> None:
        if silent:
            self._actions.append(events.DropConnection())

    def _read(self) -> None:
        self._read_at = None
        self._actions.append(events.ReadMaster())

    def _release(self, claim: Claim | None, raise_to: int = 0, successor: str = "") -> None:
        if not self._releasing:
            self._releasing = True
            self._candidacy.used()
            self._actions.append(events.Release(claim, raise_to, successor))
