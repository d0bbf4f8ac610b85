"""From counts since the beginning of a term to what happened between two records, whatever was skipped between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pacing_node.cycle.report import CycleReport

    Column = NDArray[np.float32]

NAMES = ("accepted", "abandoned")


class TermDifferences:
    """The newest counts of the running term, which the next ones follow from."""

    def __init__(self) -> None:
        self.epoch: int | None = None
        """The term they are of; None before the first record, whose beginning nobody here has seen."""
        self.columns: dict[str, Column] = {name: np.zeros(0, np.float32) for name in NAMES}

    def follow(self, size: int, new: NDArray[np.intp], old: NDArray[np.intp]) -> None:
        """Other targets: ``old`` rows go on as ``new``; one that is new in a term begins at 0."""
        for name in NAMES:
            fresh = np.zeros(size, np.float32)
            fresh[new] = self.columns[name][old]
            self.columns[name] = fresh

    def of(self, report: CycleReport) -> dict[str, Column]:
        """What was accepted and abandoned since the previous record; NaN where that is not known."""
        counts, size = report.term_counts, len(report.targets)
        if counts is None:
            return {name: np.full(size, np.nan, np.float32) for name in NAMES}
        known, same = self.epoch is not None, self.epoch == report.epoch
        self.epoch = report.epoch
        found: dict[str, Column] = {}
        for name, column in zip(NAMES, (counts.accepted, counts.abandoned), strict=True):
            now = column.astype(np.float32)
            before = self.columns[name] if same else np.zeros(size, np.float32)
            found[name] = np.maximum(now - before, 0.0) if known else np.full(size, np.nan, np.float32)
            self.columns[name] = np.where(np.isnan(now), before, now)
        return found
