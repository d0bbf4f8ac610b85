"""What a push may take follows the number of targets and what pushes took, and never passes lease or period."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.cycle.push_budget import FIRST_SECONDS_PER_TARGET, LEAST_SECONDS, PERIOD_SHARE, PushBudget

MOST, PERIOD = 4.0, 5.0
SECONDS = st.floats(0.0, 20.0)
COUNTS = st.integers(1, 100_000)
HISTORIES = st.lists(st.tuples(st.sampled_from(["answered", "overran", "rest"]), COUNTS, SECONDS), max_size=12)


def after(history: list[tuple[str, int, float]]) -> PushBudget:
    budget = PushBudget()
    for what, targets, seconds in history:
        if what == "rest":
            budget.cycle_ended(seconds)
        elif what == "answered":
            budget.answered(targets, seconds)
        else:
            budget.overran(targets, seconds)
    return budget


@given(HISTORIES, COUNTS, st.floats(0.1, 20.0), st.floats(1.0, 300.0))
def test_whatever_happened_a_push_gets_some_time_and_never_more_than_lease_and_period(
    history: list[tuple[str, int, float]], targets: int, most: float, period: float
) -> None:
    budget = after(history)
    limit = budget.limit_seconds(most, period)
    assert 0.0 < budget.seconds(targets, most, period) <= limit <= min(most, PERIOD_SHARE * period)


@given(HISTORIES, COUNTS, COUNTS)
def test_more_targets_never_get_less(history: list[tuple[str, int, float]], one: int, other: int) -> None:
    budget = after(history)
    fewer, more = sorted((one, other))
    assert budget.seconds(fewer, MOST, PERIOD) <= budget.seconds(more, MOST, PERIOD)


@given(HISTORIES, st.floats(0.01, 0.95))
def test_a_platform_of_any_speed_within_the_limit_comes_to_its_time(
    history: list[tuple[str, int, float]], share: float
) -> None:
    budget = after([each for each in history if each[0] != "rest"])
    takes = share * budget.limit_seconds(MOST, PERIOD)
    answered = 0
    for _ in range(12):
        if budget.seconds(1000, MOST, PERIOD) >= takes:
            budget.answered(1000, takes)
            answered += 1
        else:
            budget.overran(1000, budget.seconds(1000, MOST, PERIOD))
    assert answered >= 8, "a push that had too little time doubles what the next one gets"
    assert budget.seconds(1000, MOST, PERIOD) >= takes


@given(st.floats(0.02, 0.7), st.floats(1.0, 1.1))
def test_a_platform_that_grows_slower_is_announced_before_a_push_overruns(share: float, growth: float) -> None:
    budget = PushBudget()
    takes, limit = share * MOST, MOST
    while takes <= limit:
        before = budget.push_time(1000, MOST, PERIOD).used_percent
        assert budget.seconds(1000, MOST, PERIOD) >= takes or before is None
        budget.answered(1000, takes)
        takes *= growth
        if growth < 1.001:
            return
    used = budget.push_time(1000, MOST, PERIOD).used_percent
    assert used is not None
    assert used >= 80.0


def test_before_anything_was_measured_it_follows_the_number_of_targets() -> None:
    budget = PushBudget()
    assert budget.seconds(1, MOST, PERIOD) == pytest.approx(LEAST_SECONDS + FIRST_SECONDS_PER_TARGET)
    assert budget.seconds(10_000, MOST, PERIOD) == pytest.approx(LEAST_SECONDS + 2.0)
    assert budget.push_time(1, MOST, PERIOD).used_percent is None


def test_ten_times_the_targets_are_expected_to_take_ten_times_as_long_before_the_first_such_push() -> None:
    budget = PushBudget()
    budget.answered(1000, 0.4)
    assert budget.expected_seconds(10_000) == pytest.approx(4.0)
    assert budget.push_time(10_000, MOST, PERIOD).used_percent == pytest.approx(100.0)
    assert budget.expected_seconds(10) == pytest.approx(0.4), "fewer are not trusted to take less"


def test_a_slow_push_counts_no_more_once_pushes_are_fast_again() -> None:
    budget = PushBudget()
    budget.answered(100, 3.9)
    for _ in range(30):
        budget.answered(100, 0.1)
    assert budget.seconds(100, MOST, PERIOD) == LEAST_SECONDS
    assert budget.expected_seconds(100) == pytest.approx(0.1, abs=0.05)


def test_what_the_rest_of_the_cycle_takes_is_left_out_of_the_period() -> None:
    budget = PushBudget()
    budget.cycle_ended(0.5)
    assert budget.limit_seconds(60.0, PERIOD) == pytest.approx(4.0)
    budget.cycle_ended(60.0)
    assert budget.limit_seconds(60.0, PERIOD) == pytest.approx(1.5), "a push is never left without time"
    for _ in range(30):
        budget.cycle_ended(0.5)
    assert budget.limit_seconds(60.0, PERIOD) == pytest.approx(4.0, abs=0.02)
