"""The benchmark's contact centre keeps its books and follows the theory of queues."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from simulator.benchmark import oracle
from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.benchmark_run import simulate
from simulator.benchmark.day_model import STEP_SECONDS, Centre, Queue, Ring
from simulator.benchmark.kind_of_day import STATIONARY
from simulator.benchmark.oracle import Process, Setting
from simulator.benchmark.times import Exponential

solve = functools.cache(oracle.solve)
"""Tests share optima of the same setting; each takes seconds."""


def test_a_ring_returns_every_booked_event_once():
    ring = Ring(10.0, 2)
    ring.book(0, np.array([0, 0, 1]), np.array([0.0, 0.3, 5.0]))
    found = np.array([ring.due(step) for step in range(1, 60)])
    assert found.sum(axis=0).tolist() == [2, 1]
    assert np.flatnonzero(found[:, 0]).tolist() == [0, 1]
    assert np.flatnonzero(found[:, 1]).tolist() == [20]


def test_a_queue_serves_in_order_of_arrival():
    queue = Queue(1)
    queue.join(np.array([0, 0]), np.array([50.0, 60.0]), reactive=False)
    queue.join(np.array([0]), np.array([70.0]), reactive=True)
    assert queue.serve(np.array([0]), np.array([2])).tolist() == [2]
    assert queue.size.tolist() == [1]
    assert queue.proactive.tolist() == [0]


def test_a_queue_lets_those_go_whose_patience_is_over():
    queue = Queue(2)
    queue.join(np.array([0, 0, 1]), np.array([5.0, 9.0, 7.0]), reactive=False)
    queue.join(np.array([0]), np.array([6.0]), reactive=True)
    gone, gone_reactive = queue.give_up(7.0)
    assert gone.tolist() == [1, 1]
    assert gone_reactive.tolist() == [1, 0]
    assert queue.size.tolist() == [1, 0]
    assert queue.give_up(9.0)[0].tolist() == [1, 0]


def test_a_queue_grows_with_the_crowd():
    queue = Queue(2)
    queue.join(np.zeros(100, dtype=np.int64), np.full(100, 9.0), reactive=False)
    assert queue.size.tolist() == [100, 0]
    assert queue.give_up(10.0)[0].tolist() == [100, 0]


@pytest.mark.parametrize("scenario", ["stationary", "shared-agents", "dual-50", "few-visitors", "spread"])
def test_nobody_is_lost_and_nobody_is_served_twice(scenario):
    setting = replace(scenarios()[scenario], seconds=600.0)
    agents = np.full(4, 6)
    centre = Centre(setting, agents, 3)
    for step in range(2400):
        if step % 20 == 0:
            centre.allot(np.full(4, 3), 5.0)
        centre.advance()
        totals = centre.totals
        assert (centre.pending == totals["sent"] - totals["disposed"]).all()
        waiting = totals["entries"] - totals["accepted"] - totals["abandoned"]
        assert (centre.queue.proactive == waiting).all()
        assert (centre.busy <= centre.slots).all()
        assert (centre.busy >= 0).all()
    served = (totals["accepted"] + totals["reactive_accepted"]).reshape(-1, setting.sharing).sum(axis=1)
    ended = totals["completed"][:: setting.sharing]
    assert (served - ended == centre.busy).all()


def test_one_invitation_per_ready_agent_is_busy_as_renewal_theory_says():
    # An agent is free for a push's delay and then for 1/p invitations of 15 s each, some of them overlapping none.
    days = simulate("one-per-ready", replace(STATIONARY, seconds=5400.0), [10], 60)
    busy = days.busy_seconds[6:].sum() / days.slot_seconds[6:].sum()
    idle = 0.5 * 5.0 + 15.0 / 0.3 + (1 / 0.3 - 1) * 2.5
    assert busy == pytest.approx(300.0 / (300.0 + idle), abs=0.01)
    assert days.abandoned.sum() == 0


def test_the_centre_under_a_fixed_curve_matches_the_markov_process():
    # Every five seconds pending is filled up to the oracle's curve: what it assumes, the centre can do.
    optimum = solve(Setting(5))
    setting = replace(STATIONARY, handle=Exponential(300.0), seconds=3600.0)
    centre = Centre(setting, np.full(300, 5), 11)
    curve = np.concatenate([optimum.levels, np.zeros(200, dtype=np.int64)])
    for step in range(int(3600 / STEP_SECONDS)):
        if step % int(5.0 / STEP_SECONDS) == 0:
            level = curve[np.minimum(centre.busy + centre.queue.size, len(curve) - 1)]
            centre.allot(np.maximum(level - centre.pending, 0), 5.0)
        centre.advance()
        if step == int(600 / STEP_SECONDS):
            start = {name: total.copy() for name, total in centre.totals.items()}
    found = {name: float((total - start[name]).sum()) for name, total in centre.totals.items()}
    expected = Process(Setting(5)).evaluate(optimum.levels)
    assert found["busy_seconds"] / found["slot_seconds"] == pytest.approx(expected.busy_ratio, abs=0.006)
    assert found["abandoned"] / found["entries"] == pytest.approx(expected.share, abs=0.004)


def test_the_oracle_spends_the_goal_and_grows_with_the_group():
    found = [solve(Setting(n)) for n in (1, 3, 10)]
    assert [round(o.abandonment_percent, 3) for o in found] == [3.0, 3.0, 3.0]
    assert found[0].busy_percent < found[1].busy_percent < found[2].busy_percent
    # The reference's optimum: 86.9 and 91.7 % busy at three and ten agents.
    assert found[1].busy_percent == pytest.approx(86.9, abs=0.2)
    assert found[2].busy_percent == pytest.approx(91.7, abs=0.1)
    assert (np.diff(found[2].levels) <= 0).all()


def test_who_decides_more_often_is_busier():
    found = [solve(Setting(2, period_seconds=period)).busy_percent for period in (10.0, 5.0, 1.0)]
    assert found == sorted(found)
    assert found[2] > found[1] + 0.5


def test_no_curve_within_the_goal_is_busier_than_the_optimum():
    setting = Setting(3)
    process, optimum = Process(setting), solve(setting)
    within = 0
    for free in range(3):
        for change in (-2, -1, 0, 1, 2):
            levels = optimum.levels.copy()
            levels[free] = max(levels[free] + change, 0)
            found = process.evaluate(levels)
            within += found.share <= setting.goal
            assert found.share > setting.goal or 100.0 * found.busy_ratio < optimum.busy_percent
    assert within >= 5
