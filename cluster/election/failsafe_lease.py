"""How long a master without ZooKeeper may go on by the promises of the others: arithmetic only, no I/O."""

from __future__ import annotations

from cluster.election.polling import Polling
from cluster.lease import DRIFT_RATIO


class FailsafeLease:
    """A master's side of the failsafe: when to ask for promises, and how far they carry. Times in seconds.

    All on the clock of leases. A promise counts from the moment *before* it was asked for, and is shortened by what
    clocks of two machines may differ; so does the longest time without ZooKeeper, which counts from the last proof.
    """

    def __init__(self, longest_seconds: float | None) -> None:
        """``longest_seconds``: how long a term may outlive its last proof; None asks for no promise."""
        self._longest_seconds = longest_seconds
        self._proved_at = 0.0
        self.polling = Polling()

    def proved(self, sent_at: float) -> None:
        """ZooKeeper has confirmed the claim; the request was sent at ``sent_at``."""
        self._proved_at = max(self._proved_at, sent_at)

    def begin(self, at: float) -> None:
        """The connection is gone: ask at once."""
        if self._longest_seconds is not None:
            self.polling.schedule(at)

    def next_ask(self) -> float | None:
        """When to ask next; None while an answer is awaited, and when there is nothing to gain."""
        at = self.polling.next_at
        return at if at is not None and at < self._limit else None

    def carries_until(self, sent_at: float, seconds: float) -> float:
        """When a lease ends that rests on promises of ``seconds``, asked for at ``sent_at``."""
        return min(sent_at + seconds * (1.0 - DRIFT_RATIO), self._limit)

    @property
    def _limit(self) -> float:
        return self._proved_at + (self._longest_seconds or 0.0) * (1.0 - DRIFT_RATIO)
