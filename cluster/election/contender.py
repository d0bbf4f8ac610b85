"""The base of the machine of leadership: reading, attempts to acquire, releases. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.backoff import Backoff
from cluster.election import events
from cluster.election.candidacy import Candidacy
from cluster.election.events import State
from cluster.election.held_lease import HeldLease
from cluster.election.requests import ACQUIRE, READ, RELEASE, Requests

if TYPE_CHECKING:
    from cluster.election.events import Action, Claim
    from cluster.election.wait import Wait
    from cluster.lease import LeaseTimes

RELEASE_RETRY_SECONDS = (0.1, 2.0)
"""First and longest pause before a release that has failed is looked into."""
RENEWALS = 3
"""Attempts to begin a new term on a mastership whose release was refused; after them it is given up."""
ANSWER_FACTOR = 2.0
"""Session time-outs after which an answer is given up that must have come long before: longer than any lease."""


class Contender:
    """A node that watches the mastership and contends for it when it can. Times on the clock of leases."""

    def __init__(self, lease_times: LeaseTimes, cooldown_seconds: float, failsafe_seconds: float | None) -> None:
        self.claim: Claim | None = None
        """The mastership held, while a term lasts."""
        self.master: str | None = None
        self.epoch = 0
        """The epoch of the newest term as ZooKeeper has it now: one that lost its data begins with low ones again."""
        self.epoch_seen = 0
        """The highest epoch ever seen: no promise is given to a term with a lower one."""
        self._state = State.STANDBY
        self._now = 0.0
        self._connected = False
        self._session_id = 0
        self._lease = HeldLease(lease_times, failsafe_seconds)
        self._candidacy = Candidacy(cooldown_seconds)
        self._requests = Requests()
        self._release_again = Backoff(*RELEASE_RETRY_SECONDS, jitter=0.0)
        self._read_at: float | None = None
        self._giving_up: Claim | None = None
        """What the newest release is to give up."""
        self._renewing: Claim | None = None
        """A claim whose release was refused: it is to be replaced by a new one."""
        self._renewals_left = 0
        self._stopping = False
        self._actions: list[Action] = []

    @property
    def state(self) -> State:
        """The state of this node now."""
        if self._state is State.STANDBY and self._candidacy.paused:
            return State.PAUSED
        contends = self._state in {State.STANDBY, State.ACQUIRING} and self._connected
        return State.WAITING if contends and self._candidacy.wait is not None else self._state

    @property
    def lease_times(self) -> LeaseTimes:
        """What leases are computed from, with the session time-out that ZooKeeper has granted."""
        return self._lease.times

    @property
    def wait(self) -> Wait | None:
        """What a node in the state WAITING waits for."""
        return self._candidacy.wait if self.state is State.WAITING else None

    # --- events ------------------------------------------------------------------------------------------------------

    def _on_started(self, event: events.Started) -> None:
        self._candidacy.started(event.at)

    def _on_candidacy(self, event: events.CandidateChanged) -> None:
        self._candidacy.candidate = event.candidate

    def _on_paused(self, event: events.Paused) -> None:
        self._candidacy.pause(paused=event.paused)

    def _on_observation_failed(self, event: events.ObservationFailed) -> None:
        self._requests.arrived(READ)
        if self._connected:
            self._drop_if(event.silent)
            self._read_at = event.at + self.lease_times.heartbeat_seconds

    # --- attempts ----------------------------------------------------------------------------------------------------

    def _begin_attempt(self) -> None:
        self._candidacy.used()
        self._state = State.ACQUIRING
        self._expect(ACQUIRE)
        self._actions.append(events.ReadElection(self._requests.begin_attempt()))

    def _on_election_read(self, event: events.ElectionRead) -> None:
        self.epoch = event.record.epoch
        if not self._attempting(event.attempt):
            return
        renews = self._renewable(event.record)
        free = (renews is not None or event.record.vacant) and self._connected and not self._stopping
        if not free:
            self._candidacy.attempt_failed(event.at)
        elif renews is not None or self._judge(event) is None:
            self._expect(ACQUIRE)
            self._actions.append(events.Acquire(event.attempt, event.record, renews))
            return
        self._end_attempt()

    def _judge(self, event: events.ElectionRead) -> Wait | None:
        session_timeout_seconds = self.lease_times.session_timeout_seconds
        return self._candidacy.judge(event.record, event.own, event.at, session_timeout_seconds, event.members)

    def _renewable(self, record: events.ElectionRecord) -> Claim | None:
        """The claim whose release was refused, if the master's node is still its own."""
        claim = self._renewing
        if claim is None or record.vacant or record.epoch_version != claim.epoch_version:
            self._renewing = None
        return self._renewing

    def _renew(self) -> None:
        self._renewals_left -= 1
        if self._renewals_left == 0:
            self._renewing = None
        else:
            self._begin_attempt()

    def _on_acquisition_failed(self, event: events.AcquisitionFailed) -> None:
        if not self._attempting(event.attempt):
            return
        self._candidacy.attempt_failed(event.at)
        if self._connected and not self._stopping:
            self._drop_if(event.silent)
        self._end_attempt()

    def _attempting(self, attempt: int) -> bool:
        return attempt == self._requests.attempt and self._state in {State.ACQUIRING, State.RESIGNING}

    def _end_attempt(self) -> None:
        self._requests.arrived(ACQUIRE)
        self._stand_by_or_stop()
        if self._connected and not self._stopping:
            # A reading finds out who is master, arms the watch, and finds a ghost.
            self._read()

    def _may_contend(self) -> bool:
        able = self._connected and not self._requests.releasing
        return self._state is State.STANDBY and able and self._candidacy.willing

    def _contends_at(self) -> float:
        """When this node can contend at the earliest, and its term would not end before it is proved."""
        can_at = self._candidacy.at(self.lease_times.session_timeout_seconds)
        return max(can_at, self._lease.worthwhile_at(self._now))

    # --- releases ----------------------------------------------------------------------------------------------------

    def _release(
        self,
        claim: Claim | None,
        raise_to: int = 0,
        successor: str = "",
        cluster_id: str = "",
        *,
        unless_paused: bool = False,
    ) -> None:
        if not self._requests.releasing:
            self._candidacy.used()
            self._expect(RELEASE)
            self._giving_up, number = claim, self._requests.begin_release()
            self._actions.append(events.Release(claim, raise_to, successor, unless_paused, cluster_id, number))

    def _on_released(self, event: events.Released) -> None:
        if not self._requests.end_release(event.number):
            return
        if self._state is State.RESIGNING:
            self._stand_by_or_stop()
        if event.refused:
            self._renewing, self._renewals_left = self._giving_up, RENEWALS
        if not event.failed:
            self._release_again.reset()
        if not self._connected or self._state is not State.STANDBY:
            return
        if self._renewing is not None:
            self._begin_attempt()
        elif event.failed:
            # What cannot be released now is found again by reading, but not as fast as ZooKeeper refuses.
            self._read_at = event.at + self._release_again.next_seconds()
        else:
            self._read()

    def _abandon_requests(self) -> None:
        """The session has changed: no request of the previous one can take effect any more."""
        self._requests.abandon()
        self._renewing = None

    def _stand_by_or_stop(self) -> None:
        if self._state is not State.STOPPED:
            self._state = State.STOPPED if self._stopping else State.STANDBY

    # --- readings ----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        self._read_at = None
        self._expect(READ)
        self._actions.append(events.ReadMaster())

    def _wants_reading(self) -> bool:
        return self._connected and self.claim is None and not self._stopping

    def _drop_if(self, silent: bool) -> None:
        if silent:
            self._actions.append(events.DropConnection())

    def _expect(self, action: str) -> None:
        self._requests.expect(action, self._now + ANSWER_FACTOR * self.lease_times.session_timeout_seconds)

    def _give_up_overdue(self, at: float) -> None:
        """Go on as if it had failed; should it take effect after all, a reading or its late answer shows it."""
        for action in self._requests.overdue(at):
            self._actions.append(events.ReportOverdue(action))
            if action == ACQUIRE:
                self._on_acquisition_failed(events.AcquisitionFailed(at, self._requests.attempt, silent=False))
            elif action == RELEASE:
                self._on_released(events.Released(at, self._requests.release, failed=True))
            elif self._wants_reading():
                self._read()
