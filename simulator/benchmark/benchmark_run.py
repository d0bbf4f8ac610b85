"""Runs one law through one scenario, many days at once, and sums up what came of it."""

from __future__ import annotations

import copy
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pacing_node.algorithms import (
    Controller,
    Feedback,
    Ledger,
    OptimizationTarget,
    Policy,
    Reason,
    SharedAgents,
    Snapshot,
)
from pacing_node.algorithms.first_look import restore_first_look, save_first_look
from pacing_node.algorithms.material_change import LEAST_SECONDS, StandingAllowances
from simulator.benchmark.day_model import STEP_SECONDS, Centre
from simulator.benchmark.laws import LAWS, Law

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pacing_node.algorithms import Result
    from pacing_node.algorithms.model import FloatArray, IntArray
    from simulator.benchmark.baselines import Baseline
    from simulator.benchmark.kind_of_day import Scenario

REFRESH_SECONDS = 5.0
WINDOW_SECONDS = 300.0
_EPOCH = 1_000_000.0
_COUNTED = ("calculations", "over_free", "infeasible", "over_said")
_COUNTERS = ("accepted", "abandoned", "completed", "reactive_entered")


@dataclass(frozen=True, slots=True)
class Days:
    """Outcome per window of five minutes and row: arrays (windows, rows)."""

    agents: IntArray
    entries: FloatArray
    abandoned: FloatArray
    busy_seconds: FloatArray
    slot_seconds: FloatArray
    waiting_seconds: FloatArray
    accepted: FloatArray
    reactive_accepted: FloatArray
    calculations: FloatArray
    over_free: FloatArray
    """Calculations that allowed more invitations than slots were free for."""
    infeasible: FloatArray
    """Calculations that said the goal cannot be kept."""
    over_said: FloatArray
    """Of these, those that let more invitations be out than slots were free for."""

    def rows(self, first: int, count: int) -> Days:
        """Some rows alone."""
        chosen = slice(first, first + count)
        tables = {name: getattr(self, name)[:, chosen] for name in self.__slots__ if name != "agents"}
        return Days(self.agents[chosen], **tables)


