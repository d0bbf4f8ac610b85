"""Cooldown after a step-down: the others contend first, but a mastership that stays free is taken."""

from __future__ import annotations

PATIENCE_RATIO = 0.25
"""Longest wait of a node in its cooldown, in session time-outs, for another node to take a free mastership."""


class Cooldown:
    """When a node may contend that has stepped down a while ago. Times in seconds on the clock of leases.

    While others can serve, one of them takes a free mastership within milliseconds. One that stays free has no other
    candidate: then a node in its cooldown contends too, long before the cooldown is over. The longer it has lasted, the
    sooner, so that of several nodes it is not the one that has just stepped down.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0
        self._free_since: float | None = None

    def begin(self, at: float) -> None:
        """The node steps down."""
        self._until = at + self._seconds

    def note(self, at: float, *, free: bool) -> None:
        """The mastership was seen free, or somebody has it."""
        if not free:
            self._free_since = None
        elif self._free_since is None:
            self._free_since = at

    def forget(self) -> None:
        """Nothing is known of the mastership any more."""
        self._free_since = None

    def contend_at(self, session_timeout_seconds: float) -> float:
        """From when on the node may contend for a mastership that stays free."""
        if self._free_since is None:
            return self._until
        left_ratio = max(0.0, self._until - self._free_since) / self._seconds
        return min(self._until, self._free_since + PATIENCE_RATIO * session_timeout_seconds * left_ratio)
