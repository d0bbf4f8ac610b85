"""Partial pushes: between two full ones, what has changed materially at some targets.

A full push is never late for one: a partial push begins only when it can end before the next full one is due. Whatever
goes wrong with it leads to the full push of the next period, and counts neither as a failed cycle nor against the
mastership.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import structlog

from pacing_node.algorithms.material_change import LEAST_SECONDS, StandingAllowances
from pacing_node.cycle.calculating import worked_out
from pacing_node.cycle.patched_report import patched
from pacing_node.cycle.payload import build_push
from pacing_node.engagement.platform import PushOutcome, PushStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.mastership import Term
    from pacing_node.algorithms.model import IntArray
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.pacing_state import CycleResult, PacingState
    from pacing_node.cycle.plan import CycleSettings, Plan
    from pacing_node.cycle.pushing import Pusher
    from pacing_node.cycle.recording import Recorder
    from pacing_node.cycle.report import CycleReport
    from pacing_node.statistics.statistics_source import StatisticsSource

log = structlog.get_logger(__name__)

STEP_SECONDS = LEAST_SECONDS + 0.01
"""From one look at the statistics to the next: as often as a target may be pushed, whatever a timer comes early."""
MOST_BUDGET_SECONDS = 0.5
"""Longest duration of a partial push: an answer that takes longer is not worth waiting for."""


@dataclass(slots=True)
class _Period:
    """From one full push to the next."""

    term: Term
    state: PacingState
    settings: CycleSettings
    basis: object
    standing: StandingAllowances


class PartialPushes:
    """Sends the partial pushes of a node that is master."""

    def __init__(
        self,
        *,
        statistics: StatisticsSource,
        plan: Plan,
        pusher: Pusher,
        latest_report: LatestReport,
        recorder: Recorder,
        follow_clock: Callable[[], None] = lambda: None,
    ) -> None:
        """The ports of the cycle; ``follow_clock`` is called before what is remembered is looked at."""
        self._statistics = statistics
        self._plan = plan
        self._pusher = pusher
        self._latest_report = latest_report
        self._recorder = recorder
        self._follow_clock = follow_clock
        self._period: _Period | None = None

    def full_push(self, term: Term, state: PacingState, cycle: CycleResult, basis: object) -> None:
        """A full push of this cycle has ended: what follows until the next one builds on it, while ``basis`` holds."""
        standing = StandingAllowances(cycle.snapshot, cycle.result.invitations, _now())
        self._period = _Period(term, state, self._plan.settings, basis, standing)

    def full_push_due(self) -> None:
        """A full push is about to be prepared: until it has ended, nothing goes out beside it or in its place."""
        self._period = None

    async def until(self, due: float) -> None:
        """Send what changes until shortly before the next full push is due, by the loop's clock; at once if none can.

        Statistics are read and calculated once in a second; nothing is while no partial push is possible.
        """
        period = self._period
        if period is None:
            return
        budget = budget_seconds(period.settings)
        while due - _now() >= STEP_SECONDS + budget and self._possible(period):
            await _pause(period.term, STEP_SECONDS)
            if due - _now() < budget or not self._possible(period):
                return
            try:
                await self._step(period, due, budget)
            except Exception:
                log.exception("cycle.partial_push_failed", epoch=period.term.epoch)
                return

    def _possible(self, period: _Period) -> bool:
        settings = period.settings
        if not settings.partial_pushes or period.term.ended.is_set() or period.basis != self._plan.basis:
            return False
        requests = math.ceil(len(period.state.targets.targets) / settings.entities_per_request)
        return self._pusher.may_be_partial(period.term, period.basis) and self._pusher.budget.allows(
            _now(),
            settings.requests_per_minute,
            full_requests=requests,
            refresh_seconds=settings.refresh_seconds,
        )

    async def _step(self, period: _Period, due: float, budget: float) -> None:
        """Read, calculate, and push what has changed, if anything has and the next full push leaves time for it."""
        state = period.state
        self._follow_clock()
        snapshot = self._statistics.snapshot(period.settings.stale_after_seconds)
        size = len(state.targets.names)
        cycle = await worked_out(size, state.preview, snapshot, time.time(), self._plan.holds)
        left_seconds = due - _now()
        if left_seconds < budget or not self._possible(period):
            return
        wanted = cycle.result.invitations
        rows = period.standing.changed(snapshot, wanted, _now(), period.settings.entities_per_request)
        if not len(rows):
            return
        announced = False

        async def announce(sequence: int) -> None:
            nonlocal announced
            announced = True
            state.allotted(cycle.at, wanted[rows], rows)
            period.standing.pushed(snapshot, wanted, rows, _now())
            await self._announce(period, cycle, rows, sequence)

        entries = build_push(state, cycle, left_seconds, rows)
        outcome = await self._pusher.push_partial(period.term, entries, budget, announce, basis=period.basis)
        if announced:
            _learn(state, outcome)
            await self._post(period, cycle, rows, outcome)

    async def _announce(self, period: _Period, cycle: CycleResult, rows: IntArray, sequence: int) -> None:
        """Tell the standbys what the push allows before it goes out."""
        report, state = self._latest_report.report, period.state
        if report is None:
            return
        outcome = PushOutcome(PushStatus.DEADLINE, "the push is in flight", sequence=sequence)
        make = partial(_announced, report, state, cycle, rows, outcome)
        await self._recorder.announce(period.term, len(state.targets.names), make)

    async def _post(self, period: _Period, cycle: CycleResult, rows: IntArray, outcome: PushOutcome) -> None:
        """Show and share the report with what was changed; without it when the push was not accepted."""
        report, state = self._latest_report.report, period.state
        if report is None:
            return
        make = partial(_changed, report, state, cycle, rows, outcome)
        share = outcome.status is not PushStatus.LATE
        await self._recorder.post(period.term, len(state.targets.names), make, share=share)


def _announced(
    report: CycleReport, state: PacingState, cycle: CycleResult, rows: IntArray, outcome: PushOutcome
) -> CycleReport:
    """The report of a push in flight."""
    return replace(
        patched(report, cycle, rows, outcome),
        pushed=False,
        push_status=outcome.status.value,
        push_error=outcome.message,
        learned_state=state.save(cycle.at),
        first_look=state.first_look(),
        in_flight=True,
    )


def _changed(
    report: CycleReport, state: PacingState, cycle: CycleResult, rows: IntArray, outcome: PushOutcome
) -> CycleReport:
    """The report after the push has ended."""
    if outcome.accepted:
        report = patched(report, cycle, rows, outcome)
    return replace(report, learned_state=state.save(cycle.at), first_look=state.first_look())


def budget_seconds(settings: CycleSettings) -> float:
    """What a partial push may take: less than half of what a full one may."""
    return min(MOST_BUDGET_SECONDS, 0.4 * settings.budget_seconds)


def _learn(state: PacingState, outcome: PushOutcome) -> None:
    """Enter into the ledger what came of a push that was allotted."""
    if outcome.replies:
        state.acknowledged(time.time(), outcome.replies)
    else:
        state.failed(arrived=outcome.status not in {PushStatus.OUT_OF_STEP, PushStatus.WITHHELD})


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _pause(term: Term, seconds: float) -> None:
    """Wait, but not beyond the end of the term."""
    try:
        async with asyncio.timeout(seconds):
            await term.ended.wait()
    except TimeoutError:
        return
