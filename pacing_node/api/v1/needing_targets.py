"""Which targets need a person, of all there are, and which get no invitations and why. Pure, over one report."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from pacing_node.algorithms.model import Reason
from pacing_node.api.target_pages import reason_code

if TYPE_CHECKING:
    from collections.abc import Collection

    from pacing_node.algorithms.model import IntArray
    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.report import CycleReport

MOST_SHOWN = 20


class _Need(IntEnum):
    """What a person should look at, the most urgent first."""

    REFUSED = 0
    STATISTICS_STALE = 1
    GOAL_INFEASIBLE = 2
    INPUT_IMPLAUSIBLE = 3
    ABANDONMENT_OVER_GOAL = 4
    WAITING = 5
    HELD = 6
    NOTHING = 7


_BY_REASON = {
    Reason.STATISTICS_STALE: _Need.STATISTICS_STALE,
    Reason.GOAL_INFEASIBLE: _Need.GOAL_INFEASIBLE,
    Reason.INPUT_IMPLAUSIBLE: _Need.INPUT_IMPLAUSIBLE,
    Reason.ABANDONMENT_OVER_GOAL: _Need.ABANDONMENT_OVER_GOAL,
}


def needing(report: CycleReport | None, holds: Holds, now: float) -> dict[str, Any]:
    """How many targets need a person, and the most urgent of them with why; among equals those with most waiting first.

    ``holds`` are those ordered ``now``, Unix time in seconds. Before the first cycle nobody knows: None.
    """
    if report is None:
        return {"total": None, "targets": []}
    needs, waiting = _needs(report, holds, now), np.nan_to_num(report.column("waiting"))
    rows = np.flatnonzero(needs != _Need.NOTHING)
    urgent = rows[np.lexsort((-waiting[rows], needs[rows]))][:MOST_SHOWN]
    shown = [{"name": report.targets[row], "why": _why(report, row, holds, now)} for row in urgent.tolist()]
    return {"total": len(rows), "targets": shown}


def without_invitations(report: CycleReport | None) -> dict[str, int]:
    """Targets that the newest cycle allows no invitation, by reason."""
    if report is None:
        return {}
    reasons, counts = np.unique(report.result.reason[report.result.invitations == 0], return_counts=True)
    return {reason_code(reason): count for reason, count in zip(reasons.tolist(), counts.tolist(), strict=True)}


def _needs(report: CycleReport, holds: Holds, now: float) -> IntArray:
    reason = report.result.reason
    # Of targets that people hold or stop, that visitors wait is no news.
    alone = (report.column("waiting") > 0) & (report.result.invitations == 0)
    alone &= (reason != Reason.HELD) & (reason != Reason.STOPPED)
    needs = np.where(alone, _Need.WAITING, _Need.NOTHING)
    for cause, need in _BY_REASON.items():
        needs[reason == cause] = need
    if held := _held(holds, now):
        needs[[name in held for name in report.targets]] = _Need.HELD
    if report.target_errors:
        needs[np.array(report.target_errors) != ""] = _Need.REFUSED
    return needs


def _held(holds: Holds, now: float) -> Collection[str]:
    """Targets that are held one by one; with the emergency stop that is said of all of them."""
    current = holds.current(now)
    return current.targets if current.stop is None else ()


def _why(report: CycleReport, row: int, holds: Holds, now: float) -> str:
    """In words, for people."""
    if report.target_errors and report.target_errors[row]:
        return f"the platform refuses it: {report.target_errors[row]}"
    hold = holds.of(report.targets[row], now)
    if hold is not None and hold is not holds.stop:
        return f"held by {hold.by}: {hold.why}"
    reason = int(report.result.reason[row])
    words = reason_code(reason).replace("_", " ")
    return words if reason in _BY_REASON else f"{report.column('waiting')[row]:.0f} waiting, {words}"
