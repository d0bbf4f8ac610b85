"""When a node without the mastership may try to get it."""

from __future__ import annotations

from cluster.election.cooldown import Cooldown


class Candidacy:
    """What keeps this node from contending. Times in seconds on the clock of leases."""

    def __init__(self, cooldown_seconds: float) -> None:
        self.candidate = True
        """Whether the application could do a master's work."""
        self.paused = False
        """Whether the cluster is paused: then nobody contends."""
        self._vacant = False
        self._cooldown = Cooldown(cooldown_seconds)
        self._not_before = 0.0
        self._promised_until = 0.0

    @property
    def willing(self) -> bool:
        """Whether only time keeps this node from contending, as far as it is up to the application and the others."""
        return self.candidate and not self.paused and self._vacant

    def at(self, session_timeout_seconds: float) -> float:
        """When it may contend at the earliest."""
        sat_out = self._cooldown.contend_at(session_timeout_seconds)
        return max(self._not_before, self._promised_until, sat_out)

    def observed(self, at: float, *, vacant: bool) -> None:
        """There was a master when it was looked for at ``at``, or there was none."""
        self._vacant = vacant
        self._cooldown.note(at, free=vacant)

    def used(self) -> None:
        """What was observed has led to an attempt: look again before the next one."""
        self._vacant = False

    def forget(self) -> None:
        """Nothing is known of the mastership any more."""
        self._vacant = False
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
