"""Grace for a named successor: the other nodes let it become master first."""

from __future__ import annotations

from cluster.errors import RefusedError


class SuccessorGrace:
    """Whether this node must let a named successor go first now.

    The name is beside the epoch, and the acquisition checks the version of both: a node that was not named cannot
    acquire without having seen the name. It waits by its own clock from when it first saw it, so that no two clocks are
    compared, and contends when the successor has not come in that time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen = (0, 0)
        self._since = 0.0

    def check(self, node: str, successor: str, seen: tuple[int, int], now: float) -> None:
        """Raises RefusedError while ``node`` must let ``successor`` go first.

        ``seen`` are the epoch and the version of its node that the name came with; ``now`` is in seconds on the clock
        of leases.
        """
        if not successor or successor == node:
            return
        if seen != self._seen:
            self._seen, self._since = seen, now
        if now - self._since < self._seconds:
            message = f"{successor} was named as successor"
            raise RefusedError(message)
