"""Statistics that are older than they say are noticed by what the platform reported meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing_node.algorithms.feed_lag import FeedLag
from simulator.benchmark.benchmark_run import REFRESH_SECONDS, Day
from simulator.benchmark.day_model import STEP_SECONDS
from simulator.benchmark.kind_of_day import STATIONARY
from simulator.benchmark.laws import LAWS
from tests.algorithms.support import make_snapshot


def believed(lag: float, minutes: float, agents: int = 10, **changes) -> float:
    """The lag found on one target of the benchmark's centre."""
    day = Day(LAWS["LOOKAHEAD"], [replace(STATIONARY, unknown_lag_seconds=lag, **changes)], np.array([agents]), 3)
    for step in range(int(minutes * 60.0 / STEP_SECONDS)):
        if lag and step % int(1.0 / STEP_SECONDS) == 0:
            day.look()
        if step % int(REFRESH_SECONDS / STEP_SECONDS) == 0:
            day.push()
        day.centre.advance()
    return day._ledger.lag.seconds


@pytest.mark.parametrize("lag", [0.0, 5.0, 15.0, 30.0])
def test_the_lag_of_a_feed_is_found_by_one_target_of_ten_agents(lag):
    # By the day it takes 7 to 52 minutes.
    assert believed(lag, minutes=60.0) == pytest.approx(lag, abs=2.5)


def test_a_quiet_hour_and_a_crowd_are_no_lag():
    few = 0.1 / 300.0 / 0.3
    visitors = ((0.0, np.inf), (1200.0, few), (2400.0, np.inf))
    assert believed(0.0, minutes=60.0, agents=60, visitors=visitors) == 0.0


def test_nothing_is_believed_without_evidence():
    lag = FeedLag()
    for period in range(200):
        at = 1000.0 + 5.0 * period
        lag.learn(make_snapshot(2, taken_at=at), at)
        lag.reported(at, at + 5.0, np.zeros(2))
    assert lag.seconds == 0.0


def test_entries_without_any_connection_to_the_replies_tell_no_lag():
    lag, random = FeedLag(), np.random.default_rng(2)
    for period in range(1000):
        at = 1000.0 + 5.0 * period
        lag.learn(make_snapshot(2, taken_at=at, accepted=random.poisson(0.5, 2).astype(float)), at)
        lag.reported(at, at + 5.0, random.poisson(1.5, 2).astype(float))
    assert lag.seconds == 0.0
