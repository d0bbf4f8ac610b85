"""A calendar clock that is set, by an operator or after a pause of the machine, changes no number of invitations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing_node.cycle.clock_steps import LEAST_SECONDS, READING_SECONDS, ClockSteps
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.plan import CycleSettings
from pacing_node.engagement.replies import TargetReply
from tests.support.cycle_parts import snapshot, target_set

STEPS = [3600.0, 30.0, 3.0, -3.0, -30.0, -3600.0]
PERIOD = 5.0


class Machine:
    """Two clocks, one of which can be set."""

    def __init__(self) -> None:
        self.steady, self.calendar, self.stopped = 100.0, 1_000_000.0, 0.0
        self.steps = ClockSteps(self.read_calendar, lambda: self.steady)

    def read_calendar(self) -> float:
        """Unix time; the process may be stopped between this look and the next."""
        self.pass_by(self.stopped)
        return self.calendar

    def pass_by(self, seconds: float) -> None:
        self.steady += seconds
        self.calendar += seconds


class TestSteps:
    @pytest.mark.parametrize("step", STEPS)
    def test_a_step_is_found_once(self, step: float) -> None:
        machine = Machine()
        assert machine.steps.seconds() == 0.0
        machine.pass_by(PERIOD)
        machine.calendar += step
        assert machine.steps.seconds() == pytest.approx(step)
        machine.pass_by(PERIOD)
        assert machine.steps.seconds() == 0.0

    def test_a_slow_correction_is_no_step_however_long_it_lasts(self) -> None:
        machine = Machine()
        for _ in range(1000):
            machine.pass_by(PERIOD)
            machine.calendar += 0.01 * LEAST_SECONDS
            assert machine.steps.seconds() == 0.0

    def test_a_process_that_was_stopped_between_two_looks_has_seen_none(self) -> None:
        machine = Machine()
        machine.steps.seconds()
        machine.stopped = 10.0 * LEAST_SECONDS + READING_SECONDS
        assert machine.steps.seconds() == 0.0
        machine.stopped = 0.0
        assert machine.steps.seconds() == 0.0


def paced(step: float, periods: int = 16, replies: bool = True) -> tuple[list[list[float]], PacingState]:
    """What is allowed and thought to be out, period by period; the clock is set in the middle of them."""
    state, now, found = PacingState(CycleSettings(), target_set("A", "B")), 1_000_000.0, []
    for period in range(periods):
        now += PERIOD
        if period == periods // 2:
            now += step
            state.clock_set(step, now)
        seen = replace(snapshot(2, ready=6.0, busy=14.0, accepted=1.0), taken_at=1000.0 + period * PERIOD)
        cycle = state.calculate(replace(seen, age_seconds=0.5), now)
        found.append([*cycle.result.invitations.tolist(), *np.round(cycle.feedback.pending, 6).tolist()])
        state.allotted(now, cycle.result.invitations)
        if replies or period < periods // 2:
            state.acknowledged(now + 0.1, [TargetReply(pending=12, positive_disposition_seconds=15.0)] * 2)
        else:
            state.failed()
    return found, state


class TestCycle:
    @pytest.mark.parametrize("replies", [True, False])
    @pytest.mark.parametrize("step", STEPS)
    def test_a_step_changes_no_number(self, step: float, replies: bool) -> None:
        assert paced(step, replies=replies)[0] == paced(0.0, replies=replies)[0]

    @pytest.mark.parametrize("step", STEPS)
    def test_a_step_in_the_middle_of_a_push_costs_no_more_than_its_report(self, step: float) -> None:
        """The reply is entered by the new clock, what it answers by the old one."""
        state, now = PacingState(CycleSettings(), target_set("A")), 1_000_000.0
        for period in range(40):
            now += PERIOD
            if period == 21:
                state.clock_set(step, now)
            seen = replace(snapshot(1, ready=6.0, busy=14.0), taken_at=1000.0 + period * PERIOD, age_seconds=0.5)
            cycle = state.calculate(seen, now)
            assert period < 24 or 0.0 < cycle.feedback.report_seconds[0] < 2.0 * PERIOD
            state.allotted(now, cycle.result.invitations)
            now += step if period == 20 else 0.0
            state.acknowledged(now + 0.1, [TargetReply(pending=12)])
