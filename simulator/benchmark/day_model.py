"""A contact centre in time steps, many independent days at once: one row a day (or a target of a day).

Whatever ends later (an interaction, an invitation) is booked into a ring of time steps when it begins, so that a step
costs a few array operations whatever the number of agents. Visitors who wait are kept one by one, first come, first
served, each with a patience of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.benchmark.kind_of_day import Scenario
from simulator.benchmark.row_settings import RowSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import FloatArray, IntArray

STEP_SECONDS = 0.25
_BOOK_STEPS = 4
"""Time is booked, and shifts change, every second."""
_SPREAD = 0.8
_LONGEST_HANDLE = 7200.0
_LONGEST_DISPOSITION = 600.0


class Ring:
    """Counts of events due at future steps, per row."""

    def __init__(self, seconds: float, rows: int) -> None:
        self._length = int(seconds / STEP_SECONDS) + 2
        self._counts = np.zeros((self._length, rows), dtype=np.int32)

    def book(self, step: int, rows: IntArray, seconds: FloatArray) -> None:
        """One event per element, ``seconds`` after ``step``; at the earliest in the next step."""
        ahead = np.minimum((seconds / STEP_SECONDS).astype(np.int64) + 1, self._length - 1)
        np.add.at(self._counts, ((step + ahead) % self._length, rows), 1)

    def due(self, step: int) -> IntArray:
        """Events of this step per row; they are taken out."""
        row = self._counts[step % self._length]
        result: IntArray = row.astype(np.int64)
        row[:] = 0
        return result


class Queue:
    """Visitors waiting, first come, first served; a row's visitors are at the left of its line."""

    def __init__(self, rows: int) -> None:
        self.size = np.zeros(rows, dtype=np.int64)
        self.reactive = np.zeros(rows, dtype=np.int64)
        self._first = np.full(rows, np.inf)  # when the next one of the row gives up
        self._leaves = np.full((rows, 32), np.inf)
        self._reactive = np.zeros((rows, 32), dtype=np.bool_)

    @property
    def proactive(self) -> IntArray:
        """Proactive visitors waiting per row."""
        return self.size - self.reactive

    def join(self, rows: IntArray, leaves: FloatArray, *, reactive: bool) -> None:
        """One visitor per element; ``leaves`` is the time their patience ends. Rows may repeat."""
        occurrence = _occurrence(rows)
        place = self.size[rows] + occurrence
        while place.max(initial=0) >= self._leaves.shape[1]:
            self._leaves = np.concatenate([self._leaves, np.full_like(self._leaves, np.inf)], axis=1)
            self._reactive = np.concatenate([self._reactive, np.zeros_like(self._reactive)], axis=1)
        self._leaves[rows, place] = leaves
        self._reactive[rows, place] = reactive
        joined = np.bincount(rows, minlength=len(self.size))
        self.size += joined
        if reactive:
            self.reactive += joined
        np.minimum.at(self._first, rows, leaves)

    def give_up(self, now: float) -> tuple[IntArray, IntArray]:
        """Proactive and reactive visitors per row whose patience is over; they leave."""
        rows = np.flatnonzero(self._first <= now)
        gone, gone_reactive = np.zeros_like(self.size), np.zeros_like(self.size)
        if not len(rows):
            return gone, gone_reactive
        left = self._leaves[rows] <= now
        reactive = (left & self._reactive[rows]).sum(axis=1)
        gone[rows], gone_reactive[rows] = left.sum(axis=1) - reactive, reactive
        order = np.argsort(left, axis=1, kind="stable")
        self._leaves[rows] = np.take_along_axis(np.where(left, np.inf, self._leaves[rows]), order, axis=1)
        self._reactive[rows] = np.take_along_axis(self._reactive[rows] & ~left, order, axis=1)
        self.size[rows] -= gone[rows] + gone_reactive[rows]
        self.reactive[rows] -= gone_reactive[rows]
        self._first[rows] = self._leaves[rows].min(axis=1)
        return gone, gone_reactive

    def serve(self, rows: IntArray, counts: IntArray) -> IntArray:
        """Take the first ``counts`` visitors of each row; returns how many of them were proactive."""
        width = self._leaves.shape[1]
        columns = np.arange(width)
        taken = columns < counts[:, None]
        proactive = counts - (taken & self._reactive[rows]).sum(axis=1)
        source = columns + counts[:, None]
        inside = source < width
        source = np.minimum(source, width - 1)
        self._leaves[rows] = np.where(inside, np.take_along_axis(self._leaves[rows], source, axis=1), np.inf)
        self._reactive[rows] = inside & np.take_along_axis(self._reactive[rows], source, axis=1)
        self.size[rows] -= counts
        self.reactive[rows] -= counts - proactive
        self._first[rows] = self._leaves[rows].min(axis=1)
        return np.asarray(proactive)


