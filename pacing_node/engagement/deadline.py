"""The absolute end of a push, on the clock of leases: it goes on while the machine sleeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.clock import boot_seconds
from pacing_node.engagement.exchange import LateError

if TYPE_CHECKING:
    from cluster.clock import Clock

TRACED_AS = "pacing_deadline"
"""Extension of a request that carries its deadline to the transport."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment after which nothing of a push is sent any more."""

    at: float
    """Seconds on the clock of leases (``cluster.clock``)."""
    clock: Clock = boot_seconds

    @property
    def seconds_left(self) -> float:
        """Time left; 0 or less when it is over."""
        return self.at - self.clock()

    def check(self) -> None:
        """Raises ``LateError`` when the time is over."""
        if self.seconds_left <= 0.0:
            raise LateError("the time of the push was over before it was sent")
