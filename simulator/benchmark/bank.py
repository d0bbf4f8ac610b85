"""A day of the "Anonymous Bank" records (Technion), read at run time where at hand.

``PACING_DATA`` names the folder with ``day_1999-10-25.csv``, ``service_time_quantiles.csv`` and
``patience_km.csv``.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.algorithms.model import FloatArray

_DAY = "day_1999-10-25.csv"
_AGENTS = 8.0
_FIRST_SECOND = 9 * 3600.0
_SLOT_SECONDS = 1800.0


def bank_folder() -> Path:
    """Where the records are looked for."""
    named = Path(os.environ.get("PACING_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    # The simulator takes the recorded day's file as well.
    return named.parent if named.is_file() else named


def bank_available() -> bool:
    """Whether the records are at hand."""
    return (bank_folder() / _DAY).is_file()


def BANK_DAY() -> dict[str, Any]:  # noqa: N802 - a constant that is read when needed
    """Fields of a scenario driven by the records: service times, patience, eight hours of arrivals."""
    folder = bank_folder()
    service = _column(folder / "service_time_quantiles.csv", "svc_s")
    survival = _column(folder / "patience_km.csv", "S_km")
    return {
        "handle": _by_quantile(service, _column(folder / "service_time_quantiles.csv", "q")),
        "handle_mean": 200.0,
        "patience": _by_survival(survival, _column(folder / "patience_km.csv", "t_s")),
        "reactive": _arrivals(folder / _DAY),
        "reactive_gated": False,
    }


def _arrivals(path: Path) -> tuple[tuple[float, float], ...]:
    """Calls per half hour as a share of the agents' capacity; a third of them stay as inbound load."""
    with path.open(newline="") as file:
        offers = np.array([float(row["offer_s"]) for row in csv.DictReader(file) if row["offered"] == "1"])
    starts = np.arange(16) * _SLOT_SECONDS
    counts = [np.count_nonzero((offers >= _FIRST_SECOND + s) & (offers < _FIRST_SECOND + s + 1800.0)) for s in starts]
    return tuple((float(s), count / 1800.0 * 200.0 / _AGENTS / 3.0) for s, count in zip(starts, counts, strict=True))


def _by_quantile(values: FloatArray, quantiles: FloatArray) -> Callable[[np.random.Generator, int], FloatArray]:
    return lambda random, size: np.interp(random.random(size), quantiles, values)


def _by_survival(survival: FloatArray, times: FloatArray) -> Callable[[np.random.Generator, int], FloatArray]:
    """Patience longer than the records reach lasts twice their length."""
    chance, seconds = 1.0 - survival, times

    def sample(random: np.random.Generator, size: int) -> FloatArray:
        draw = random.random(size)
        return np.where(draw > chance[-1], 2.0 * seconds[-1], np.interp(draw, chance, seconds))

    return sample


def _column(path: Path, name: str) -> FloatArray:
    with path.open(newline="") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])
