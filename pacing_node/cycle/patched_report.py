"""A report after a partial push: the full push's, with the rows that were changed. Pure."""

from __future__ import annotations

from dataclasses import Field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from pacing_node.algorithms.model import IntArray
    from pacing_node.cycle.pacing_state import CycleResult
    from pacing_node.cycle.report import CycleReport
    from pacing_node.engagement.platform import PushOutcome


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


Columns = TypeVar("Columns", bound=_Dataclass)


def patched(report: CycleReport, cycle: CycleResult, rows: IntArray, outcome: PushOutcome) -> CycleReport:
    """The report with these rows of a later cycle, and the errors of its targets.

    It stays the report of the full push's cycle, as old as that: no number is older than it says.
    """
    return replace(
        report,
        sequence=outcome.sequence,
        snapshot=_with_rows(report.snapshot, cycle.snapshot, rows),
        feedback=_with_rows(report.feedback, cycle.feedback, rows),
        result=_with_rows(report.result, cycle.result, rows),
        target_errors=_errors(report, rows, outcome),
    )


def _errors(report: CycleReport, rows: IntArray, outcome: PushOutcome) -> tuple[str, ...]:
    errors = list(report.target_errors) or [""] * len(report.targets)
    found = outcome.target_errors
    for place, row in enumerate(rows.tolist()[: len(outcome.replies)]):
        errors[row] = found[place] if found else ""
    return tuple(errors) if any(errors) else ()


def _with_rows(old: Columns, new: Columns, rows: IntArray) -> Columns:
    """Columns with these rows of others; what is no column of both stays."""
    changed: dict[str, Any] = {}
    for field in fields(old):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if isinstance(before, np.ndarray) and isinstance(after, np.ndarray) and len(before) == len(after):
            column = before.copy()
            column[rows] = after[rows]
            changed[field.name] = column
        elif field.name == "estimates":
            changed[field.name] = _with_rows(before, after, rows)
    return replace(old, **changed)
