"""Estimators: what they learn, how fast, and what they refuse to believe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing_node.algorithms import Algorithm, Controller, Ledger
from simulator.benchmark.benchmark_run import Day
from simulator.benchmark.day_model import Centre
from simulator.benchmark.kind_of_day import STATIONARY
from simulator.benchmark.laws import LAWS
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names


def run(scenario, agents, seconds, rows=6):
    day = Day(LAWS["LOOKAHEAD"], [scenario], np.full(rows, agents), 5)
    seen = []
    inner = day._controller.calculate

    def calculate(snapshot, feedback, policy):
        result = inner(snapshot, feedback, policy)
        seen.append(result.estimates)
        return result

    day._controller.calculate = calculate
    for step in range(int(seconds * 4)):
        if step % 20 == 0:
            day.push()
        day.centre.advance()
    return seen, day


def test_acceptance_and_times_are_learned_from_counts_alone():
    wrong = replace(STATIONARY, acceptance=((0.0, 0.5),), prior_acceptance=0.3)
    seen, _ = run(wrong, 60, 2400.0)
    assert seen[-1].acceptance_ratio.mean() == pytest.approx(0.5, abs=0.05)
    assert seen[-1].handle_seconds.mean() == pytest.approx(300.0, rel=0.15)
    assert seen[-1].disposition_seconds.mean() == pytest.approx(15.0, rel=0.25)


def test_the_time_to_a_disposition_is_learned_where_most_periods_bring_none():
    """One invitation at a time, answered after 15 s, three reports later; one in three is accepted."""
    controller, ledger, policy, at, pending = Controller(names(1)), Ledger(names(1)), make_policy(1), 1000.0, 0.0
    for period in range(600):
        at += 5.0
        answered = period % 6 == 3
        snapshot = make_snapshot(taken_at=at, ready=1.0, busy=2.0, accepted=float(answered and period % 18 == 3))
        believed = controller.calculate(snapshot, ledger.feedback(at), policy).estimates
        pending = 0.0 if answered else pending
        ledger.allotted(at, np.array([int(period % 6 == 0)]))
        ledger.acknowledged(at, np.array([pending]))
        pending = 1.0 if period % 6 == 0 else pending
    assert 8.0 < believed.disposition_seconds[0] < 16.0


def test_what_is_not_known_yet_counts_against_inviting():
    seen, _ = run(STATIONARY, 30, 10.0)
    assert (seen[0].acceptance_ratio > 0.4).all()


def test_a_step_of_the_acceptance_ratio_is_noticed_within_minutes():
    step = replace(STATIONARY, acceptance=((0.0, 0.3), (1800.0, 0.6)))
    seen, _ = run(step, 60, 2100.0, rows=24)
    assert seen[355].acceptance_ratio.mean() == pytest.approx(0.3, abs=0.05)
    assert seen[-1].acceptance_ratio.mean() > 0.5


def test_unspent_invitations_are_not_taken_for_rejections():
    few = replace(STATIONARY, visitors=((0.0, 0.003),))
    seen, day = run(few, 20, 3600.0)
    assert seen[-1].acceptance_ratio.mean() == pytest.approx(0.3, abs=0.1)
    assert (seen[-1].acceptance_ratio > 0.2).all()
    assert day._controller._state.spent.mean() > 0.5


def test_invitations_that_were_spent_are_not_taken_for_unspent():
    _, day = run(STATIONARY, 10, 1200.0)
    assert day._controller._state.spent.mean() < 0.05


def test_a_platform_that_forgets_what_was_pending_does_not_lower_the_acceptance_ratio():
    policy = make_policy(1, Algorithm.LOOKAHEAD)
    controller, ledger = Controller(names(1)), Ledger(names(1))
    controller._state.entries[:], controller._state.disposed[:] = 75.0, 250.0
    at = 1000.0
    for pending in (150.0, 150.0, 0.0, 0.0):
        snapshot = make_snapshot(taken_at=at, ready=20.0, busy=60.0)
        result = controller.calculate(snapshot, ledger.feedback(at), policy)
        ledger.allotted(at, np.array([0]))
        ledger.acknowledged(at, np.array([pending]))
        at += 5.0
    last = controller.calculate(make_snapshot(taken_at=at, ready=20.0, busy=60.0), ledger.feedback(at), policy)
    assert last.estimates.acceptance_ratio[0] > 0.6 * result.estimates.acceptance_ratio[0]
    assert last.estimates.acceptance_ratio[0] > 0.18


def test_statistics_and_reports_go_before_what_was_learned():
    policy = make_policy(1)
    controller = Controller(names(1))
    feedback = make_feedback(acceptance_ratio=0.8, disposition_seconds=33.0)
    estimates = controller.calculate(make_snapshot(handle_seconds=444.0), feedback, policy).estimates
    assert estimates.handle_seconds[0] == 444.0
    assert estimates.disposition_seconds[0] == 33.0
    assert estimates.acceptance_ratio[0] > 0.8


def test_a_young_average_of_the_platform_does_not_count_in_full():
    # Five seconds after a start only those have answered who were quick, and nobody has accepted yet.
    policy = make_policy(1)
    controller = Controller(names(1))
    early, late = {"acceptance_ratio": 0.0, "disposition_seconds": 2.0}, {"acceptance_ratio": 0.8}
    first = _told(controller, policy, 0, **early)
    assert first.disposition_seconds[0] > 0.8 * policy.default_disposition_seconds
    assert first.acceptance_ratio[0] > policy.default_acceptance
    for step in range(1, 25):
        last = _told(controller, policy, step, **late, disposition_seconds=12.0)
    assert last.disposition_seconds[0] == 12.0
    assert last.acceptance_ratio[0] > 0.8


def test_a_young_average_that_is_longer_than_believed_counts_at_once():
    policy = make_policy(1)
    controller = Controller(names(1))
    assert _told(controller, policy, 0, disposition_seconds=40.0).disposition_seconds[0] == 40.0


def _told(controller, policy, step, **reported):
    """Estimates after a report of five seconds without invitations."""
    ages = dict.fromkeys(("reported", "report_age_seconds", "allotted_age_seconds", "pending_seconds"), 0.0)
    feedback = make_feedback(report_seconds=5.0, **ages, **reported)
    return controller.calculate(make_snapshot(taken_at=1000.0 + 5.0 * step), feedback, policy).estimates


def test_patience_is_learned_from_waiting_and_leaving():
    policy = make_policy(1)
    controller = Controller(names(1))
    for step in range(100):
        snapshot = make_snapshot(taken_at=1000.0 + 5 * step, ready=0.0, busy=9.0, waiting=2.0, abandoned=0.25)
        result = controller.calculate(snapshot, make_feedback(), policy)
    assert result.estimates.patience_seconds[0] == pytest.approx(40.0, rel=0.1)


def test_the_reactive_rate_is_the_offered_one_not_the_admitted():
    policy = make_policy(1, Algorithm.LOOKAHEAD_DUAL, proactive_ratio=0.5)
    controller = Controller(names(1))
    for step in range(1000):
        controller._state.inbound[:] = 0.5
        snapshot = make_snapshot(taken_at=1000.0 + 5 * step, ready=2.0, busy=9.0, reactive_entered=1.0)
        result = controller.calculate(snapshot, make_feedback(), policy)
    assert result.estimates.reactive_per_second[0] == pytest.approx(0.4, rel=0.05)


def test_an_invalid_row_learns_nothing_and_comes_back():
    policy = make_policy(2)
    controller = Controller(names(2))
    for step in range(3):
        valid = np.array([True, step != 1])
        snapshot = make_snapshot(2, taken_at=1000.0 + 5 * step, ready=np.array([3.0, 3.0]), accepted=1.0, valid=valid)
        result = controller.calculate(snapshot, make_feedback(2), policy)
        assert (result.invitations > 0).tolist() == valid.tolist()


def test_the_centre_is_seeded():
    first, second = (Centre(STATIONARY, np.full(3, 5), 9) for _ in range(2))
    for centre in (first, second):
        centre.allot(np.full(3, 20), 5.0)
        for _ in range(400):
            centre.advance()
    assert (first.totals["accepted"] == second.totals["accepted"]).all()


def after(*stretches: tuple[int, float], agents: int = 100) -> tuple[float, float]:
    """The ratio in use after stretches of (periods, true ratio), and before the last one; 100 dispositions a period."""
    controller, policy = Controller(names(1)), make_policy(1)
    found, at = [0.0], 1000.0
    for periods, ratio in stretches:
        for _ in range(periods):
            at += 5.0
            busy = make_snapshot(taken_at=at, ready=0.0, busy=float(agents), accepted=100.0 * ratio)
            feedback = make_feedback(sent=100.0, disposed=100.0)
            result = controller.calculate(busy, feedback, policy)
        found.append(float(result.estimates.acceptance_ratio[0]))
    return found[-1], found[-2]


@pytest.mark.parametrize("minutes", [2, 10, 60])
def test_a_broken_page_says_nothing_of_the_visitors_after_its_repair(minutes):
    during, before = after((120, 0.3), (12 * minutes, 0.0))
    assert before == pytest.approx(0.3, rel=0.05)
    assert during > 0.85 * before


def test_a_lower_ratio_is_believed_as_accepts_prove_it():
    quarter, before = after((120, 0.4), (120, 0.2))
    assert before == pytest.approx(0.4, rel=0.05)
    assert quarter == pytest.approx(0.2, rel=0.05)


def test_the_ratio_in_use_falls_to_a_third_at_once_and_to_the_rest_in_time():
    soon, before = after((120, 0.3), (60, 0.02))
    assert soon >= before / 3.0 * 0.8
    later, _ = after((120, 0.3), (1500, 0.02))
    assert later == pytest.approx(0.02, rel=0.2)
