"""Counts of what the cycle did, for metrics and pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.outside_text import one_line
from cluster.tracing import trace_id
from pacing_node.runtime.distribution import Distribution

if TYPE_CHECKING:
    from pacing_node.cycle.push_budget import PushTime


@dataclass(slots=True)
class CycleCounters:
    """Plain numbers, changed by the cycle alone and read by anybody on the same event loop."""

    cycles: int = 0
    failed_cycles: int = 0
    """Cycles that ended in an unexpected error; the next one goes on."""
    failed_in_a_row: int = 0
    """Of these, how many since the last cycle that did not fail."""
    newest_failure: str = ""
    """The error of the newest of them, for people."""
    pushes: Counter[str] = field(default_factory=Counter)
    """Full pushes by how they ended: accepted, failed, invalid_reply, fenced, deadline, late, withheld."""
    partial_pushes: Counter[str] = field(default_factory=Counter)
    """Partial pushes by how they ended, as ``pushes``; also out_of_step. Nothing else here counts them."""
    push_seconds_sum: float = 0.0
    push_seconds_last: float = 0.0
    push_attempts: int = 0
    push_time: PushTime | None = None
    """What full pushes of this node take and may take, as of the newest; None before the first."""
    overruns: int = 0
    """Cycles that lasted longer than a refresh period; the next one began at once, none was made up for."""
    cycle_seconds: Distribution = field(default_factory=Distribution)
    """Whole cycles, from the snapshot to the reply of the platform."""
    push_seconds: Distribution = field(default_factory=Distribution)
    """Full pushes that were sent."""
    handover_seconds: Distribution = field(default_factory=Distribution)
    """From the last accepted push before a term of this node to the first in it, by the clocks of both masters."""
    accepted_epoch: int = 0
    """Epoch of the newest accepted push of this node."""
    target_errors: int = 0
    calculation_seconds_last: float = 0.0
    last_accepted_at: float = 0.0
    """Of the newest full push, Unix time in seconds; 0 before the first."""

    def accepted(self, epoch: int, previous_at: float) -> None:
        """A full push was accepted; the previous one, of whichever master, at ``previous_at``, 0 where unknown."""
        if epoch != self.accepted_epoch and previous_at:
            self.handover_seconds.observe(max(0.0, self.last_accepted_at - previous_at), trace_id())
        self.accepted_epoch = epoch

    def failed(self, error: BaseException) -> None:
        """A cycle ended in an unexpected error."""
        self.failed_cycles += 1
        self.failed_in_a_row += 1
        self.newest_failure = one_line(f"{type(error).__name__}: {error}")

    def worked(self) -> None:
        """A cycle came to its end."""
        self.failed_in_a_row = 0
        self.newest_failure = ""
