"""Whether this node can try to become master now, and if not, when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.backoff import Backoff
from cluster.election.cooldown import Cooldown
from cluster.election.failsafe_members import Admission
from cluster.election.successor import SuccessorGrace
from cluster.election.wait import Wait

if TYPE_CHECKING:
    from cluster.election.events import ElectionRecord
    from cluster.election.failsafe_members import FailsafeMember

RETRY_SECONDS = (0.1, 1.0)
"""First and longest pause before contending again after attempts that failed.

Without jitter: of several nodes that contend at the same moment ZooKeeper lets exactly one win.
"""
FENCED_SECONDS = (0.1, 30.0)
"""First and longest pause after a term that was fenced; it grows until the receiver accepts an action.

A receiver that refuses every token would otherwise use up ten epochs a second, and the history with them.
"""
RECHECK_SECONDS = 1.0
"""Longest time a node that must wait goes without reading again what it waits for."""


class Candidacy:
    """What keeps this node from contending. Times in seconds on the clock of leases."""

    def __init__(self, cooldown_seconds: float) -> None:
        self.candidate = True
        """Whether the application could do a master's work."""
        self.paused = False
        """Whether the cluster is paused: then nobody contends."""
        self.wait: Wait | None = None
        """What the newest attempt must wait for; None when nothing forbids one."""
        self._vacant = False
        self._cooldown = Cooldown(cooldown_seconds)
        self._successor_grace = SuccessorGrace(cooldown_seconds)
        self._admission = Admission()
        self._retry = Backoff(*RETRY_SECONDS, jitter=0.0)
        self._fenced = Backoff(*FENCED_SECONDS, jitter=0.0)
        self._not_before = 0.0
        self._recheck_at = 0.0
        self._promised_until = 0.0

    @property
    def willing(self) -> bool:
        """Whether only time keeps this node from contending, as far as the application and the others are concerned."""
        return self.candidate and not self.paused and self._vacant

    def at(self, session_timeout_seconds: float) -> float:
        """When it can contend at the earliest."""
        cooled_down = self._cooldown.contend_at(session_timeout_seconds)
        recheck_at = self._recheck_at if self.wait is not None else 0.0
        return max(self._not_before, recheck_at, self._promised_until, cooled_down)

    def started(self, at: float) -> None:
        """The process has listened on its clustering port since ``at``."""
        self._admission.started(at)

    def pause(self, *, paused: bool) -> None:
        """The cluster has been paused or resumed."""
        self.paused = paused
        self.wait = None

    def observed(self, at: float, *, vacant: bool) -> None:
        """A reading of ``at`` has found a master, or none."""
        self._vacant = vacant
        self._cooldown.note(at, free=vacant)
        if not vacant:
            self.wait = None
            self._retry.reset()

    def judge(
        self,
        record: ElectionRecord,
        own: FailsafeMember,
        at: float,
        session_timeout_seconds: float,
        members: frozenset[str] | None = None,
    ) -> Wait | None:
        """What an attempt must wait for, with what was read for it; None when it can go on to the transaction."""
        seen = (record.epoch, record.epoch_version)
        # A successor that has left, or that has died, is not waited for.
        successor = record.successor if members is None or record.successor in members else ""
        self.wait = (
            (Wait(at + RECHECK_SECONDS, f"the cluster is paused by {record.paused_by}") if record.paused_by else None)
            or self._successor_grace.check(own[0], successor, seen, at, session_timeout_seconds)
            or self._admission.check(own, record.failsafe_list, (*seen, record.failsafe_list_version), at)
        )
        if self.wait is not None:
            self._recheck_at = min(self.wait.until, at + RECHECK_SECONDS)
        return self.wait

    def attempt_failed(self, at: float) -> None:
        """An attempt has failed: the next one is made after a pause that grows."""
        self.put_off(at + self._retry.next_seconds())

    def fenced(self, at: float) -> None:
        """The receiver has refused a token of this node's term: the next one begins after a pause that grows."""
        self.put_off(at + self._fenced.next_seconds())

    def accepted(self) -> None:
        """The receiver has accepted an action of this node's term."""
        self._fenced.reset()

    def used(self) -> None:
        """What was observed has led to an attempt: read again before the next one."""
        self._vacant = False

    def forget(self) -> None:
        """Nothing is known of the mastership any more."""
        self._vacant = False
        self.wait = None
        self._cooldown.forget()

    def put_off(self, until: float) -> None:
        """Contend at ``until`` at the earliest."""
        self._not_before = max(self._not_before, until)

    def cool_down(self, at: float) -> None:
        """The node has stepped down at ``at``: the others come first."""
        self._cooldown.begin(at)

    def promise(self, until: float) -> None:
        """Contend at ``until`` at the earliest, even if nobody else does."""
        self._promised_until = max(self._promised_until, until)
