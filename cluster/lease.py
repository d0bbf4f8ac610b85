"""How long a proof of mastership lasts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

DRIFT_RATIO = 0.02
"""Allowed difference in rate between the clock of this machine and ZooKeeper's, with some room."""


HEARTBEAT_RATIO = 1 / 8
"""Longest heartbeat, in session time-outs."""
ACTION_RATIO = 1 / 3
"""Longest action, in session time-outs."""


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """What a lease is computed from. Times in seconds."""

    session_timeout_seconds: float
    """T, as ZooKeeper granted it."""
    heartbeat_seconds: float
    """h, time between two proofs."""
    tick_seconds: float
    """tickTime of the ensemble."""

    @property
    def report_seconds(self) -> float:
        """How long ZooKeeper's leader may not know of a touch: a follower reports them every half tick."""
        return self.tick_seconds / 2

    @property
    def margin_seconds(self) -> float:
        """What a lease must end earlier than the session, in steady service: h + tick/2 + 2 % of T.

        ZooKeeper counts the session from the last touch its leader has heard of. A follower reports touches with its
        answer to the leader's ping, every half tick, and a forwarded write does not count as one.
        """
        return self.heartbeat_seconds + self.report_seconds + DRIFT_RATIO * self.session_timeout_seconds

    def end(self, sent_at: float, touched_at: float) -> float:
        """When a lease ends whose proof was *sent* at ``sent_at``, on the clock of leases.

        ``touched_at`` is the newest touch that the leader surely knew of when it confirmed the proof
        (:class:`Touches`). In steady service it is newer than ``sent_at - h - tick/2`` and changes nothing. After a
        pause it is what counts: a proof does not touch the session, which may end right after it.
        """
        from_proof = sent_at - self.heartbeat_seconds - self.report_seconds
        return self.end_of_session(min(from_proof, touched_at))

    def granted(self, session_timeout_seconds: float) -> LeaseTimes:
        """The same terms with the session time-out ZooKeeper granted.

        A longer one than asked for shows that the ensemble's least time-out, two ticks by default, is that long; its
        tick is then taken to be half of it. A shorter one shortens the heartbeat too: a lease must outlive several.
        """
        tick = self.tick_seconds
        if session_timeout_seconds > self.session_timeout_seconds:
            tick = max(tick, session_timeout_seconds / 2)
        heartbeat = min(self.heartbeat_seconds, HEARTBEAT_RATIO * session_timeout_seconds)
        return LeaseTimes(session_timeout_seconds, heartbeat, min(tick, session_timeout_seconds / 2))

    def end_of_session(self, touched_at: float) -> float:
        """When a session can end at the earliest that was touched at ``touched_at``, on the clock of leases."""
        return touched_at + self.session_timeout_seconds * (1.0 - DRIFT_RATIO)

    @property
    def longest_action_seconds(self) -> float:
        """The longest action that a lease covers, with room for a proof that is late: a third of the session."""
        return ACTION_RATIO * self.session_timeout_seconds


class Touches:
    """What ZooKeeper's leader must know of the touches of one session. Its size does not grow with time."""

    def __init__(self, connected_at: float, lease_times: LeaseTimes) -> None:
        """``connected_at``: before the handshake, which the leader itself takes part in."""
        self._known = connected_at
        # The clock of this machine may run faster than ZooKeeper's: more than half a tick must have passed here.
        self._report_seconds = lease_times.report_seconds * (1.0 + DRIFT_RATIO)
        self._session_timeout_seconds = lease_times.session_timeout_seconds
        self._unreported: deque[tuple[float, float]] = deque()

    def note(self, sent_at: float, answered_at: float) -> None:
        """A request of the session was sent and answered: it has touched the session in between."""
        self._unreported.append((sent_at, answered_at))
        # A proof sent longer ago than a session lasts gives no lease any more, whatever was known of touches then.
        self.known_at(answered_at - self._session_timeout_seconds)

    def newer_at(self) -> float | None:
        """When the leader surely knows of a newer touch than now; None while no request waits for that."""
        return self._unreported[0][1] + self._report_seconds if self._unreported else None

    def known_at(self, at: float) -> float:
        """The newest touch the leader surely knew of at ``at``: answered half a tick before. Never goes back."""
        while self._unreported and self._unreported[0][1] <= at - self._report_seconds:
            self._known = max(self._known, self._unreported.popleft()[0])
        return self._known
