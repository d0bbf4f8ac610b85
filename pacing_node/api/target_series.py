"""Series of single targets in the Prometheus text format, built from columns.

A general library makes an object of every sample, 40,000 of them for 10,000 targets: 150 ms in which the interpreter
does nothing else, a sixth of a refresh period of a second. Here names are escaped once for the targets in force, each
number that occurs is written once, and a cycle puts both together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING

import numpy as np
from prometheus_client.utils import floatToGoString

from pacing_node.runtime.gc_freeze import uncollected

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from pacing_node.cycle.report import CycleReport

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Series:
    """A gauge with one sample for each target."""

    name: str
    documentation: str
    column: Callable[[CycleReport], NDArray[np.generic]]


SERIES = (
    Series(
        "pacing_target_invitations",
        "Invitations the newest cycle allowed for the target.",
        lambda report: report.result.invitations,
    ),
    Series("pacing_target_pending", "Invitations out without disposition.", lambda report: report.feedback.pending),
    Series("pacing_target_ready", "Interactions ready agents can take.", lambda report: report.snapshot.ready),
    Series("pacing_target_busy", "Interactions agents are busy with.", lambda report: report.snapshot.busy),
)


class TargetSeries:
    """Writes the series of one report after the other."""

    def __init__(self) -> None:
        self._targets: tuple[str, ...] = ()
        self._labels: list[str] = []

    @uncollected()
    def text(self, report: CycleReport) -> bytes:
        """All series of a report. A report never changes, so this may run in another thread, one call at a time."""
        if report.targets != self._targets:
            self._labels = [f'{{target="{name.translate(_ESCAPES)}"}} ' for name in report.targets]
            self._targets = report.targets
        return b"".join(self._family(series, series.column(report)) for series in SERIES)

    def _family(self, series: Series, column: NDArray[np.generic]) -> bytes:
        values, places = np.unique(column.astype(np.float64), return_inverse=True)
        # The library has no types for it.
        texts = [f"{floatToGoString(value)}\n" for value in values.tolist()]  # type: ignore[no-untyped-call]
        numbers = map(texts.__getitem__, places.tolist())
        samples = chain.from_iterable(zip(repeat(series.name), self._labels, numbers, strict=False))
        head = f"# HELP {series.name} {series.documentation}\n# TYPE {series.name} gauge\n"
        return (head + "".join(samples)).encode()
