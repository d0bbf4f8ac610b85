"""Which targets a caller asks for: filters, order, page, fields. Pure, over the columns of one report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from pacing_node.api.target_pages import COUNTS, ESTIMATES, hold_json, reason_code, row_before_cycle, target_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.report import CycleReport
    from pacing_node.targets import PacingTarget, TargetSet

MOST_TARGETS = 10_000
"""Most targets of one page."""


class TargetField(StrEnum):
    """Fields of a target that can be asked for; the name is always there."""

    MEDIA = "media"
    QUEUE = "queue"
    GROUPS = "groups"
    GOAL_PERCENT = "goal_percent"
    INVITATIONS = "invitations"
    INBOUND_PORTION = "inbound_portion"
    REASON = "reason"
    READY = "ready"
    BUSY = "busy"
    LOGGED_IN = "logged_in"
    WAITING = "waiting"
    PENDING = "pending"
    ESTIMATES = "estimates"
    ERROR = "error"
    HOLD = "hold"


class TargetOrder(StrEnum):
    """Fields that targets can be sorted by; with `-` before it, the largest first."""

    NAME = "name"
    INVITATIONS = "invitations"
    INBOUND_PORTION = "inbound_portion"
    READY = "ready"
    BUSY = "busy"
    LOGGED_IN = "logged_in"
    WAITING = "waiting"
    PENDING = "pending"
    GOAL_PERCENT = "goal_percent"
    REASON = "reason"
    ACCEPTANCE_RATIO = "acceptance_ratio"
    HANDLE_SECONDS = "handle_seconds"


@dataclass(frozen=True, slots=True)
class TargetQuery:
    """One question about the targets."""

    name: str = ""
    """Part of the name, in any case."""
    media: str = ""
    group: str = ""
    reasons: frozenset[str] = frozenset()
    order: TargetOrder = TargetOrder.NAME
    largest_first: bool = False
    offset: int = 0
    limit: int = 100
    fields: frozenset[str] = frozenset()
    """Fields to answer with, beside the name; empty: all."""
    recent: bool = False
    """With the newest invitations of each."""


@dataclass(frozen=True, slots=True)
class FoundTargets:
    """The answer to a question."""

    total: int
    matched: int
    reasons: dict[str, int]
    """Targets that fit, by reason; none before the first cycle."""
    totals: dict[str, float | None]
    """Sums over the targets that fit, of those whose value is known; null where none is."""
    rows: list[dict[str, Any]]
    """The page, one object per target."""


def find_targets(
    report: CycleReport | None, known: TargetSet | None, query: TargetQuery, holds: Holds, now: float
) -> FoundTargets:
    """The targets of the newest cycle that fit; before the first one, those that discovery found.

    ``holds`` are those ordered ``now``, Unix time in seconds: the cycle may not have gone by them yet.
    """
    described = {target.name: target for target in known.targets} if known is not None else {}
    names = report.targets if report is not None else tuple(described)
    codes = _codes(report)
    reason_of: Sequence[str | None] = codes or [None] * len(names)
    fitting = [row for row, name in enumerate(names) if _fits(name, described.get(name), reason_of[row], query)]
    ordered = _ordered(fitting, report, names, described, query)
    page = ordered[query.offset : query.offset + query.limit]
    if report is None:
        rows = [row_before_cycle(described[names[row]]) for row in page]
    else:
        rows = target_rows(report, page, described)
    for row in rows:
        row["hold"] = hold_json(holds.of(row["name"], now), holds)
    reasons = Counter(codes[row] for row in fitting) if codes else Counter[str]()
    return FoundTargets(len(names), len(fitting), dict(reasons), _totals(report, fitting), rows)


_SUMMED = ("ready", "busy", "waiting", "pending")


def _totals(report: CycleReport | None, fitting: list[int]) -> dict[str, float | None]:
    """Sums over targets; of invitations too, which are always known once there was a cycle."""
    if report is None:
        return dict.fromkeys(("invitations", *_SUMMED))
    rows = np.array(fitting, np.intp)
    sums = {name: _known_sum(report.column(name)[rows]) for name in _SUMMED}
    return {"invitations": float(report.result.invitations[rows].sum()), **sums}


def _known_sum(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.sum()), 6) if known.size else None


def chosen_fields(row: dict[str, Any], fields: frozenset[str]) -> dict[str, Any]:
    """A target with the fields that were asked for."""
    return {key: value for key, value in row.items() if key == "name" or key in fields} if fields else row


def _codes(report: CycleReport | None) -> list[str]:
    """The reason of each target; none before the first cycle."""
    if report is None:
        return []
    return [reason_code(value) for value in report.result.reason.tolist()]


def _fits(name: str, target: PacingTarget | None, reason: str | None, query: TargetQuery) -> bool:
    if query.name and query.name.casefold() not in name.casefold():
        return False
    if query.reasons and reason not in query.reasons:
        return False
    if not query.media and not query.group:
        return True
    if target is None:
        return False
    return query.media in {"", target.media} and (not query.group or query.group in target.groups)


def _ordered(
    rows: list[int],
    report: CycleReport | None,
    names: Sequence[str],
    described: dict[str, PacingTarget],
    query: TargetQuery,
) -> list[int]:
    """Rows in the order asked for; equal ones by name, and those whose value is not known last."""
    by_name = sorted(rows, key=lambda row: names[row])
    if query.order is TargetOrder.NAME or (report is None and query.order is not TargetOrder.GOAL_PERCENT):
        return by_name[::-1] if query.largest_first and query.order is TargetOrder.NAME else by_name
    values = np.array([_goal(described.get(names[row])) for row in by_name], np.float64)
    if report is not None and query.order is not TargetOrder.GOAL_PERCENT:
        values = _column(report, query.order)[np.array(by_name, np.intp)]
    keys = np.where(np.isnan(values), np.inf, -values if query.largest_first else values)
    return [by_name[place] for place in np.argsort(keys, kind="stable").tolist()]


def _column(report: CycleReport, order: TargetOrder) -> np.ndarray[Any, np.dtype[np.float64]]:
    if order.value in {*COUNTS, *ESTIMATES}:
        return report.column(order.value)
    integers = report.result.reason if order is TargetOrder.REASON else report.result.invitations
    return integers.astype(np.float64)


def _goal(target: PacingTarget | None) -> float:
    return target.goal_percent if target is not None else float("nan")
