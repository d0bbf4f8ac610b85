"""Counts of what the cycle did, for metrics and pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class CycleCounters:
    """Plain numbers, changed by the cycle alone and read by anybody on the same event loop."""

    cycles: int = 0
    failed_cycles: int = 0
    """Cycles that ended in an unexpected error; the next one goes on."""
    pushes: Counter[str] = field(default_factory=Counter)
    """Pushes by how they ended: accepted, failed, invalid_reply, fenced, deadline, late, withheld."""
    push_seconds_sum: float = 0.0
    push_seconds_last: float = 0.0
    push_attempts: int = 0
    target_errors: int = 0
    calculation_seconds_last: float = 0.0
    last_accepted_at: float = 0.0
    """Unix time in seconds; 0 before the first."""
