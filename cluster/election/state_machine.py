"""The rules of leadership as a state machine: events in, actions out, no I/O, no clock of its own.

The driver (``cluster.election.driver``) posts what has happened, with the time at which it happened, and carries out
the actions returned. All times are seconds on the clock of leases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.election import events
from cluster.election.contender import Contender
from cluster.election.events import State
from cluster.election.requests import ACQUIRE, READ
from cluster.mastership import EndCause

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.election.events import Action, Claim, Event
    from cluster.lease import LeaseTimes

HEALTH_GUARD_SECONDS = 0.05
"""A term ends this much before its lease does, so that an answer about it is still true when it arrives."""
RETRY_SECONDS = 0.1
"""Pause before contending again after a proof that was refused."""
FOREIGN_COOLDOWN_SECONDS = 30.0
"""Pause after the receiver has answered that it belongs to another cluster: an operator must act."""
HIGHEST_MARK = 10**12
"""Highest epoch that is believed of a receiver: a term every millisecond for thirty years. No epoch is raised above."""
SILENCE_FACTOR = 3.0
"""Session time-outs without a connection after which the client is rebuilt."""
REREAD_FACTOR = 0.25
"""Session time-outs between two readings of the master by a standby.

Watches can get lost; and the first lease of a term counts from touches of the session made before it.
"""


class Leadership(Contender):
    """One node's part in the election."""

    def __init__(self, lease_times: LeaseTimes, cooldown_seconds: float, failsafe_seconds: float | None = None) -> None:
        """``failsafe_seconds``: longest time a term goes on without ZooKeeper by promises; None asks for none."""
        super().__init__(lease_times, cooldown_seconds, failsafe_seconds)
        self._rebuild_at: float | None = None
        self._handlers: dict[type, Callable[..., None]] = {
            events.Started: self._on_started,
            events.Connected: self._on_connected,
            events.Suspended: self._on_suspended,
            events.SessionLost: self._on_session_lost,
            events.MasterObserved: self._on_master_observed,
            events.ObservationFailed: self._on_observation_failed,
            events.ElectionRead: self._on_election_read,
            events.Acquired: self._on_acquired,
            events.AcquisitionFailed: self._on_acquisition_failed,
            events.LeaseProved: self._on_lease_proved,
            events.LeaseRefused: self._on_lease_refused,
            events.ProofMissing: self._on_proof_missing,
            events.Promised: self._on_promised,
            events.PromiseMissing: self._on_promise_missing,
            events.Released: self._on_released,
            events.Fenced: self._on_fenced,
            events.Accepted: self._on_accepted,
            events.StepDown: self._on_step_down,
            events.CandidateChanged: self._on_candidacy,
            events.Paused: self._on_paused,
            events.Stop: self._on_stop,
            events.Tick: self._on_tick,
        }

    def handle(self, event: Event) -> list[Action]:
        """Take in one event; returns what must be done now, in this order."""
        self._actions, self._now = [], event.at
        self._expire(event.at)
        self._handlers[type(event)](event)
        self._follow_up(event.at)
        return self._actions

    @property
    def lease_until(self) -> float:
        """When the lease ends; 0 when there is no term."""
        return self._lease.until

    def lease_left(self, now: float) -> float:
        """Seconds of lease left; 0 when there is no term."""
        return max(0.0, self._lease.until - now) if self.claim is not None else 0.0

    def may_act(self, now: float) -> bool:
        """Whether an action may start: serving and connected, or by promise of the others; lease not over."""
        serving = (self._state is State.SERVING and self._connected) or self._state is State.FAILSAFE
        return serving and self.lease_left(now) > 0.0

    def promise(self, at: float, epoch: int, seconds: float) -> str:
        """Promise the master of ``epoch`` not to contend for ``seconds``; returns why not, empty when promised.

        Only a node that has lost ZooKeeper itself promises: any other would keep a master in place that is cut off
        alone. An acquisition in flight could still succeed, so it rules a promise out. An epoch that this node has not
        seen is one it has not joined, or somebody's invention.
        """
        if self._connected:
            return "its own ZooKeeper session is connected"
        if self.claim is not None or self._state not in {State.STANDBY, State.STOPPED}:
            return f"it is {self.state.value}"
        if epoch != self.epoch_seen:
            return f"it has seen epoch {self.epoch_seen}"
        self._candidacy.promise(at + seconds)
        return ""

    def next_wake(self) -> float | None:
        """When the driver must post a Tick at the latest; None when only events matter."""
        times = [self._rebuild_at, self._requests.next_deadline, self._read_at if self._wants_reading() else None]
        if self.claim is not None:
            times += [self._lease.until - HEALTH_GUARD_SECONDS, self._lease.asks_at(connected=self._connected)]
        elif self._may_contend():
            times.append(self._contends_at())
        return min((each for each in times if each is not None), default=None)

    # --- the session -------------------------------------------------------------------------------------------------

    def _on_connected(self, event: events.Connected) -> None:
        if self.claim is not None and event.session_id != self.claim.session_id:
            self._end_term(EndCause.SESSION_LOST)
        if event.session_id != self._session_id:
            self._abandon_requests()
            self._stand_by_or_stop()
        self._connected = True
        self._rebuild_at = None
        self._session_id = event.session_id
        self._lease.connected(event.opened_at, event.session_timeout_seconds)
        if self.claim is not None:
            # The lease goes on, but nobody acts before it has been proved on the new connection; in failsafe they do.
            self._lease.reconnected(event.at)
            self._prove()
        elif self._state is not State.STOPPED:
            self._read()

    def _on_suspended(self, event: events.Suspended) -> None:
        self._disconnected(event.at)
        if self._state is State.SERVING:
            self._state = State.SUSPENDED
        if self.claim is not None:
            self._lease.disconnected(event.at)

    def _on_session_lost(self, event: events.SessionLost) -> None:
        self._disconnected(event.at)
        self._session_id = 0
        self._abandon_requests()
        if self.claim is not None:
            self._end_term(EndCause.SESSION_LOST)
        self._stand_by_or_stop()

    def _disconnected(self, at: float) -> None:
        self._connected = False
        self._requests.arrived(READ)
        self._candidacy.forget()
        self._read_at = None
        if self._rebuild_at is None and not self._stopping:
            self._rebuild_at = at + SILENCE_FACTOR * self.lease_times.session_timeout_seconds

    # --- the master's node -------------------------------------------------------------------------------------------

    def _on_master_observed(self, event: events.MasterObserved) -> None:
        if not self._connected or event.session_id != self._session_id:
            return
        self._requests.arrived(READ)
        self._lease.touched(event.sent_at, event.at)
        self.master = event.node
        self.epoch = event.epoch if event.owner else self.epoch
        self.epoch_seen = max(self.epoch_seen, event.epoch)
        self._candidacy.observed(event.at, vacant=event.owner == 0)
        self._read_at = event.at + REREAD_FACTOR * self.lease_times.session_timeout_seconds
        mine = event.owner == self._session_id
        if self.claim is not None:
            if not mine:
                # What was read can be older than the term; a proof cannot.
                self._prove()
        elif mine and self._state is State.STANDBY:
            if self._renewing is not None:
                self._renew()
            else:
                # A ghost: an acquisition has taken effect whose answer never came.
                self._release(None)

    # --- acquiring ---------------------------------------------------------------------------------------------------

    def _on_acquired(self, event: events.Acquired) -> None:
        claim = event.claim
        if claim.session_id != self._session_id or self.claim is not None:
            return
        expected = self._attempting(event.attempt)
        ends_at = self._lease.end_after(event.sent_at, event.at)
        if not expected or self._stopping or ends_at - HEALTH_GUARD_SECONDS <= event.at:
            self._give_back(claim, event.at, expected=expected)
            return
        self._requests.arrived(ACQUIRE)
        self._renewing = None
        self.claim = claim
        self._lease.begin(event.sent_at, ends_at)
        if not self._connected:
            self._lease.disconnected(event.at)
        self.epoch = claim.epoch
        self.epoch_seen = max(self.epoch_seen, claim.epoch)
        self._state = State.SERVING if self._connected else State.SUSPENDED
        self._read_at = None
        self._actions.append(events.BeginTerm(claim))

    def _give_back(self, claim: Claim, at: float, *, expected: bool) -> None:
        """An acquisition took effect too late, or after it was given up."""
        if expected:
            self._requests.arrived(ACQUIRE)
            self._candidacy.attempt_failed(at)
        if expected or self._stopping:
            self._state = State.RESIGNING if self._stopping else State.STANDBY
        self._release(claim)

    # --- the lease ---------------------------------------------------------------------------------------------------

    def _on_lease_proved(self, event: events.LeaseProved) -> None:
        if self.claim is None or event.epoch != self.claim.epoch:
            return
        self._lease.proved(event.beat, event.sent_at, event.at)
        if self._state in {State.SUSPENDED, State.FAILSAFE} and self._connected:
            self._state = State.SERVING

    def _on_lease_refused(self, event: events.LeaseRefused) -> None:
        if self.claim is None or event.epoch != self.claim.epoch:
            return
        self._end_term(EndCause.FENCED)
        self._state = State.STANDBY
        self._candidacy.put_off(event.at + RETRY_SECONDS)
        if self._connected:
            self._read()

    def _on_proof_missing(self, event: events.ProofMissing) -> None:
        if self.claim is not None and self._lease.proof_missing(event.beat, event.at):
            # The server is frozen, or cut off from its quorum: another one can answer while the lease lasts.
            self._drop_if(event.silent and self._connected)

    def _on_promised(self, event: events.Promised) -> None:
        if self.claim is not None and self._lease.promised(event.round, event.sent_at, event.seconds):
            self._state = State.FAILSAFE

    def _on_promise_missing(self, event: events.PromiseMissing) -> None:
        # The others may not have noticed the outage yet; unless they do, the lease expires as usual.
        self._lease.promise_missing(event.round, event.at)

    def _expire(self, at: float) -> None:
        if self.claim is not None and at >= self._lease.until - HEALTH_GUARD_SECONDS:
            self._resign(EndCause.LEASE_EXPIRED)

    # --- the end of a term ------------------------------------------------------------------------------------------

    def _on_fenced(self, event: events.Fenced) -> None:
        claim = self.claim
        if claim is None or event.epoch != claim.epoch:
            return
        self._candidacy.fenced(event.at)
        same_cluster = event.same_cluster or bool(event.remembered_id)
        if not same_cluster:
            self._candidacy.put_off(event.at + FOREIGN_COOLDOWN_SECONDS)
        # A mark at or above the epoch of a legitimate master means that ZooKeeper has forgotten epochs: raise it.
        plausible = claim.epoch <= event.mark_epoch <= HIGHEST_MARK
        raise_to = event.mark_epoch if same_cluster and plausible else 0
        self._resign(EndCause.FENCED, raise_to, cluster_id=event.remembered_id)

    def _on_accepted(self, event: events.Accepted) -> None:
        if self.claim is not None and event.epoch == self.claim.epoch:
            self._candidacy.accepted()

    def _on_step_down(self, event: events.StepDown) -> None:
        if self.claim is not None:
            self._candidacy.cool_down(event.at)
            self._resign(event.cause, successor=event.successor, unless_paused=True)

    def _on_stop(self, event: events.Stop) -> None:
        self._stopping = True
        self._read_at = self._rebuild_at = None
        if self.claim is not None:
            self._resign(EndCause.RESIGNED, successor=event.successor)
        elif self._state is State.ACQUIRING or self._requests.releasing:
            self._state = State.RESIGNING
        else:
            self._state = State.STOPPED

    def _resign(
        self,
        cause: EndCause,
        raise_to: int = 0,
        successor: str = "",
        cluster_id: str = "",
        *,
        unless_paused: bool = False,
    ) -> None:
        claim = self.claim
        self._end_term(cause)
        if self._connected and claim is not None:
            self._state = State.RESIGNING
            self._release(claim, raise_to, successor, cluster_id, unless_paused=unless_paused)
        else:
            # Should the node outlive the outage, it is found and deleted as a ghost.
            self._stand_by_or_stop()

    def _end_term(self, cause: EndCause) -> None:
        if self.claim is not None:
            self._actions.append(events.EndTerm(self.claim, cause))
        self.claim = None
        self._lease.end()
        self.master = None
        self._candidacy.forget()

    # --- time --------------------------------------------------------------------------------------------------------

    def _on_tick(self, event: events.Tick) -> None:
        self._give_up_overdue(event.at)
        if self._read_at is not None and event.at >= self._read_at and self._wants_reading():
            self._read()
        if self._rebuild_at is not None and event.at >= self._rebuild_at:
            self._rebuild_at = event.at + SILENCE_FACTOR * self.lease_times.session_timeout_seconds
            self._actions.append(events.RebuildSession())

    def _follow_up(self, at: float) -> None:
        asks_at = self._lease.asks_at(connected=self._connected)
        if self.claim is not None and asks_at is not None and at >= asks_at:
            if self._connected:
                self._prove()
            else:
                self._actions.append(events.AskPromises(self.claim, self._lease.ask_promises(at)))
        elif self._may_contend() and at >= self._contends_at():
            self._begin_attempt()

    def _prove(self) -> None:
        if self.claim is not None and self._lease.provable(self._now):
            self._actions.append(events.ProveLease(self.claim, self._lease.ask_proof(self._now)))
