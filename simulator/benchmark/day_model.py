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

    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray

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
        self._rows = rows
        self._counts = np.zeros(self._length * rows, dtype=np.int32)  # in one line: several times as fast to add to

    def book(self, step: int, rows: IntArray, seconds: FloatArray) -> None:
        """One event per element, ``seconds`` after ``step``; at the earliest in the next step."""
        ahead = np.minimum((seconds / STEP_SECONDS).astype(np.int64) + 1, self._length - 1)
        place = (step + ahead) % self._length
        place *= self._rows
        place += rows
        np.add.at(self._counts, place, _ONE)

    def due(self, step: int) -> IntArray:
        """Events of this step per row; they are taken out."""
        first = step % self._length * self._rows
        row = self._counts[first : first + self._rows]
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
        gone, gone_reactive = np.zeros_like(self.size), np.zeros_like(self.size)
        rows = self.out_of_patience(now)
        if not len(rows):
            return gone, gone_reactive
        places = self._places(rows)
        leaves, inbound = self._leaves.reshape(-1), self._reactive.reshape(-1)
        left = leaves.take(places) <= now
        reactive = (left & inbound.take(places)).sum(axis=1)
        gone[rows], gone_reactive[rows] = left.sum(axis=1) - reactive, reactive
        # Those who stay move up, in their order.
        source = places[:, :1] + np.argsort(left, axis=1, kind="stable")
        stays = np.arange(places.shape[1]) < (~left).sum(axis=1)[:, None]
        self._move(rows, places, source, stays)
        self.size[rows] -= gone[rows] + gone_reactive[rows]
        self.reactive[rows] -= gone_reactive[rows]
        return gone, gone_reactive

    def out_of_patience(self, now: float) -> IntArray:
        """Rows where somebody gives up."""
        return np.flatnonzero(self._first <= now)

    def serve(self, rows: IntArray, counts: IntArray) -> IntArray:
        """Take the first ``counts`` visitors of each row; returns how many of them were proactive."""
        places = self._places(rows)
        columns, first = np.arange(places.shape[1]), counts[:, None]
        proactive = counts - ((columns < first) & self._reactive.reshape(-1).take(places)).sum(axis=1)
        stays = columns + first < len(columns)
        self._move(rows, places, np.where(stays, places + first, places), stays)
        self.size[rows] -= counts
        self.reactive[rows] -= counts - proactive
        return np.asarray(proactive)

    def _places(self, rows: IntArray) -> IntArray:
        """Where the visitors of these rows are in the lines laid end to end: as many columns as the longest has."""
        return rows[:, None] * self._leaves.shape[1] + np.arange(int(self.size[rows].max(initial=1)))

    def _move(self, rows: IntArray, places: IntArray, source: IntArray, stays: BoolArray) -> None:
        """Put into each place who stands in its source, nobody where nobody stays."""
        leaves, inbound = self._leaves.reshape(-1), self._reactive.reshape(-1)
        moved = np.where(stays, leaves.take(source), np.inf)
        leaves[places], inbound[places] = moved, stays & inbound.take(source)
        self._first[rows] = moved.min(axis=1)


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
        self._drifts = bool(self.settings.spread.any())
        self._unspent = False  # whether any row has an allowance
        self._limited: tuple[FloatArray, IntArray] | None = None  # visitors per slot, and the rows where they are few
        self._share: FloatArray | None = None  # of the agents at work

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
        self._unspent = True
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
        answered = accepted + declined
        self.pending -= answered
        self.totals["disposed"] += answered
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
        share = self.settings.staff.at(self.now)
        if share is not self._share:
            self._share = share
            at_work = np.rint(self.agents * share[:: self.scenario.sharing])
            self.slots = at_work.astype(np.int64) * self._capacity

    def _order(self) -> list[int]:
        sharing = self.scenario.sharing
        return [(self.step_index + j) % sharing for j in range(sharing)]

    def _drift_acceptance(self) -> None:
        if self._drifts and self.step_index % 40 == 0:
            keep = np.exp(-40 * STEP_SECONDS / 900.0)
            noise = self._drift.standard_normal(self.rows)
            self._factor = keep * self._factor + np.sqrt(1.0 - keep * keep) * noise

    def _reactive_arrivals(self) -> IntArray:
        if not self._has_reactive:
            return _NO_ROWS
        scenario = self.scenario
        load = self.settings.reactive.at(self.now)
        rate = load * np.repeat(self.slots, scenario.sharing) / scenario.sharing / self.settings.handle_mean
        some = np.flatnonzero(rate)  # nothing is drawn for the others
        came = self._reactive.poisson(rate[some] * STEP_SECONDS)
        rows, came = some[came > 0], came[came > 0]
        if not len(rows):
            return _NO_ROWS
        share = np.where(self.settings.gated[rows], self.inbound[rows], 1.0)
        admitted = np.zeros(self.rows, dtype=np.int64)
        admitted[rows] = self._reactive.binomial(came, share)
        self.totals["reactive_entered"] += admitted
        return admitted

    def _give_up(self) -> None:
        if len(self.queue.out_of_patience(self.now)):
            gone, gone_reactive = self.queue.give_up(self.now)
            self.totals["abandoned"] += gone
            self.totals["reactive_abandoned"] += gone_reactive

    def _take(self, accepted: IntArray, reactive: IntArray, target: int) -> None:
        """Arrivals of one target per group: to a free agent, else into the queue; then serve who waits."""
        sharing, free = self.scenario.sharing, self.ready
        waiting = self.queue.size[target::sharing]
        if waiting.any():
            first = np.flatnonzero((waiting > 0) & (free > 0))
            if len(first):
                counts, rows = np.minimum(waiting[first], free[first]), first * sharing + target
                proactive = self.queue.serve(rows, counts)
                self._start(first, counts, rows, proactive)
                free[first] -= counts
        for kind, arrivals in enumerate((accepted, reactive)):
            came = np.flatnonzero(arrivals[target::sharing])
            if not len(came):
                continue
            rows = came * sharing + target
            counts = arrivals[rows]
            direct = np.where(self.queue.size[rows] == 0, np.minimum(counts, free[came]), 0)
            self._start(came, direct, rows, direct * (kind == 0))
            free[came] -= direct
            rest = counts - direct
            if rest.any():
                joined = np.repeat(rows, rest)
                leaves = self.now + self.settings.patience.draw(self._patience, joined)
                self.queue.join(joined, leaves, reactive=kind == 1)

    def _start(self, groups: IntArray, counts: IntArray, rows: IntArray, proactive: IntArray) -> None:
        if not counts.any():
            return
        self.busy[groups] += counts
        each = np.repeat(groups, counts)
        targets = np.repeat(rows, counts)
        self._ends.book(self.step_index, each, self.settings.handle.draw(self._handle, targets))
        self.totals["accepted"][rows] += proactive
        self.totals["reactive_accepted"][rows] += counts - proactive

    def _send(self) -> None:
        sent = self._spent()
        total = int(sent.sum())
        if not total:
            return
        rows = np.repeat(np.arange(self.rows), sent)
        ratio = self.settings.acceptance.at(self.now)
        if self._drifts:
            ratio = np.minimum(ratio * np.exp(self.settings.spread * self._factor), 1.0)
        yes = self._invite.random(total) < ratio[rows]
        accepting, refusing = rows[yes], rows[~yes]
        accept, refuse = self.settings.accept, self.settings.refuse
        self._accepts.book(self.step_index, accepting, accept.draw(self._invite, accepting))
        self._declines.book(self.step_index, refusing, refuse.draw(self._invite, refusing))
        self.pending += sent
        self.totals["sent"] += sent

    def _spent(self) -> IntArray:
        """Invitations that go out in this step, per row; no rows where there are none."""
        if self.scenario.spread:
            place = self.step_index - self._plan_start
            return self._plan[place] if place < len(self._plan) else _NO_ROWS
        each = self.settings.visitors.at(self.now)
        if self._limited is None or self._limited[0] is not each:
            self._limited = (each, np.flatnonzero(np.isfinite(each)))
        few = self._limited[1]
        came = _NO_ROWS
        if len(few):
            came = self._invite.poisson(each[few] * np.repeat(self.slots, self.scenario.sharing)[few] * STEP_SECONDS)
        if not self._unspent:
            return _NO_ROWS
        sent = self._allowance.copy()
        sent[few] = np.minimum(sent[few], came)
        self._allowance -= sent
        self._unspent = bool(len(few)) and bool(self._allowance.any())
        return sent

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
_ONE = np.int32(1)