def _occurrence(rows: IntArray) -> IntArray:
    """0, 1, 2 … for the repeats of each value of a sorted array."""
    if not len(rows):
        return rows
    start = np.concatenate([[True], rows[1:] != rows[:-1]])
    first = np.maximum.accumulate(np.where(start, np.arange(len(rows)), 0))
    return np.asarray(np.arange(len(rows)) - first)


class Centre:
    """State of all rows, and one step of time.

    With ``sharing`` > 1, that many neighbouring rows are targets of one group of agents. Of several scenarios each has
    the same number of rows, one after the other; they agree in what ``Scenario.together`` names.
    """

    def __init__(self, scenarios: Scenario | Sequence[Scenario], agents: IntArray, seed: int) -> None:
        kinds = [scenarios] if isinstance(scenarios, Scenario) else list(scenarios)
        scenario = self.scenario = kinds[0]
        self.rows = len(agents)
        self.settings = RowSettings(kinds, self.rows)
        self.agents = agents[:: scenario.sharing]
        seeds = np.random.SeedSequence(seed).spawn(5)
        self._invite, self._handle, self._patience, self._reactive, self._drift = map(np.random.default_rng, seeds)
        groups = len(self.agents)
        self._capacity = self.settings.capacity[:: scenario.sharing]
        self.slots = (self.agents * self._capacity).astype(np.int64)
        self.busy = np.zeros(groups, dtype=np.int64)
        self.pending = np.zeros(self.rows, dtype=np.int64)
        self.queue = Queue(self.rows)
        self.inbound = np.ones(self.rows)
        self.step_index = 0
        self._ends = Ring(_LONGEST_HANDLE, groups)
        self._accepts = Ring(_LONGEST_DISPOSITION, self.rows)
        self._declines = Ring(_LONGEST_DISPOSITION, self.rows)
        self._plan = np.zeros((1, self.rows), dtype=np.int64)
        self._plan_start = 0
        self._allowance = np.zeros(self.rows, dtype=np.int64)
        self._factor = np.zeros(self.rows)
        self.totals = {name: np.zeros(self.rows) for name in TOTALS}
        self._has_reactive = self.settings.reactive.most > 0.0
        self._ample = np.isinf(self.settings.visitors.least)

    @property
    def now(self) -> float:
        """Seconds since the start of the day."""
        return self.step_index * STEP_SECONDS

    @property
    def ready(self) -> IntArray:
        """Free slots per group of agents."""
        return np.asarray(np.maximum(self.slots - self.busy, 0))

    def allot(self, invitations: IntArray, period_seconds: float, rows: IntArray | None = None) -> None:
        """A push replaces what is left of the former one; ``rows`` are those of a partial push, None for all."""
        if rows is not None:
            self._allowance[rows] = invitations
            return
        self._allowance = invitations.astype(np.int64)
        if self.scenario.spread:
            # Evenly over the first four fifths of the period, from a chance offset, as the event-driven model does it.
            steps = max(int(_SPREAD * period_seconds / STEP_SECONDS), 1)
            offset = self._invite.random(self.rows)
            share = np.arange(1, steps + 1)[:, None] / steps
            marks = np.floor(self._allowance * share + offset)
            self._plan = np.diff(marks, axis=0, prepend=0.0).astype(np.int64)
            self._plan_start = self.step_index

    def advance(self) -> None:
        """One step: ends, answers, arrivals, give-ups, service, new invitations."""
        scenario, step = self.scenario, self.step_index
        self._drift_acceptance()
        ended = self._ends.due(step)
        self.busy -= ended
        self.totals["completed"] += ended if scenario.sharing == 1 else np.repeat(ended, scenario.sharing)
        if self.step_index % _BOOK_STEPS == 0:
            self._set_staff()
        accepted, declined = self._accepts.due(step), self._declines.due(step)
        self.pending -= accepted + declined
        self.totals["disposed"] += accepted + declined
        self.totals["entries"] += accepted
        reactive = self._reactive_arrivals()
        self._give_up()
        # Without a queue, arrivals or somebody free for those who wait, nothing can happen here.
        if accepted.any() or reactive.any() or self.queue.size.any():
            for target in self._order():
                self._take(accepted, reactive, target)
        self._send()
        if self.step_index % _BOOK_STEPS == 0:
            self._book_time()
        self.step_index += 1

    def _set_staff(self) -> None:
        share = self.settings.staff.at(self.now)[:: self.scenario.sharing]
        self.slots = np.rint(self.agents * share).astype(np.int64) * self._capacity

    def _order(self) -> list[int]:
        sharing = self.scenario.sharing
        return [(self.step_index + j) % sharing for j in range(sharing)]

    def _drift_acceptance(self) -> None:
        if self.settings.spread.any() and self.step_index % 40 == 0:
            keep = np.exp(-40 * STEP_SECONDS / 900.0)
            noise = self._drift.standard_normal(self.rows)
            self._factor = keep * self._factor + np.sqrt(1.0 - keep * keep) * noise

    def _reactive_arrivals(self) -> IntArray:
        if not self._has_reactive:
            return _NO_ROWS
        scenario = self.scenario
        load = self.settings.reactive.at(self.now)
        rate = load * np.repeat(self.slots, scenario.sharing) / scenario.sharing / self.settings.handle_mean
        offered = self._reactive.poisson(rate * STEP_SECONDS)
        admitted = self._reactive.binomial(offered, np.where(self.settings.gated, self.inbound, 1.0))
        self.totals["reactive_entered"] += admitted
        return np.asarray(admitted)

    def _give_up(self) -> None:
        if self.queue.size.any():
            gone, gone_reactive = self.queue.give_up(self.now)
            self.totals["abandoned"] += gone
            self.totals["reactive_abandoned"] += gone_reactive

    def _take(self, accepted: IntArray, reactive: IntArray, target: int) -> None:
        """Arrivals of one target per group: to a free agent, else into the queue; then serve who waits."""
        sharing = self.scenario.sharing
        rows = np.arange(target, self.rows, sharing)
        free = self.ready
        waiting = self.queue.size[rows]
        if waiting.any():
            first = np.flatnonzero((waiting > 0) & (free > 0))
            if len(first):
                counts = np.minimum(waiting[first], free[first])
                proactive = self.queue.serve(rows[first], counts)
                self._start(first, counts, rows[first], proactive)
                free = self.ready
        for kind, arrivals in enumerate((accepted, reactive)):
            if not len(arrivals) or not arrivals[rows].any():
                continue
            counts = arrivals[rows]
            direct = np.where(self.queue.size[rows] == 0, np.minimum(counts, free), 0)
            served = np.flatnonzero(direct)
            self._start(served, direct[served], rows[served], direct[served] * (kind == 0))
            free = self.ready
            rest = counts - direct
            if rest.any():
                joined = np.repeat(rows, rest)
                leaves = self.now + self.settings.patience.draw(self._patience, joined)
                self.queue.join(joined, leaves, reactive=kind == 1)

    def _start(self, groups: IntArray, counts: IntArray, rows: IntArray, proactive: IntArray) -> None:
        if not len(groups):
            return
        self.busy[groups] += counts
        each = np.repeat(groups, counts)
        targets = np.repeat(rows, counts)
        self._ends.book(self.step_index, each, self.settings.handle.draw(self._handle, targets))
        self.totals["accepted"][rows] += proactive
        self.totals["reactive_accepted"][rows] += counts - proactive

    def _send(self) -> None:
        if self.scenario.spread:
            place = self.step_index - self._plan_start
            sent = self._plan[place] if place < len(self._plan) else np.zeros(self.rows, dtype=np.int64)
        elif self._ample:
            sent, self._allowance = self._allowance, np.zeros(self.rows, dtype=np.int64)
        else:
            each = self.settings.visitors.at(self.now)
            ample = np.isinf(each)
            rate = np.where(ample, 0.0, each) * np.repeat(self.slots, self.scenario.sharing)
            came = self._invite.poisson(rate * STEP_SECONDS)
            sent = np.where(ample, self._allowance, np.minimum(self._allowance, came))
            self._allowance = self._allowance - sent
        total = int(sent.sum())
        if not total:
            return
        rows = np.repeat(np.arange(self.rows), sent)
        ratio = self.settings.acceptance.at(self.now)
        if self.settings.spread.any():
            ratio = np.minimum(ratio * np.exp(self.settings.spread * self._factor), 1.0)
        yes = self._invite.random(total) < ratio[rows]
        accepting, refusing = rows[yes], rows[~yes]
        accept, refuse = self.settings.accept, self.settings.refuse
        self._accepts.book(self.step_index, accepting, accept.draw(self._invite, accepting))
        self._declines.book(self.step_index, refusing, refuse.draw(self._invite, refusing))
        self.pending += sent
        self.totals["sent"] += sent

    def _book_time(self) -> None:
        totals, sharing = self.totals, self.scenario.sharing
        seconds = _BOOK_STEPS * STEP_SECONDS
        totals["busy_seconds"] += np.repeat(self.busy, sharing) * seconds
        totals["slot_seconds"] += np.repeat(np.maximum(self.slots, self.busy), sharing) * seconds
        totals["waiting_seconds"] += self.queue.proactive * seconds


TOTALS = (
    "sent",
    "disposed",
    "entries",
    "accepted",
    "abandoned",
    "completed",
    "reactive_entered",
    "reactive_accepted",
    "reactive_abandoned",
    "busy_seconds",
    "slot_seconds",
    "waiting_seconds",
)
"""What a centre counts per row since the start of the day."""

_NO_ROWS: IntArray = np.zeros(0, dtype=np.int64)
