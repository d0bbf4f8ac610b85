"""A node that paces for minutes is judged by what it kept."""

from __future__ import annotations

from simulator.benchmark.standing_path import goals_for, judged, missed_periods


def test_a_push_that_is_half_a_period_late_is_in_time_and_each_that_is_not_there_is_missed() -> None:
    assert missed_periods([0.0, 5.0, 12.4, 15.0, 20.0], 5.0) == 0
    assert missed_periods([0.0, 5.0, 15.0, 20.0], 5.0) == 1
    assert missed_periods([0.0, 16.0, 26.0], 5.0) == 3


def test_the_goals_are_those_of_100_000_targets_in_proportion() -> None:
    full, half = goals_for(100_000), goals_for(50_000)
    assert (full["percent_of_core"], full["resident_mib"], full["hold_cpu_ms"]) == (20.0, 900.0, 20.0)
    assert (half["percent_of_core"], half["resident_mib"], half["hold_cpu_ms"]) == (10.0, 450.0, 10.0)
    assert goals_for(10) == goals_for(10_000)
    assert goals_for(10_000)["start_cpu_seconds"] == 4.0


def test_each_goal_has_a_verdict_with_what_was_found() -> None:
    found = {"missed_periods": 0, "percent_of_core": 21.5, "resident_mib": 900.0}
    assert judged(found, goals_for(100_000)) == {
        "missed_periods": "reached: 0, at most 0",
        "percent_of_core": "missed: 21.5, at most 20",
        "resident_mib": "reached: 900, at most 900",
    }
