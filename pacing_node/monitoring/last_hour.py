"""The last hour of every target, as this node saw it: columns of numbers in bounded memory.

240 slots of 15 s, eight columns of four bytes: after an hour 77 MB for 10,000 targets. A slot has the newest counts of
its time, and the sums of what was allowed, accepted and abandoned in it. Beside it stand the sums of the day.
"""

from __future__ import annotations

import math
import mmap
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pacing_node.monitoring.term_differences import TermDifferences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from pacing_node.cycle.report import CycleReport

    Column = NDArray[np.float32]
    Rows = NDArray[np.intp]

SLOTS = 240
SLOT_SECONDS = 15.0
GAP_SECONDS = 60.0
"""Longest time between two cycles that counts as no gap."""
NOW_SLOTS = 20
"""Slots that count as now: five minutes."""
RECENT_SLOTS = 60
"""Slots of a quarter of an hour."""
COUNTS = ("ready", "busy", "waiting", "pending")
"""Columns that keep the newest value of a slot."""
SUMS = ("invitations", "accepted", "abandoned")
"""Columns that add up what happened in a slot."""
COLUMNS = (*COUNTS, *SUMS, "goal_percent")
OUTCOMES = ("accepted", "abandoned")


@dataclass(frozen=True, slots=True)
class RecentSlots:
    """A column of some targets over the newest slots, as they were."""

    rows: Mapping[str, int]
    values: Column
    places: NDArray[np.intp]
    """Where each slot is, oldest first; -1 for one that was not kept."""

    def of(self, names: Sequence[str]) -> list[list[float | None]]:
        """For each of the targets its values, oldest first, from the first slot on that is known of any of them."""
        if not self.rows:
            return [[] for _ in names]
        rows = np.array([self.rows.get(name, -1) for name in names], np.intp)
        found = self.values[np.ix_(self.places, rows)]
        found[self.places < 0, :] = np.nan
        found[:, rows < 0] = np.nan
        heard = np.flatnonzero(np.isfinite(found).any(axis=1))
        shown = found[heard[0] :] if heard.size else found[:0]
        return [[None if math.isnan(value) else value for value in each] for each in shown.T.tolist()]


@dataclass(frozen=True, slots=True)
class _Expected:
    """What was worked out for targets before their first cycle."""

    names: tuple[str, ...]
    rows: dict[str, int]
    goals: Mapping[str, float]
    goal_row: Column


def midnight_before(at: float) -> float:
    """When the day of a moment began in the time zone of this node; Unix seconds."""
    day = time.localtime(at)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday, 0, 0, 0, 0, 0, -1))


