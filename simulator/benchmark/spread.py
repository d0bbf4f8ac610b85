"""Several readings of one figure as a median with its spread. Pure."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def spread(readings: Sequence[float], digits: int = 2) -> dict[str, Any]:
    """Median, least, most, and how many readings there were. Raises ValueError without any."""
    if not readings:
        raise ValueError("a median needs readings")
    return {
        "median": round(statistics.median(readings), digits),
        "least": round(min(readings), digits),
        "most": round(max(readings), digits),
        "readings": len(readings),
    }


def ratio(figure: Sequence[float], floor: Sequence[float]) -> float | None:
    """How many times the floor a figure is, by their medians; None where the floor is nothing."""
    least = statistics.median(floor)
    return round(statistics.median(figure) / least, 2) if least > 0.0 else None
