"""The pacing cycle: read the statistics, calculate, push if the lease allows, learn from the reply, share, repeat.

Every node runs it. A standby only reads, so that its statistics stay current, and calculates once for each master, so
that a first term waits for no tables; the master does all of it, the first time at the moment its term begins and then
once per refresh period.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from cluster.backoff import Backoff
from cluster.tasks import cancel
from cluster.tracing import note, span, trace_id
from pacing_node.algorithms.state import UnusableStateError
from pacing_node.cycle.calculating import calculated, worked_out
from pacing_node.cycle.clock_steps import ClockSteps
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.late_pushes import LatePushes
from pacing_node.cycle.pacing_state import followed, resume
from pacing_node.cycle.partial_pushes import PartialPushes
from pacing_node.cycle.payload import build_push
from pacing_node.cycle.plan import CLOCK_DRIFT
from pacing_node.cycle.push_budget import PushBudget
from pacing_node.cycle.pushing import Pusher
from pacing_node.cycle.recording import Recorder, build_report
from pacing_node.cycle.rehearsal import Rehearsal
from pacing_node.cycle.since_record import SinceRecord
from pacing_node.engagement.platform import PushOutcome, PushStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from cluster.mastership import Mastership, Term
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.pacing_state import CycleResult, PacingState
    from pacing_node.cycle.plan import Plan
    from pacing_node.cycle.recording import Share
    from pacing_node.engagement.platform import EngagementPlatform
    from pacing_node.statistics.statistics_source import StatisticsSource

log = structlog.get_logger(__name__)

_WARM_UP_STEP_SECONDS = 0.05
_RESTART_SECONDS = 0.1
_ANSWERED = frozenset({PushStatus.ACCEPTED, PushStatus.INVALID_REPLY})
"""Outcomes whose duration is that of a whole push."""


class Pacer:
    """Runs the cycle of one node until cancelled."""

    def __init__(
        self,
        *,
        mastership: Mastership,
        statistics: StatisticsSource,
        platform: EngagementPlatform,
        plan: Plan,
        latest_report: LatestReport,
        share: Share,
        alarms: Callable[[], bytes] = bytes,
        all_read: Callable[[], Awaitable[None]] | None = None,
        cycle_counters: CycleCounters | None = None,
        late_pushes: LatePushes | None = None,
        on_push: Callable[[bool], None] = lambda _: None,
        read_holds: Callable[[], Awaitable[None]] | None = None,
        aside: Callable[..., Coroutine[Any, Any, Any]] = asyncio.to_thread,
        clock_steps: ClockSteps | None = None,
    ) -> None:
        """Wire the cycle to its ports.

        ``share`` hands a report to the standbys, and ``alarms`` returns what goes with it; ``all_read`` waits until
        what another master shared is in ``latest_report``. ``late_pushes`` knows which pushes can still be in flight;
        ``on_push`` is called with whether a push that was sent reached the platform. None of them may block.
        ``read_holds`` has the plan's holds brought up to date; it raises nothing. ``aside`` calls a function where the
        loop does not wait for it. ``clock_steps`` finds that this machine's clock was set.
        """
        self._mastership = mastership
        self._statistics = statistics
        self._plan = plan
        self._latest_report = latest_report
        self._all_read = all_read
        self._recorder = Recorder(latest_report, share, alarms)
        self._on_push = on_push
        self._read_holds = read_holds
        self._since_record = SinceRecord(latest_report)
        self._state: PacingState | None = None
        self._rehearsal = Rehearsal(plan, platform, aside)
        self.cycle_counters = cycle_counters or CycleCounters()
        self._late_pushes = late_pushes or LatePushes()
        self._pusher = Pusher(platform, self.cycle_counters, self._late_pushes)
        self._push_budget = PushBudget()
        self._clock_steps = clock_steps or ClockSteps()
        self._partials = PartialPushes(
            statistics=statistics,
            plan=plan,
            pusher=self._pusher,
            latest_report=latest_report,
            recorder=self._recorder,
            follow_clock=self._follow_clock,
        )

    async def run(self) -> None:
        """Cycle for ever: as a standby between terms, as the master during them, whatever error occurs."""
        await self._plan.wait_complete()
        backoff = Backoff(_RESTART_SECONDS, max(_RESTART_SECONDS, self._plan.settings.refresh_seconds))
        while True:
            try:
                await self._turn()
            except Exception as error:
                self.cycle_counters.failed(error)
                log.exception("cycle.failed")
                await asyncio.sleep(backoff.next_seconds())
            else:
                backoff.reset()

    async def _turn(self) -> None:
        """One period as a standby, or one term as the master."""
        term = self._mastership.term
        if term is None or term.ended.is_set():
            await self._stand_by()
        else:
            await self._serve(term)

    async def _stand_by(self) -> None:
        """Keep increments current until the master calculates again, for one period, or until this node is master."""
        calculated = self._latest_report.calculated
        calculated.clear()
        snapshot = self._statistics.snapshot(self._plan.settings.stale_after_seconds)
        self._since_record.read(snapshot, self._plan.targets)
        self.cycle_counters.worked()
        if self._statistics.warmed_up:
            self._rehearsal.begin(snapshot, self._latest_report.newest, make_state=self._state is None)
        news = [asyncio.ensure_future(each) for each in (self._mastership.wait_for_term(), calculated.wait())]
        try:
            seconds = self._plan.settings.refresh_seconds
            await asyncio.wait(news, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel(*news)

    async def _serve(self, term: Term) -> None:
        """Pace until the term ends, from the newest state the cluster shared."""
        settings, ended_clean = self._plan.settings, term.after_clean_end
        # What is in flight is the previous nodes' pushes, by their budgets.
        left = max(settings.in_flight_seconds, CLOCK_DRIFT * term.previous_action_seconds)
        self._late_pushes.term_began(term.epoch, after_clean_end=ended_clean, seconds=left)
        held_off = 0.0 if ended_clean or not settings.hold_off_seconds else max(settings.hold_off_seconds, left)
        if held_off:
            log.info("cycle.first_push_held_off", epoch=term.epoch, seconds=round(held_off, 3))
        loop = asyncio.get_running_loop()
        hold_off = loop.time() + held_off
        await self._resume()
        await self._await_holds()
        await self._await_statistics(term)
        await _wait_until(term.ended, hold_off - loop.time())
        self.cycle_counters.push_time = None
        due = loop.time()
        try:
            while not term.ended.is_set():
                await self._guarded_cycle(term)
                due = self._next_due(due, loop.time())
                await self._partials.until(due)
                await _first_of(term.ended, self._plan.urgent, due - loop.time())
        finally:
            self.cycle_counters.push_time = None

    def _next_due(self, due: float, now: float) -> float:
        """When the next cycle begins: what a cycle that lasted too long has left no time for is never made up for."""
        due += self._plan.settings.refresh_seconds
        if now > due:
            self.cycle_counters.overruns += 1
        return max(due, now)

    async def _resume(self) -> None:
        """Begin with what the previous master had learned, as far as it reached this node."""
        if self._all_read is not None:
            await self._all_read()
        self._follow_clock()
        state = await self._current_state()
        state.term_began(self._since_record.take(state.targets))
        report = self._latest_report.newest
        if report is None or not report.learned_state:
            return
        try:
            departed = self._latest_report.departed
            await worked_out(len(state.targets.names), resume, state, report, departed, time.time())
        except UnusableStateError as error:
            log.warning("cycle.state_not_resumed", epoch=report.epoch, algorithm=report.algorithm, error=str(error))

    async def _await_holds(self) -> None:
        """Read what was ordered before this term once more: the news of it may still be on its way here."""
        if self._read_holds is None:
            return
        try:
            async with asyncio.timeout(self._plan.settings.budget_seconds):
                await self._read_holds()
        except TimeoutError:
            log.warning("holds.not_read", going_by="the newest this node knows")

    async def _await_statistics(self, term: Term) -> None:
        """Give a process that has just started one period to receive its first statistics; a standby has them."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._plan.settings.refresh_seconds
        while not self._statistics.warmed_up and loop.time() < deadline and not term.ended.is_set():
            await _wait_until(term.ended, _WARM_UP_STEP_SECONDS)

    async def _guarded_cycle(self, term: Term) -> None:
        """One cycle; an unexpected error costs this cycle, never the next."""
        try:
            await self._cycle(term)
        except Exception as error:
            self.cycle_counters.failed(error)
            log.exception("cycle.failed", epoch=term.epoch)
        else:
            self.cycle_counters.worked()

    async def _cycle(self, term: Term) -> None:
        began = time.perf_counter()
        with span("cycle", epoch=term.epoch):
            await self._traced_cycle(term)
            self.cycle_counters.cycle_seconds.observe(time.perf_counter() - began, trace_id())

    async def _traced_cycle(self, term: Term) -> None:
        self._partials.full_push_due()
        self._plan.urgent.clear()
        self._follow_clock()
        state = await self._current_state()
        settings, basis = self._plan.settings, self._plan.basis
        now, started = time.time(), time.perf_counter()
        with span("cycle.snapshot"):
            snapshot = self._statistics.snapshot(settings.stale_after_seconds)
        read_seconds = time.perf_counter() - started
        await asyncio.sleep(0)  # leadership, health and pages have their turn; so below
        if not self._rehearsal.begun and self._statistics.warmed_up:
            # A process that is master before it was a standby: tables never hold up the loop.
            self._rehearsal.begin(snapshot, self._latest_report.newest, make_state=False)
        await self._rehearsal.ended()
        calculating = time.perf_counter()
        with span("cycle.calculation", targets=len(state.targets.names)):
            cycle = await calculated(state, snapshot, now, self._plan.holds)
        self.cycle_counters.calculation_seconds_last = read_seconds + time.perf_counter() - calculating
        self.cycle_counters.cycles += 1
        await asyncio.sleep(0)
        entries = build_push(state, cycle, settings.refresh_seconds)
        allowed = self._push_budget.push_time(len(entries), settings.push_budget_seconds, settings.refresh_seconds)
        with span("cycle.push", epoch=term.epoch):
            outcome = await self._pusher.push(
                term,
                entries,
                allowed.budget_seconds,
                lambda sequence: self._announce(term, state, cycle, sequence),
                basis=basis,
            )
            note(sequence=outcome.sequence, result=outcome.status.value, attempts=outcome.attempts)
        _learn(state, outcome)
        if outcome.reached is not None:
            self._on_push(outcome.reached)
        with span("cycle.share"):
            await self._post(term, state, cycle, outcome)
        self._partials.full_push(term, state, cycle, basis)
        self._measure(outcome, len(entries), time.perf_counter() - started)

    def _measure(self, outcome: PushOutcome, targets: int, cycle_seconds: float) -> None:
        """Learn from how long a cycle and its push took; a push that failed at once says nothing of it."""
        budget, settings = self._push_budget, self._plan.settings
        if outcome.status in _ANSWERED:
            budget.answered(targets, outcome.duration_seconds)
        elif outcome.status is PushStatus.DEADLINE and outcome.attempts == 1:  # else it failed until the time was over
            budget.overran(targets, outcome.duration_seconds)
        budget.cycle_ended(max(0.0, cycle_seconds - outcome.duration_seconds))
        self.cycle_counters.push_time = budget.push_time(
            targets, settings.push_budget_seconds, settings.refresh_seconds
        )

    def _follow_clock(self) -> None:
        """What is remembered by the calendar keeps its age when somebody sets the clock."""
        seconds = self._clock_steps.seconds()
        if seconds and self._state is not None:
            log.warning("cycle.clock_set", seconds=round(seconds, 1))
            self._state.clock_set(seconds, time.time())

    async def _current_state(self) -> PacingState:
        """The state for the settings and targets in force, with what was learned so far.

        They may change while it is made; then it is made again, so that the next snapshot fits it.
        """
        while True:
            settings, targets = self._plan.settings, self._plan.targets
            if targets is None:
                raise RuntimeError("the cycle needs targets")
            state = self._state = self._state or self._rehearsal.take_fresh_state()
            if state is not None and state.is_for(settings, targets):
                return state
            size = max(len(targets.names), len(state.targets.names) if state is not None else 0)
            self._state = await worked_out(size, followed, state, settings, targets, self._latest_report.departed)

    async def _announce(self, term: Term, state: PacingState, cycle: CycleResult, sequence: int) -> None:
        state.allotted(cycle.at, cycle.result.invitations)
        outcome = PushOutcome(PushStatus.DEADLINE, "the push is in flight", sequence=sequence)
        make = partial(build_report, term.epoch, state, cycle, outcome, in_flight=True)
        await self._recorder.announce(term, len(state.targets.names), make)

    async def _post(self, term: Term, state: PacingState, cycle: CycleResult, outcome: PushOutcome) -> None:
        """Show the report on this node and share it with the standbys."""
        previous = self._latest_report.report
        earlier = previous.accepted_at if previous is not None else 0.0
        if outcome.accepted:
            self.cycle_counters.accepted(term.epoch, earlier)
        accepted_at = self.cycle_counters.last_accepted_at if outcome.accepted else earlier
        make = partial(build_report, term.epoch, state, cycle, outcome, accepted_at=accepted_at)
        share = outcome.status is not PushStatus.LATE
        await self._recorder.post(term, len(state.targets.names), make, share=share)


def _learn(state: PacingState, outcome: PushOutcome) -> None:
    """Enter into the ledger what the platform replied to a push that was allotted."""
    if outcome.status is PushStatus.WITHHELD:
        return
    if outcome.replies:
        state.acknowledged(time.time(), outcome.replies)
    else:
        state.failed()


async def _wait_until(event: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake up at once when the event is set."""
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
    except TimeoutError:
        return


async def _first_of(ended: asyncio.Event, urgent: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake up at once when one of the events is set."""
    waiting = [asyncio.ensure_future(each.wait()) for each in (ended, urgent)]
    try:
        await asyncio.wait(waiting, timeout=max(seconds, 0.0), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel(*waiting)
