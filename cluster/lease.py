"""How long a proof of mastership lasts."""

from __future__ import annotations

from dataclasses import dataclass

DRIFT_RATIO = 0.02
"""Allowed difference in rate between the clock of this machine and ZooKeeper's, with some room."""


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """What a lease is computed from. Times in seconds."""

    session_timeout_seconds: float
    """T, as ZooKeeper granted it."""
    heartbeat_seconds: float
    """h, time between two proofs."""
    tick_seconds: float
    """tickTime of the ensemble."""

    @property
    def margin_seconds(self) -> float:
        """What a lease must end earlier than the session: h + tick/2 + 2 % of T.

        ZooKeeper counts the session from the last touch its leader heard of. A follower reports touches with its
        answer to the leader's ping, every half tick, and a forwarded write does not count as one.
        """
        return self.heartbeat_seconds + self.tick_seconds / 2 + DRIFT_RATIO * self.session_timeout_seconds

    def end(self, sent_at: float) -> float:
        """When a lease ends whose proof was *sent* at ``sent_at``, on the clock of leases."""
        return sent_at + max(0.0, self.session_timeout_seconds - self.margin_seconds)

    def granted(self, session_timeout_seconds: float) -> LeaseTerms:
        """The same terms with the session time-out ZooKeeper granted.

        A longer one than asked for tells that the ensemble's least time-out, two ticks by default, is that long; its
        tick is then taken to be half of it.
        """
        tick = self.tick_seconds
        if session_timeout_seconds > self.session_timeout_seconds:
            tick = max(tick, session_timeout_seconds / 2)
        return LeaseTerms(session_timeout_seconds, self.heartbeat_seconds, tick)
