"""Not contending while the node that was named as successor can take over."""

from __future__ import annotations

from cluster.election.wait import Wait


class SuccessorGrace:
    """How long this node leaves the mastership to a named successor.

    The name is stored beside the epoch, and the acquisition checks the version of both: a node that was not named
    cannot acquire without having seen the name. It waits by its own clock from when it first saw it, so that no two
    clocks are compared, and contends when the successor has not taken over in that time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen = (0, 0)
        self._since = 0.0

    def check(
        self, node: str, successor: str, seen: tuple[int, int], now: float, longest_seconds: float
    ) -> Wait | None:
        """The wait of ``node`` for ``successor``, empty when nobody was named; None when it may contend now.

        A successor that can take over does so in milliseconds, and one whose session has to end first within
        ``longest_seconds``: nobody waits longer.
        ``seen`` are the epoch and the version of its node that the name came with; ``now`` is in seconds on the clock
        of leases.
        """
        if not successor or successor == node:
            return None
        if seen != self._seen:
            self._seen, self._since = seen, now
        until = self._since + min(self._seconds, longest_seconds)
        return Wait(until, f"{successor} was named as successor") if now < until else None