class LastHour:
    """Slots of all targets, the oldest overwritten first, and the sums of the day."""

    def __init__(self, day_of: Callable[[float], float] = midnight_before) -> None:
        """``day_of`` says when the day of a moment began; Unix seconds."""
        self._day_of = day_of
        self.names: tuple[str, ...] = ()
        """Targets, in the order of every column."""
        self.rows: dict[str, int] = {}
        self.columns: dict[str, Column] = {name: np.zeros((SLOTS, 0), np.float32) for name in COLUMNS}
        self.totals: dict[str, NDArray[np.float64]] = {name: np.zeros(SLOTS) for name in OUTCOMES}
        """Accepted and abandoned by all targets, per place: those included that are gone."""
        self.day_totals: dict[str, float] = dict.fromkeys(OUTCOMES, 0.0)
        self.day: dict[str, Column] = {name: np.zeros(0, np.float32) for name in OUTCOMES}
        """Accepted and abandoned since ``day_began_at``."""
        self.differences = TermDifferences()
        self.slots = np.full(SLOTS, -1, np.int64)
        """The slot of time, counted from the epoch, that each place holds; -1 for none: its columns hold anything."""
        self.newest_at = 0.0
        """When the newest cycle calculated that was entered; Unix seconds."""
        self.complete_since: float | None = None
        """From when on nothing is missing; Unix seconds. None before the first cycle."""
        self.day_began_at = 0.0
        self.day_complete_since = 0.0
        self._goals: tuple[object, tuple[str, ...], Column] | None = None
        self._expected: _Expected | None = None

    def expect(self, names: tuple[str, ...], goals: Mapping[str, float]) -> None:
        """Work out what :meth:`note` needs for other targets; on any thread, before their first cycle."""
        rows = {name: row for row, name in enumerate(names)}
        self._expected = _Expected(names, rows, goals, _goal_row(names, goals))

    def note(self, report: CycleReport, goals: Mapping[str, float]) -> None:
        """Enter a cycle; ``goals`` are the targets' in percent, the same object as long as they are the same."""
        self.follow(report.targets)
        outcomes = self.differences.of(report)
        self._note_gap(report.calculated_at)
        self._note_day(report.calculated_at, outcomes)
        place = self.place(int(report.calculated_at // SLOT_SECONDS))
        if place is None:
            return  # a master whose clock went back by an hour
        self.newest_at = report.calculated_at
        for name in COUNTS:
            self.columns[name][place] = report.column(name)
        self._add("invitations", place, report.result.invitations.astype(np.float32))
        for name, found in outcomes.items():
            self._add(name, place, found)
            self.totals[name][place] += np.nansum(found, dtype=np.float64)
        self.columns["goal_percent"][place] = self._goal_row(goals)

    def place(self, slot: int) -> int | None:
        """The place of a slot, emptied when it held an older one; None when it holds a newer one."""
        place = slot % SLOTS
        if slot < self.slots[place]:
            return None
        if slot != self.slots[place]:
            self.slots[place] = slot
            for column in self.columns.values():
                column[place] = np.nan
            for total in self.totals.values():
                total[place] = 0.0
        return place

    def places(self, now: float) -> list[int]:
        """Places of the slots of the hour before ``now``, oldest first."""
        newest = int(now // SLOT_SECONDS)
        kept = [place for place in range(SLOTS) if newest - SLOTS < self.slots[place] <= newest + 1]
        return sorted(kept, key=lambda place: int(self.slots[place]))

    def of(self, name: str, now: float) -> dict[str, list[Any]]:
        """Columns of a target, oldest first, with ``at`` in Unix seconds; empty ones for a target nobody knows."""
        row = self.rows.get(name)
        places = self.places(now) if row is not None else []
        hour: dict[str, list[Any]] = {"at": [float(self.slots[place] * SLOT_SECONDS) for place in places]}
        for column in COLUMNS:
            values = [float(self.columns[column][place, row]) for place in places]
            hour[column] = [round(value, 3) if np.isfinite(value) else None for value in values]
        return hour

    def recent(self, column: str, now: float) -> RecentSlots:
        """The finished slots of a column in the quarter of an hour before ``now``, for another thread to read.

        What comes meanwhile is not written where it reads: the oldest slots make room, and other targets get columns
        of their own.
        """
        newest = int(now // SLOT_SECONDS)
        kept = {int(slot): place for place, slot in enumerate(self.slots)}
        places = [kept.get(slot, -1) for slot in range(newest - RECENT_SLOTS, newest)]
        return RecentSlots(self.rows, self.columns[column], np.array(places, np.intp))

    def follow(self, names: tuple[str, ...]) -> None:
        """Take other targets: what was kept of those that stay is kept. One column at a time needs memory twice."""
        if names == self.names:
            return
        stay = [(row, self.rows[name]) for row, name in enumerate(names) if name in self.rows] if self.rows else []
        new, old = (np.array(rows, np.intp) for rows in zip(*stay, strict=True)) if stay else _NO_ROWS
        for column in COLUMNS:
            fresh = _unwritten(SLOTS, len(names))
            for place in np.flatnonzero(self.slots >= 0):
                fresh[place] = np.nan
                fresh[place, new] = self.columns[column][place, old]
            self.columns[column] = fresh
        for column in OUTCOMES:
            day = np.zeros(len(names), np.float32)
            day[new] = self.day[column][old]
            self.day[column] = day
        self.differences.follow(len(names), new, old)
        expected, self.names = self._expected, names
        if expected is not None and expected.names == names:
            self.rows = expected.rows
        else:
            self.rows = {name: row for row, name in enumerate(names)}

    def _note_gap(self, at: float) -> None:
        """What this node did not hear for longer than a minute is missing."""
        if self.complete_since is None or at - self.newest_at > GAP_SECONDS:
            self.complete_since = self.day_complete_since = at

    def _note_day(self, at: float, outcomes: Mapping[str, Column]) -> None:
        began = self._day_of(at)
        if began > self.day_began_at:
            # A node that was there at midnight has the whole day.
            there = began - GAP_SECONDS <= self.newest_at < at <= self.newest_at + GAP_SECONDS
            self.day_began_at, self.day_complete_since = began, began if there else at
            for column in self.day.values():
                column[:] = 0.0
            self.day_totals = dict.fromkeys(OUTCOMES, 0.0)
        for name, found in outcomes.items():
            self.day[name] += np.nan_to_num(found)
            self.day_totals[name] += float(np.nansum(found, dtype=np.float64))

    def _add(self, name: str, place: int, found: Column) -> None:
        sums = self.columns[name][place]
        self.columns[name][place] = np.where(np.isnan(found), sums, np.nan_to_num(sums) + found)

    def _goal_row(self, goals: Mapping[str, float]) -> Column:
        """The goals as a row, made anew for other goals or targets only."""
        if self._goals is None or self._goals[0] is not goals or self._goals[1] is not self.names:
            expected = self._expected
            if expected is not None and expected.goals is goals and expected.names == self.names:
                row = expected.goal_row
            else:
                row = _goal_row(self.names, goals)
            self._goals = (goals, self.names, row)
        return self._goals[2]


def _unwritten(slots: int, targets: int) -> Column:
    """A table in memory that the system gives page by page when it is first written to, and so an hour after an hour.

    NumPy's own memory of this size comes in huge pages: each slot that begins one of every column would have the system
    clear tens of MiB at once.
    """
    size = slots * targets * np.dtype(np.float32).itemsize
    if not size:
        return np.zeros((slots, targets), np.float32)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(memory, np.float32).reshape(slots, targets)


def _goal_row(names: Sequence[str], goals: Mapping[str, float]) -> Column:
    return np.array([goals.get(name, np.nan) for name in names], np.float32)


_NO_ROWS: tuple[Rows, Rows] = (np.zeros(0, np.intp), np.zeros(0, np.intp))
