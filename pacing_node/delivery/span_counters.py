"""What became of spans; it loads nothing, for metrics show it whether or not anything is traced."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class SpanCounters:
    """Plain numbers, changed by the export alone."""

    sent: int = 0
    dropped: int = 0
    """Lost because the collector did not take them, or because too many waited."""
