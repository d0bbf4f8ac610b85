"""The figures of one law in one scenario with one number of agents, as the tables show them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.benchmark.benchmark_run import WINDOW_SECONDS

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray
    from simulator.benchmark.benchmark_run import Days

_HALF_HOUR = int(1800 / WINDOW_SECONDS)

ORACLE_BUSY = {3: 86.76, 10: 91.68, 30: 96.25, 100: 98.81}
"""Busy factor of the optimum in the stationary setting (``oracle.py``); kept because large groups take minutes."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of a table; a busy factor means nothing without its abandonment."""

    law: str
    scenario: str
    agents: int
    days: int
    goal_percent: float
    busy_percent: float
    busy_error: float
    """Standard error over the days."""
    abandonment_percent: float
    abandonment_error: float
    days_within_goal_percent: float
    worst_30min_percent: float
    """Abandonment of the worst half hour of the day, over all days together."""
    worst_30min_error: float
    over_free_percent: float
    """Calculations that allowed more invitations than slots were free for."""
    infeasible_percent: float
    """Calculations that said the goal cannot be kept."""
    over_said_percent: float
    """Of those, the ones after which more invitations may be out than slots were free for."""
    oracle_percent_of: float | None
    """Busy factor as a percentage of the optimum's; stationary setting only, with either age of the pending counts."""
    mean_wait_seconds: float
    proactive_share_percent: float
    busy_goal_percent: float | None = None
    """The busy factor to hold instead of an abandonment goal."""

    def as_row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def summarise(
    law: str,
    scenario: str,
    days: Days,
    agents: int,
    *,
    goal: float = 0.03,
    sharing: int = 1,
    busy_goal: float | None = None,
) -> Figures:
    """Sum up the rows of one number of agents."""
    rows = days.agents == agents
    entries, abandoned = days.entries[:, rows], days.abandoned[:, rows]
    by_day = _share(abandoned.sum(axis=0), entries.sum(axis=0))
    slots = days.slot_seconds[:, rows]
    busy = 100.0 * float(days.busy_seconds[:, rows].sum() / max(slots.sum(), 1.0))
    accepted, reactive = days.accepted[:, rows].sum(), days.reactive_accepted[:, rows].sum()
    best = ORACLE_BUSY.get(agents) if scenario in {"stationary", "fresh-pending", "partial-pushes"} else None
    worst = half_hours(entries, abandoned)
    place = int(worst.argmax()) if len(worst) else 0
    calculations, said = (max(float(each[:, rows].sum()), 1.0) for each in (days.calculations, days.infeasible))
    return Figures(
        law=law,
        scenario=scenario,
        agents=agents,
        days=int(rows.sum()) // sharing,
        goal_percent=round(100.0 * goal, 2),
        busy_percent=round(busy, 2),
        busy_error=_error(days.busy_seconds[:, rows].sum(axis=0), slots.sum(axis=0)),
        abandonment_percent=round(100.0 * float(abandoned.sum() / max(entries.sum(), 1.0)), 2),
        abandonment_error=_error(abandoned.sum(axis=0), entries.sum(axis=0)),
        days_within_goal_percent=round(100.0 * float((by_day <= goal).mean()), 1),
        worst_30min_percent=round(100.0 * float(worst.max(initial=0.0)), 2),
        worst_30min_error=_error(*(_by_half_hour(each)[place] for each in (abandoned, entries))) if len(worst) else 0.0,
        over_free_percent=round(100.0 * float(days.over_free[:, rows].sum()) / calculations, 2),
        infeasible_percent=round(100.0 * float(days.infeasible[:, rows].sum()) / calculations, 2),
        over_said_percent=round(100.0 * float(days.over_said[:, rows].sum()) / said, 2),
        oracle_percent_of=None if best is None else round(100.0 * busy / best, 2),
        mean_wait_seconds=round(float(days.waiting_seconds[:, rows].sum() / max(entries.sum(), 1.0)), 2),
        proactive_share_percent=round(100.0 * float(accepted / max(accepted + reactive, 1.0)), 1),
        busy_goal_percent=None if busy_goal is None else round(100.0 * busy_goal, 2),
    )


def half_hours(entries: FloatArray, abandoned: FloatArray) -> FloatArray:
    """Abandonment share of each half hour, all days together."""
    return _share(_by_half_hour(abandoned).sum(axis=1), _by_half_hour(entries).sum(axis=1))


def _by_half_hour(windows: FloatArray) -> FloatArray:
    """Sums (half hour, row)."""
    size = len(windows) // _HALF_HOUR * _HALF_HOUR
    return np.asarray(windows[:size].reshape(-1, _HALF_HOUR, windows.shape[1]).sum(axis=1))


def _share(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(part / np.maximum(whole, 1.0))


def _error(part: FloatArray, whole: FloatArray) -> float:
    """Standard error, in percent, of a ratio of sums over independent days."""
    days, total = len(part), max(float(whole.sum()), 1.0)
    if days < 2:
        return 0.0
    residual = part - part.sum() / total * whole
    return round(100.0 * float(np.sqrt(days / (days - 1.0) * np.square(residual).sum())) / total, 3)
