"""Which targets a partial push is for."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from pacing_node.algorithms.material_change import LEAST_SECONDS, StandingAllowances
from tests.support.cycle_parts import snapshot

MOST = 100


def counts(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def standing(*invitations: int) -> StandingAllowances:
    return StandingAllowances(snapshot(len(invitations)), counts(*invitations), 100.0)


@pytest.mark.parametrize(
    ("column", "more"), [("ready", 1.0), ("ready", -1.0), ("busy", 1.0), ("waiting", 1.0), ("accepted", 1.0)]
)
def test_a_target_is_pushed_when_something_happened_there_and_it_may_invite_more(column: str, more: float) -> None:
    now = snapshot(2, ready=40.0, busy=60.0)
    changed = replace(now, **{column: getattr(now, column) + np.array([0.0, more])})
    large = StandingAllowances(now, counts(2, 2), 100.0)
    assert large.changed(now, counts(1, 1), 105.0, MOST).tolist() == []
    assert large.changed(changed, counts(1, 1), 105.0, MOST).tolist() == [1]
    assert large.changed(changed, counts(0, 0), 105.0, MOST).tolist() == ([1] if column == "waiting" else [])


@pytest.mark.parametrize(("slots", "wanted", "pushed"), [(10.0, 1, True), (100.0, 4, False), (100.0, 5, True)])
def test_what_an_estimate_alone_moves_is_pushed_when_it_is_much_for_the_group(
    slots: float, wanted: int, pushed: bool
) -> None:
    now = snapshot(1, ready=0.0, busy=slots)
    allowances = StandingAllowances(now, counts(0), 100.0)
    assert (len(allowances.changed(now, counts(wanted), 105.0, MOST)) > 0) is pushed


def test_who_was_allowed_nothing_need_not_be_stopped() -> None:
    now = snapshot(2, waiting=3.0)
    assert standing(0, 4).changed(now, counts(0, 0), 105.0, MOST).tolist() == [1]


def test_an_accept_counts_until_its_target_is_pushed() -> None:
    now = snapshot(1, ready=40.0, busy=60.0)
    allowances = StandingAllowances(now, counts(2), 100.0)
    accepted = replace(now, accepted=np.ones(1))
    assert allowances.changed(accepted, counts(0), 102.0, MOST).tolist() == []
    assert allowances.changed(now, counts(1), 103.0, MOST).tolist() == [0], "the accept was seen before"
    allowances.pushed(now, counts(1), np.array([0]), 103.0)
    assert allowances.changed(now, counts(1), 105.0, MOST).tolist() == []


def test_where_there_is_no_room_those_go_first_that_may_invite_most() -> None:
    now = snapshot(4, ready=9.0)
    assert standing(0, 0, 0, 0).changed(now, counts(1, 5, 3, 5), 105.0, 3).tolist() == [1, 2, 3]


def test_rows_that_are_not_valid_are_left_alone() -> None:
    now = replace(snapshot(2, ready=9.0), valid=np.array([True, False]))
    assert standing(0, 0).changed(now, counts(1, 1), 105.0, MOST).tolist() == [0]


@given(st.lists(st.tuples(st.floats(0.01, 1.5), st.lists(st.integers(0, 3), min_size=2, max_size=2)), max_size=40))
def test_no_target_is_pushed_twice_in_a_second(steps: list[tuple[float, list[int]]]) -> None:
    allowances, now = standing(0, 0), 100.0
    last = np.full(2, now)
    for seconds, ready in steps:
        now += seconds
        seen = replace(snapshot(2), ready=np.array(ready, np.float64))
        rows = allowances.changed(seen, counts(1, 1), now, MOST)
        assert (now - last[rows] >= LEAST_SECONDS).all()
        allowances.pushed(seen, counts(1, 1), rows, now)
        last[rows] = now
