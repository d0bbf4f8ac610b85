"""`/targets` and `/explain`: the newest cycle of the cluster as JSON, with the reason of every number."""

from __future__ import annotations

import json
import math
import time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from pacing_node.algorithms.explanation import Row, explain
from pacing_node.algorithms.model import Reason
from pacing_node.api.cycle_age import cycle_json
from pacing_node.api.renderings import KeptPage
from pacing_node.discovery.remedies import REMEDIES
from pacing_node.runtime.gc_freeze import uncollected
from pacing_node.runtime.pools import PAGES
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pacing_node.algorithms.model import FloatArray
    from pacing_node.cycle.holds import Hold, Holds
    from pacing_node.cycle.plan import Plan
    from pacing_node.cycle.push_budget import PushTime
    from pacing_node.cycle.report import CycleReport
    from pacing_node.monitoring.silence import CycleState
    from pacing_node.targets import PacingTarget, TargetSet

PIECE = 250
"""Targets that are written at a time: a few milliseconds."""

_CODES = {int(reason): reason.code for reason in Reason}
COUNTS = ("inbound_portion", "ready", "busy", "logged_in", "waiting", "pending")
ESTIMATES = ("acceptance_ratio", "handle_seconds", "disposition_seconds", "patience_seconds")
BEHIND_THE_NUMBER = ("level", "still_out", "acceptance_seen", "acceptance_floor")
"""Columns that only the sum in words shows."""


@uncollected()
def targets_page(report: CycleReport | None, known: TargetSet | None) -> bytes:
    """All targets with what the newest cycle allowed them; before the first cycle, what discovery found. JSON.

    Written in pieces: no single call of the encoder keeps the interpreter from other threads for long.
    """
    head = _json(cycle_head(report)).removesuffix("}")
    pieces = [json_rows(rows) for rows in _rows(report, known)]
    return b'%b,"targets":[%b]}' % (head.encode(), b",".join(pieces))


def _rows(report: CycleReport | None, known: TargetSet | None) -> Iterator[list[dict[str, Any]]]:
    targets = known.targets if known else ()
    if report is None:
        for start in range(0, len(targets), PIECE):
            yield [row_before_cycle(target) for target in targets[start : start + PIECE]]
        return
    described = {target.name: target for target in targets}
    for start in range(0, len(report.targets), PIECE):
        yield target_rows(report, range(start, min(start + PIECE, len(report.targets))), described)


class TargetsText:
    """`/targets` of the newest cycle, written once, in the thread of the pages, however many ask for it."""

    def __init__(self) -> None:
        self._kept: KeptPage[bytes] = KeptPage()

    async def page(self, report: CycleReport | None, known: TargetSet | None, state: CycleState) -> tuple[bytes, bytes]:
        """The page in two parts: how current it is changes all the time, and is put before what was written once."""

        async def write() -> bytes:
            return (await PAGES.run(targets_page, report, known)).removeprefix(b"{")

        kept = await self._kept.get(write, report, known)
        return _json({"cycle": cycle_json(state)}).removesuffix("}").encode() + b",", kept.page


def explain_page(name: str, report: CycleReport | None, plan: Plan, state: CycleState) -> dict[str, Any] | None:
    """One target with the sum behind its number in words; None when there is no such target."""
    page = _explained(name, report, plan, state)
    return None if page is None else {"cycle": cycle_json(state), **page}


def _explained(name: str, report: CycleReport | None, plan: Plan, state: CycleState) -> dict[str, Any] | None:
    known = plan.targets
    described = next((target for target in known.targets if target.name == name), None) if known else None
    row = report.targets.index(name) if report is not None and name in report.targets else None
    if described is None and row is None:
        return None
    hold = plan.holds.of(name, time.time())
    held = {"hold": hold_json(hold, plan.holds)}
    findings = [finding_json(finding) for finding in concerning(known, name, described)] if known else []
    if report is None or row is None:
        page = row_before_cycle(described) if described else {"name": name}
        lines = [*_silence(state), *_held(held["hold"]), "No cycle has calculated this target yet."]
        return {**cycle_head(report), **page, **held, "lines": lines, "findings": findings}
    findings += [finding_json(finding) for finding in _implausible(report, row)]
    page = target_rows(report, (row,), {name: described} if described else {})[0]
    goal_percent = described.goal_percent if described else math.nan
    lines = [*_silence(state), *_held(held["hold"]), *_lines(page, report, row, goal_percent)]
    return {**cycle_head(report), **page, **held, "lines": lines, "findings": findings}


def push_time_json(push_time: PushTime | None, now: float) -> dict[str, Any] | None:
    """What pushes take and may take as JSON, with its age; None on a node that has pushed nothing in this term."""
    if push_time is None:
        return None
    return {
        "budget_seconds": round(push_time.budget_seconds, 3),
        "limit_seconds": round(push_time.limit_seconds, 3),
        "expected_seconds": None if push_time.expected_seconds is None else round(push_time.expected_seconds, 3),
        "targets": push_time.targets,
        "age_seconds": round(max(0.0, now - push_time.at), 1),
        "text": str(push_time),
    }


def hold_json(hold: Hold | None, holds: Holds) -> dict[str, Any] | None:
    """What holds a target as JSON; None when nothing does."""
    if hold is None:
        return None
    return {"by": hold.by, "why": hold.why, "since": hold.since, "until": hold.until, "everything": hold is holds.stop}


def _held(hold: dict[str, Any] | None) -> list[str]:
    """Who holds the target and why: a word of people before any sum."""
    if hold is None:
        return []
    what = "All invitations are stopped" if hold["everything"] else "This target is held"
    left = "until released" if hold["until"] is None else f"for {max(hold['until'] - time.time(), 0.0):.0f} s more"
    return [f"{what} by {hold['by']}, {left}: {hold['why']}."]