class Day:
    """One run: the centre, its controller, and the pushes between them."""

    def __init__(self, law: Law, scenarios: Sequence[Scenario], agents: IntArray, seed: int) -> None:
        """Each scenario has the same number of rows; they agree in ``Scenario.together``."""
        self._law, self._scenarios, self._scenario, self._seed = law, scenarios, scenarios[0], seed
        self.centre = Centre(scenarios, agents, seed)
        self.names = [f"row {i}" for i in range(len(agents))]
        self.policy = self._policy(len(agents))
        self._controller = self._new_controller()
        self._ledger = Ledger(self.names)
        self._last = {name: np.zeros(len(agents)) for name in (*_COUNTERS, "disposed")}
        self._late: deque[Snapshot] = deque()
        self._silent_until = -1.0
        self._views: deque[dict[str, FloatArray]] = deque(maxlen=int(self._scenario.unknown_lag_seconds) + 1)
        self._standing: StandingAllowances | None = None
        self._counted: Snapshot | None = None  # by the looks since the newest full push
        self.counts = {name: np.zeros(len(agents)) for name in _COUNTED}

    def look(self) -> None:
        """Read the statistics as they are now, before each push or, where they arrive late, once a second."""
        centre = self.centre
        now = {
            "ready": centre.ready,
            "busy": centre.busy,
            "size": centre.queue.size,
            "proactive": centre.queue.proactive,
        }
        self._views.append({name: value.astype(np.float64) for name, value in (now | centre.totals).items()})

    def push(self) -> None:
        """Calculate and allot, as a node does once a refresh period."""
        now = self.centre.now
        if not self._scenario.unknown_lag_seconds:
            self.look()
        self._late.append(_joined([*([self._counted] if self._counted else []), self._snapshot()]))
        self._counted = None
        due = [s for s in self._late if s.taken_at <= _EPOCH + now - self._scenario.lag_seconds + 1e-6]
        if self._in_gap(now) or not due:
            return
        while self._late[0] is not due[-1]:
            self._late.popleft()
        snapshot = _joined(due)
        if self._scenario.fresh_pending:
            self._ask(now)
        self._ledger.compare(snapshot, snapshot.taken_at)
        feedback = self._ledger.feedback(snapshot.taken_at)
        if self._law.exact_pending:
            feedback = self._exact_feedback()
        result = self._controller.calculate(snapshot, feedback, self.policy)
        self._late.popleft()
        self._count(snapshot, feedback, result)
        self._report(now, result.invitations)
        self.centre.allot(result.invitations, REFRESH_SECONDS)
        if self._scenario.partial_pushes:
            self._standing = StandingAllowances(snapshot, result.invitations, now)
        if self.policy.algorithm.dual:
            self.centre.inbound = np.nan_to_num(result.inbound_portion, nan=1.0)

    def push_what_changed(self) -> None:
        """Between two full pushes: a copy of the laws calculates, and targets that changed materially are pushed."""
        if self._standing is None:
            return
        now, every = self.centre.now, np.arange(self.centre.rows)
        self.look()
        self._counted = _joined([*([self._counted] if self._counted else []), self._snapshot()])
        snapshot = self._counted
        feedback = copy.deepcopy(self._ledger).feedback(snapshot.taken_at)
        wanted = copy.deepcopy(self._controller).calculate(snapshot, feedback, self.policy).invitations
        rows = self._standing.changed(snapshot, wanted, now, most=len(every))
        if len(rows):
            self._standing.pushed(snapshot, wanted, rows, now)
            self._report(now, wanted[rows], rows)
            self.centre.allot(wanted[rows], REFRESH_SECONDS, rows)

    def _ask(self, now: float) -> None:
        """An empty push between two periods: visitors being ample, nothing of the former one is left to replace."""
        self._report(now, np.zeros(self.centre.rows, dtype=np.int64))

    def _report(self, now: float, invitations: IntArray, rows: IntArray | None = None) -> None:
        """Book a push in the ledger, and its reply: what was pending before it; ``rows`` of a partial one."""
        self._ledger.allotted(_EPOCH + now, invitations, rows)
        accept = self._of_rows([s.accept_mean if s.reports_times else np.nan for s in self._scenarios])
        refuse = self._of_rows([s.refuse_mean if s.reports_times else np.nan for s in self._scenarios])
        self._spoil({"accept_seconds": accept})
        pending, told = self.centre.pending.astype(np.float64), slice(None) if rows is None else rows
        times = {"positive_seconds": accept[told], "negative_seconds": refuse[told]}
        self._ledger.acknowledged(_EPOCH + now, pending[told], **times)

    def _of_rows(self, by_scenario: Sequence[float]) -> FloatArray:
        return np.repeat(np.array(by_scenario, dtype=np.float64), self.centre.rows // len(by_scenario))

    def _spoil(self, columns: dict[str, FloatArray]) -> None:
        """Put this period's wrong values in."""
        now, each = self.centre.now, self.centre.rows // len(self._scenarios)
        for number, scenario in enumerate(self._scenarios):
            for wrong in scenario.wrong:
                if wrong.column in columns and wrong.at <= now < wrong.at + REFRESH_SECONDS:
                    columns[wrong.column][number * each : (number + 1) * each] += wrong.more

    def _count(self, snapshot: Snapshot, feedback: Feedback, result: Result) -> None:
        said = result.reason == Reason.GOAL_INFEASIBLE
        free = np.maximum(snapshot.ready - snapshot.waiting - snapshot.reactive_waiting, 0.0)
        self.counts["calculations"] += 1.0
        self.counts["over_free"] += result.invitations > free
        self.counts["infeasible"] += said
        self.counts["over_said"] += said & (result.invitations > 0) & (result.invitations + feedback.pending > free)

    def _in_gap(self, now: float) -> bool:
        """A hand-over every half hour: no pushes for a while, then a successor with or without the state."""
        scenario = self._scenario
        if not scenario.gap_seconds or now < 900.0:
            return False
        if (now - 900.0) % 1800.0 < scenario.gap_seconds:
            self._silent_until = now
            return True
        if self._silent_until >= 0.0:
            self._silent_until = -1.0
            self._hand_over()
        return False

    def _hand_over(self) -> None:
        before, ledger, now = self._controller, self._ledger, _EPOCH + self.centre.now
        self._controller, self._ledger = self._new_controller(), Ledger(self.names)
        if not self._scenario.gap_keeps_state:
            return
        self._controller.restore(before.save())
        self._ledger.resume(now - self._scenario.gap_seconds, *ledger.position())
        if isinstance(before, Controller) and isinstance(self._controller, Controller):
            restore_first_look(save_first_look(before, ledger), self.names, self._controller, self._ledger, now)

    def _new_controller(self) -> Controller | Baseline:
        return self._law.create(self.names, self._seed)

    def _policy(self, size: int) -> Policy:
        scenario, law = self._scenario, self._law
        busy = scenario.busy_goal is not None and law.baseline is None  # baselines know abandonment only
        goals = [s.busy_goal if busy and s.busy_goal is not None else s.goal for s in self._scenarios]
        return Policy(
            algorithm=law.algorithm,
            optimization_target=OptimizationTarget.BUSY_FACTOR if busy else OptimizationTarget.ABANDONMENT_RATE,
            goal=self._of_rows(goals),
            enabled=np.ones(size, dtype=np.bool_),
            refresh_seconds=REFRESH_SECONDS,
            proactive_ratio=scenario.proactive_ratio,
            caution=law.caution,
            default_acceptance=scenario.prior_acceptance,
        )

    def _snapshot(self) -> Snapshot:
        sharing, view = self._scenario.sharing, self._views[0]
        deltas = {name: view[name] - self._last[name] for name in _COUNTERS}
        self._last.update({name: view[name] for name in _COUNTERS})
        ready, busy = (np.repeat(view[name], sharing) for name in ("ready", "busy"))
        logged_in = (ready + busy) / self.centre.settings.capacity
        handle = self.centre.settings.handle_mean if self._law.exact_handle else np.full(len(ready), np.nan)
        columns = {
            "ready": ready,
            "busy": busy,
            "waiting": view["proactive"].copy(),
            "reactive_waiting": view["size"] - view["proactive"],
        } | deltas
        self._spoil(columns)
        fixed: dict[str, Any] = {
            "taken_at": _EPOCH + self.centre.now,
            "logged_in": logged_in,
            "capable": logged_in,
            "handle_seconds": handle,
            "valid": np.ones(len(ready), dtype=np.bool_),
            "shared": self._shared() if sharing > 1 else None,
        }
        return Snapshot(**(fixed | columns))

    def _shared(self) -> SharedAgents:
        """Neighbouring rows share one class of agents."""
        centre, sharing = self.centre, self._scenario.sharing
        classes = np.repeat(np.arange(len(centre.agents)), sharing)
        return SharedAgents(
            class_index=classes,
            class_target=np.arange(centre.rows),
            ready=np.repeat(centre.ready, sharing).astype(np.float64),
            busy=np.repeat(centre.busy, sharing).astype(np.float64),
            ready_agents=centre.ready / self._scenario.capacity,
        )

    def _exact_feedback(self) -> Feedback:
        size = self.centre.rows
        disposed = self.centre.totals["disposed"] - self._last["disposed"]
        self._last["disposed"] = self.centre.totals["disposed"].copy()
        nothing = np.full(size, np.nan)
        pending = self.centre.pending.astype(np.float64)
        return Feedback(pending, np.zeros(size), disposed, nothing, nothing, np.ones(size, dtype=np.bool_))


def _joined(snapshots: list[Snapshot]) -> Snapshot:
    """The newest snapshot with the increments of all: those of a gap are not lost."""
    newest = snapshots[-1]
    if len(snapshots) == 1:
        return newest
    sums = {name: sum(getattr(s, name) for s in snapshots) for name in _COUNTERS}
    fields = {name: getattr(newest, name) for name in newest.__slots__} | sums
    return Snapshot(**fields)


def simulate(
    law_name: str,
    scenario: Scenario,
    agents: Sequence[int],
    days: int,
    *,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Days:
    """All groups of agents at once, ``days`` rows each (times the targets that share them)."""
    return simulate_together(law_name, [scenario], agents, days, seed=seed, progress=progress)[0]


def simulate_together(
    law_name: str,
    scenarios: Sequence[Scenario],
    agents: Sequence[int],
    days: int,
    *,
    seed: int = 1,
    progress: Callable[[float], None] | None = None,
) -> list[Days]:
    """The same for scenarios that agree in ``Scenario.together``; ``progress`` is told shares of one run."""
    first = scenarios[0]
    each = np.repeat(np.asarray(agents, dtype=np.int64), days * first.sharing)
    rows = np.tile(each, len(scenarios))
    day = Day(LAWS[law_name], scenarios, rows, seed)
    centre = day.centre
    per_push, per_window = int(REFRESH_SECONDS / STEP_SECONDS), int(WINDOW_SECONDS / STEP_SECONDS)
    per_look, per_partial = int(1.0 / STEP_SECONDS), int(LEAST_SECONDS / STEP_SECONDS)
    marks = []
    for step in range(int(first.seconds / STEP_SECONDS)):
        if first.unknown_lag_seconds and step % per_look == 0:
            day.look()
        if step % per_push == 0:
            day.push()
        elif first.partial_pushes and step % per_partial == 0:
            day.push_what_changed()
        centre.advance()
        if (step + 1) % per_window == 0:
            marks.append({name: total.copy() for name, total in (centre.totals | day.counts).items()})
            if progress is not None:
                progress(WINDOW_SECONDS / first.seconds)
    table = {name: np.diff([mark[name] for mark in marks], axis=0, prepend=0.0) for name in marks[0]}
    every = Days(rows, **{name: table[name] for name in Days.__slots__ if name != "agents"})
    return [every.rows(number * len(each), len(each)) for number in range(len(scenarios))]
