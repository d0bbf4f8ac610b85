"""The lease of one term: until when it lasts, and when to prove it, or to ask for promises, next. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster.election.failsafe_lease import FailsafeLease
from cluster.election.polling import Polling
from cluster.lease import Touches

if TYPE_CHECKING:
    from cluster.lease import LeaseTimes

ANSWER_RATIO = 0.5
"""Session time-outs after which the answer to a proof or a round of promises is given up: twice its own deadline."""
PROMISE_RETRY_SECONDS = 0.1
"""Pause before asking for promises again after one was missing."""


WORTHWHILE_HEARTBEATS = 1.5
"""Heartbeats that a new lease must last: its first proof is sent after one, and must be answered in time."""


class HeldLease:
    """What a master knows of its lease. Times in seconds on the clock of leases."""

    def __init__(self, asked: LeaseTimes, failsafe_seconds: float | None) -> None:
        """``asked``: with the session time-out asked of ZooKeeper; ``failsafe_seconds`` as for the machine."""
        self.times = asked
        """With the session time-out that ZooKeeper has granted."""
        self.until = 0.0
        """When it ends; 0 without a term."""
        self._asked = asked
        self._touches = Touches(0.0, asked)
        self._beats = Polling()
        self._failsafe = FailsafeLease(failsafe_seconds)

    def connected(self, opened_at: float, session_timeout_seconds: float) -> None:
        """A connection was opened at ``opened_at``, before its handshake, with the time-out granted in it."""
        self.times = self._asked.granted(session_timeout_seconds)
        self._touches = Touches(opened_at, self.times)
        # The handshake touches the session, and a time-out that is shorter than before counts from it.
        self.until = min(self.until, self.times.end_of_session(opened_at))

    def touched(self, sent_at: float, answered_at: float) -> None:
        """A request of the session has been answered."""
        self._touches.note(sent_at, answered_at)

    def end_after(self, sent_at: float, answered_at: float) -> float:
        """When a lease ends whose proof was sent and answered then."""
        touched_at = self._touches.known_at(sent_at)
        self._touches.note(sent_at, answered_at)
        return self.times.end(sent_at, touched_at)

    def worthwhile_at(self, at: float) -> float:
        """When an acquisition gives a lease that outlives its first proof, as far as is known at ``at``.

        After a freeze the newest touch that the leader surely knows of is old: a term would end before it is proved.
        Half a tick after the first request of the session since it is not.
        """
        needed = WORTHWHILE_HEARTBEATS * self.times.heartbeat_seconds
        if self.times.end_of_session(self._touches.known_at(at)) - at >= needed:
            return at
        newer_at = self._touches.newer_at()
        return newer_at if newer_at is not None else at + self.times.report_seconds

    def begin(self, sent_at: float, until: float) -> None:
        """A term has begun, by an acquisition sent at ``sent_at``."""
        self.until = until
        self._failsafe.proved(sent_at)
        self._beats.schedule(sent_at + self.times.heartbeat_seconds)

    def end(self) -> None:
        """The term has ended."""
        self.until = 0.0
        self._failsafe.polling.stop()
        self._beats.stop()

    def proved(self, beat: int, sent_at: float, answered_at: float) -> None:
        """ZooKeeper has confirmed the claim."""
        self.until = max(self.until, self.end_after(sent_at, answered_at))
        self._failsafe.proved(sent_at)
        self._beats.answered(beat, sent_at + self.times.heartbeat_seconds)

    def proof_missing(self, beat: int, at: float) -> bool:
        """No answer to a proof came; False when it is not the one awaited."""
        return self._beats.answered(beat, at + self.times.heartbeat_seconds)

    def promised(self, number: int, sent_at: float, seconds: float) -> bool:
        """Everybody has promised; False, and nothing changes, when this round is not the one awaited."""
        if not self._failsafe.polling.answered(number, sent_at + self.times.heartbeat_seconds):
            return False
        self.until = max(self.until, self._failsafe.carries_until(sent_at, seconds))
        return True

    def promise_missing(self, number: int, at: float) -> None:
        """Somebody has not promised: ask again soon."""
        self._failsafe.polling.answered(number, at + PROMISE_RETRY_SECONDS)

    def reconnected(self, at: float) -> None:
        """The connection is back: prove at once, ask for no promise."""
        self._failsafe.polling.stop()
        self._beats.schedule(at)

    def disconnected(self, at: float) -> None:
        """The connection is gone: ask for promises at once."""
        self._failsafe.begin(at)

    def asks_at(self, *, connected: bool) -> float | None:
        """When the claim must be proved next or, without a connection, the promises be asked for."""
        return self._beats.next_at if connected else self._failsafe.next_ask()

    def provable(self, at: float) -> bool:
        """Whether a proof can be asked for now: none is in flight whose answer can still come."""
        return self._beats.due(at)

    def ask_proof(self, at: float) -> int:
        """A proof is being asked for; its number."""
        return self._beats.ask(at + ANSWER_RATIO * self.times.session_timeout_seconds)

    def ask_promises(self, at: float) -> int:
        """The promises are being asked for; the number of the round."""
        return self._failsafe.polling.ask(at + ANSWER_RATIO * self.times.session_timeout_seconds)