def _lines(page: dict[str, Any], report: CycleReport, row: int, goal_percent: float) -> list[str]:
    """What a supervisor reads: the law's own sum, and what became of the push."""
    lines = explain(explained_row(report, row, goal_percent)) if _known(report.result.reason[row]) else []
    if not report.pushed:
        lines.append(f"The platform did not get this number: {report.push_error or 'the push was not accepted'}.")
    if page["error"]:
        lines.append(f"The platform refused this target: {page['error']}.")
    return lines


def _silence(state: CycleState) -> list[str]:
    """First of all, whether the sum is still one of today."""
    if not state.silent:
        return []
    lines = [f"Pacing is silent: {state.text}."]
    if state.age_seconds is not None:
        lines.append(f"The rest is of the newest cycle this node knows, {state.age_seconds:.0f} s ago.")
    return lines


def explained_row(report: CycleReport, row: int, goal_percent: float) -> Row:
    """One target of a report as the explanation wants it."""
    return Row(
        algorithm=report.algorithm,
        reason=int(report.result.reason[row]),
        invitations=int(report.result.invitations[row]),
        goal_percent=goal_percent,
        interval_seconds=report.interval_seconds,
        rounding=int(report.result.rounding[row]) if len(report.result.rounding) else None,
        **{name: float(report.column(name)[row]) for name in (*COUNTS, *ESTIMATES, *BEHIND_THE_NUMBER)},
    )


def concerning(targets: TargetSet, name: str, target: PacingTarget | None) -> list[Finding]:
    """Findings of discovery that speak of a target, its queue or one of its groups."""
    words = {name} | ({target.queue, *target.groups} if target else set())
    return [finding for finding in targets.findings if any(f'"{word}"' in finding.where for word in words)]


def _implausible(report: CycleReport, row: int) -> Iterator[Finding]:
    """A value of the newest cycle that is held back until the next period confirms it."""
    if int(report.result.reason[row]) == Reason.INPUT_IMPLAUSIBLE:
        where = f'target "{report.targets[row]}"'
        message = (
            "a value of the statistics or of the platform's reply cannot be, by what came before; the previous one "
            "counts until the next period confirms it"
        )
        yield Finding("warning", "input_implausible", where, message)


def finding_json(finding: Finding) -> dict[str, str]:
    """A finding as JSON, with what to do about it."""
    known = REMEDIES.get(finding.code)
    return {
        "severity": finding.severity,
        "code": finding.code,
        "where": finding.where,
        "message": finding.message,
        "remedy": known.remedy if known else "",
    }


def cycle_head(report: CycleReport | None) -> dict[str, Any]:
    """The cycle that the numbers of a page are of; nothing before the first."""
    return {
        "calculated_at": report.calculated_at if report else None,
        "statistics_at": report.snapshot.taken_at if report else None,
        "epoch": report.epoch if report else 0,
        "sequence": report.sequence if report else 0,
        "algorithm": report.algorithm if report else None,
        "interval_seconds": report.interval_seconds if report else None,
        "pushed": report.pushed if report else False,
        "push_error": report.push_error if report else "",
    }


def target_rows(report: CycleReport, rows: Sequence[int], known: Mapping[str, PacingTarget]) -> list[dict[str, Any]]:
    """Targets of a report by their rows; ``known`` adds what the configuration knows of them."""
    names, at = [report.targets[row] for row in rows], np.fromiter(rows, np.intp, len(rows))
    # Column by column: reading single elements of arrays is what takes the time.
    columns = [_numbers(report.column(name)[at]) for name in (*COUNTS, *ESTIMATES)]
    integers = (report.result.invitations[at].tolist(), report.result.reason[at].tolist())
    errors = [report.target_errors[row] for row in rows] if report.target_errors else ("",) * len(names)
    counts, estimates = zip(*columns[: len(COUNTS)], strict=True), zip(*columns[len(COUNTS) :], strict=True)
    described = (_described(name, known.get(name)) for name in names)
    found = []
    for row, invitations, reason, error, counted, estimated in zip(
        described, *integers, errors, counts, estimates, strict=True
    ):
        row["invitations"] = invitations
        row.update(zip(COUNTS, counted, strict=True))
        row["reason"] = reason_code(reason)
        row["estimates"] = dict(zip(ESTIMATES, estimated, strict=True))
        row["error"] = error
        found.append(row)
    return found


def row_before_cycle(target: PacingTarget) -> dict[str, Any]:
    """A target that no cycle has calculated yet."""
    numbers = ("invitations", "inbound_portion", "reason", "ready", "busy", "logged_in", "waiting", "pending")
    return {**_described(target.name, target), **dict.fromkeys(numbers), "estimates": {}, "error": ""}


def _described(name: str, target: PacingTarget | None) -> dict[str, Any]:
    return {
        "name": name,
        "media": target.media if target else None,
        "queue": target.queue_id if target else None,
        "groups": list(target.groups) if target else [],
        "goal_percent": target.goal_percent if target else None,
    }


def reason_code(value: int) -> str:
    """The reason's code; a number from a newer master is shown as such."""
    return _CODES.get(value) or f"reason_{value}"


def _known(value: int) -> bool:
    return value in _CODES


def json_rows(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows as the inside of a JSON array. A fifth of the time the standard library takes."""
    return msgspec.json.encode(rows)[1:-1]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _numbers(column: FloatArray) -> list[float | None]:
    """Finite numbers rounded for pages, else None: JSON has no NaN."""
    values: list[float | None] = np.round(column, 6).tolist()
    if not (finite := np.isfinite(column)).all():
        for row in np.flatnonzero(~finite).tolist():
            values[row] = None
    return values
