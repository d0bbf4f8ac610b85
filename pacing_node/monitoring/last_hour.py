"""The last hour of every target, as this node saw it: columns of numbers in bounded memory.

240 slots of 15 s, six columns of four bytes: after an hour 58 MB for 10,000 targets. A slot has the newest counts of
its time, and the sum of the invitations allowed in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from pacing_node.algorithms.model import FloatArray
    from pacing_node.cycle.report import CycleReport

SLOTS = 240
SLOT_SECONDS = 15.0
COUNTS = ("ready", "busy", "waiting", "pending")
"""Columns that keep the newest value of a slot."""
COLUMNS = (*COUNTS, "invitations", "goal_percent")


class LastHour:
    """Slots of all targets, the oldest overwritten first."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._rows: dict[str, int] = {}
        self._columns: dict[str, NDArray[np.float32]] = {}
        self._slots = np.full(SLOTS, -1, np.int64)
        """The slot of time, counted from the epoch, that each place holds; -1 for none: its columns hold anything."""
        self._goals: tuple[Mapping[str, float], FloatArray] = ({}, np.zeros(0))
        """The goals entered last, and the same by row."""

    def note(self, report: CycleReport, goals: Mapping[str, float]) -> None:
        """Enter a cycle; ``goals`` are the targets' in percent, another mapping when one of them has changed."""
        if report.targets != self._names:
            self._follow(report.targets)
        slot = int(report.calculated_at // SLOT_SECONDS)
        place = slot % SLOTS
        if slot < self._slots[place]:
            return  # a master whose clock went back by an hour
        if slot != self._slots[place]:
            self._slots[place] = slot
            for column in self._columns.values():
                column[place] = np.nan
        for name in COUNTS:
            self._columns[name][place] = report.column(name)
        sums = self._columns["invitations"][place]
        self._columns["invitations"][place] = np.nan_to_num(sums) + report.result.invitations
        self._columns["goal_percent"][place] = self._goals_by_row(goals)

    def of(self, name: str, now: float) -> dict[str, list[Any]]:
        """Columns of a target, oldest first, with ``at`` in Unix seconds; empty ones for a target nobody knows."""
        row, newest = self._rows.get(name), int(now // SLOT_SECONDS)
        kept = [place for place in range(SLOTS) if newest - SLOTS < self._slots[place] <= newest + 1]
        places = sorted(kept, key=lambda place: int(self._slots[place])) if row is not None else []
        hour: dict[str, list[Any]] = {"at": [float(self._slots[place] * SLOT_SECONDS) for place in places]}
        for column in COLUMNS:
            values = [float(self._columns[column][place, row]) for place in places]
            hour[column] = [round(value, 3) if np.isfinite(value) else None for value in values]
        return hour

    def _follow(self, names: tuple[str, ...]) -> None:
        """Other targets: what was kept of those that stay is kept."""
        stay = [(row, self._rows[name]) for row, name in enumerate(names) if name in self._rows]
        # Memory the system gives when it is first written to: an hour of it is needed after an hour.
        fresh = {column: np.empty((SLOTS, len(names)), np.float32) for column in COLUMNS}
        new, old = (np.array([pair[each] for pair in stay], np.intp) for each in (0, 1))
        for place in np.flatnonzero(self._slots >= 0) if self._columns else ():
            for column in COLUMNS:
                fresh[column][place] = np.nan
                fresh[column][place, new] = self._columns[column][place, old]
        self._names, self._columns = names, fresh
        self._goals = ({}, np.zeros(0))
        self._rows = {name: row for row, name in enumerate(names)}

    def _goals_by_row(self, goals: Mapping[str, float]) -> FloatArray:
        known, by_row = self._goals
        if known is not goals or len(by_row) != len(self._names):
            by_row = np.array([goals.get(name, np.nan) for name in self._names], np.float64)
            self._goals = (goals, by_row)
        return by_row
