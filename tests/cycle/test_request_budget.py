"""What partial pushes may use of the requests there are; a full push never waits for them."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pacing_node.cycle.request_budget import WINDOW_SECONDS, RequestBudget


def allows(budget: RequestBudget, now: float, per_minute: int = 20, full_requests: int = 1) -> bool:
    return budget.allows(now, per_minute, full_requests=full_requests, refresh_seconds=5.0)


def test_the_requests_of_full_pushes_are_taken_off_the_budget() -> None:
    budget = RequestBudget()
    for second in range(0, 60, 5):
        budget.sent(float(second), 1)
    assert allows(budget, 59.0, per_minute=13)
    assert not allows(budget, 59.0, per_minute=12)
    assert allows(budget, 60.0, per_minute=12), "the first of them is a minute ago"


@given(st.lists(st.floats(0.05, 5.0), min_size=1, max_size=200), st.integers(1, 60))
def test_in_any_minute_there_are_at_most_so_many_requests(pauses: list[float], per_minute: int) -> None:
    budget, now, sent = RequestBudget(), 0.0, []
    for pause in pauses:
        now += pause
        if allows(budget, now, per_minute):
            budget.sent(now, 1)
            sent.append(now)
        assert len([at for at in sent if at > now - WINDOW_SECONDS]) <= per_minute


@pytest.mark.parametrize(("left", "allowed"), [(None, True), (0, False), (5, False), (6, True)])
def test_what_the_platform_takes_is_kept_for_the_full_pushes_of_its_window(left: int | None, allowed: bool) -> None:
    """Of a window with 17 s left four full pushes begin, and one more is kept."""
    budget = RequestBudget()
    budget.told(100.0, left, 17.0)
    assert allows(budget, 100.0) is allowed
    assert allows(budget, 117.0), "it counts anew"


def test_a_full_push_of_many_requests_is_kept_whole() -> None:
    budget = RequestBudget()
    budget.told(100.0, 50, 17.0)
    assert allows(budget, 100.0, full_requests=9)
    assert not allows(budget, 100.0, full_requests=10)


def test_the_platform_may_ask_to_wait() -> None:
    budget = RequestBudget()
    budget.wait(110.0)
    budget.wait(105.0)
    assert not allows(budget, 109.9)
    assert allows(budget, 110.0)
