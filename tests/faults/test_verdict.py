"""Verdicts of drills."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.drill.drills import DRILLS
from simulator.drill.verdict import DrillResult, Expectation, Measured
from simulator.harness.bounds import Bounds

BOUNDS = Bounds(session_timeout=4.0, tick=0.5, period=1.0)
DEMAND = Expectation(0.25, 1, 1, missed_allowed=False)
GOOD = Measured(gap_seconds=0.1, missed_periods=0, accepted_out_of_order=0, master_changes=1)


def test_what_is_within_its_bounds_passes():
    result = DrillResult.judge("graceful", DEMAND, GOOD)
    assert result.passed
    assert result.as_dict() == {
        "drill": "graceful",
        "verdict": "pass",
        "gap_seconds": 0.1,
        "bound_seconds": 0.25,
        "missed_periods": 0,
        "accepted_out_of_order": 0,
        "master_changes": 1,
        "trace": [],
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"gap_seconds": 0.251}, "the gap of 0.251 s is above 0.25 s"),
        ({"missed_periods": 1}, "1 refresh periods were missed"),
        ({"accepted_out_of_order": 1}, "1 pushes were accepted out of order"),
        ({"master_changes": 0}, "the master changed 0 times instead of 1"),
        ({"master_changes": 2}, "the master changed 2 times instead of 1"),
        ({"complaints": ("a push was accepted under an ended lease",)}, "a push was accepted under an ended lease"),
    ],
)
def test_each_broken_demand_fails_the_drill(change, said):
    result = DrillResult.judge("graceful", DEMAND, replace(GOOD, **change))
    assert result.shortcomings == (said,)
    assert result.as_dict()["verdict"] == "fail"


def test_missed_periods_are_no_fault_where_a_session_must_expire_first():
    demand = Expectation(4.75, 1, 1)
    assert DrillResult.judge("freeze", demand, replace(GOOD, gap_seconds=4.6, missed_periods=4)).passed


def test_an_order_that_cannot_be_seen_is_told_as_such():
    result = DrillResult.judge("graceful", DEMAND, replace(GOOD, accepted_out_of_order=None))
    assert result.passed
    assert result.as_dict()["accepted_out_of_order"] is None


@pytest.mark.parametrize(
    ("drill", "bound", "changes", "missed_allowed"),
    [
        ("graceful", 0.25, (1, 1), False),
        ("kill", 0.25, (1, 1), False),
        ("freeze", 4.75, (1, 1), True),
        ("isolate", 4.75, (1, 1), True),
        ("zookeeper-leader", 1.5, (0, 0), True),
        ("zookeeper-outage", 3.0, (0, 1), True),
        ("platform-outage", 1.25, (0, 0), True),
        ("statistics-failover", 0.25, (0, 0), False),
        ("rolling-restart", 0.25, (1, 2), False),
    ],
)
def test_what_each_drill_demands_of_a_session_of_4_s_a_tick_of_half_and_a_period_of_1(
    drill, bound, changes, missed_allowed
):
    demand = DRILLS[drill].demand(BOUNDS)
    assert demand.bound_seconds == bound
    assert (demand.least_changes, demand.most_changes) == changes
    assert demand.missed_allowed is missed_allowed


def test_nothing_else_is_a_drill():
    assert len(DRILLS) == 9
