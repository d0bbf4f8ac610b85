"""A single value that cannot be changes nothing; what the next period confirms is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pacing_node.algorithms import Controller, Ledger, Reason, Snapshot
from tests.algorithms.support import make_policy, names

PERIOD = 5.0
WRONG_AT = 60
CALM = {"ready": 1.0, "busy": 9.0, "waiting": 0.0, "accepted": 0.0, "abandoned": 0.0, "completed": 0.0}


def steady(period: int) -> dict[str, float]:
    """Ten agents of whom one is free; every six periods a visitor enters and an interaction ends."""
    moves = period % 6 == 0
    return CALM | {"accepted": float(moves), "completed": float(moves)}


def run(periods, change=None, accept_seconds=lambda _: 15.0, pending=lambda _: 3.0):
    """Reasons, invitations and levels, period by period; ``change`` spoils a period's columns."""
    controller, ledger, policy = Controller(names(1)), Ledger(names(1)), make_policy(1)
    seen = []
    for period in range(periods):
        now = 1000.0 + PERIOD * period
        columns = steady(period) | {"reactive_waiting": 0.0, "reactive_entered": 0.0, "handle_seconds": np.nan}
        columns = {name: np.array([value]) for name, value in columns.items()}
        for name, more in (change(period) if change else {}).items():
            columns[name] = columns[name] + more
        agents = np.array([10.0])
        snapshot = Snapshot(now, logged_in=agents, capable=agents, valid=np.array([True]), **columns)
        result = controller.calculate(snapshot, ledger.feedback(now), policy)
        seen.append((Reason(result.reason[0]), int(result.invitations[0]), float(result.estimates.level[0])))
        ledger.allotted(now, result.invitations)
        times = np.array([accept_seconds(period)])
        ledger.acknowledged(now, np.array([float(pending(period))]), None, times, times)
    return seen


def once(**changes):
    return lambda period: changes if period == WRONG_AT else {}


@pytest.mark.parametrize(
    ("column", "more"),
    [
        ("ready", 500.0),
        ("busy", 1000.0),
        ("waiting", 1e6),
        ("abandoned", 100.0),
        ("accepted", 1000.0),
        ("completed", 10_000.0),
        ("reactive_entered", 200.0),
        ("reactive_waiting", 500.0),
    ],
)
def test_one_wrong_value_of_the_statistics_changes_no_level(column, more):
    calm, spoiled = run(90), run(90, once(**{column: more}))
    assert spoiled[WRONG_AT][0] is Reason.INPUT_IMPLAUSIBLE
    assert all(reason is not Reason.INPUT_IMPLAUSIBLE for reason, *_ in spoiled[WRONG_AT + 1 :])
    for (_, _, expected), (_, _, level) in zip(calm[WRONG_AT:], spoiled[WRONG_AT:], strict=True):
        assert level == pytest.approx(expected, rel=0.1, abs=0.3)


@pytest.mark.parametrize("seconds", [1e6, 0.0])
def test_one_wrong_time_of_the_platform_changes_no_level(seconds):
    calm = run(90)
    spoiled = run(90, accept_seconds=lambda period: seconds if period == WRONG_AT else 15.0)
    assert spoiled[WRONG_AT + 1][0] is Reason.INPUT_IMPLAUSIBLE
    for (_, _, expected), (_, _, level) in zip(calm[WRONG_AT:], spoiled[WRONG_AT:], strict=True):
        assert level == pytest.approx(expected, rel=0.1, abs=0.3)


@pytest.mark.parametrize("count", [1e6, 500.0])
def test_one_wrong_pending_count_is_gone_with_the_next(count):
    calm = run(120)
    spoiled = run(120, pending=lambda period: count if period == WRONG_AT else 3.0)
    assert spoiled[WRONG_AT + 1][0] is Reason.INPUT_IMPLAUSIBLE
    for (_, _, expected), (_, _, level) in zip(calm[WRONG_AT + 3 :], spoiled[WRONG_AT + 3 :], strict=True):
        assert level == pytest.approx(expected, rel=0.1, abs=0.3)


def test_what_the_next_period_confirms_is_believed():
    shift = run(70, lambda period: {"ready": 20.0} if period >= WRONG_AT else {})
    reasons = [reason for reason, *_ in shift]
    assert reasons[WRONG_AT] is Reason.INPUT_IMPLAUSIBLE
    assert shift[WRONG_AT][1] < 10
    assert reasons[WRONG_AT + 1] is not Reason.INPUT_IMPLAUSIBLE
    assert shift[WRONG_AT + 1][2] > 20.0


def test_other_targets_are_not_held():
    controller, policy = Controller(names(2)), make_policy(2)
    zero, nobody = np.zeros(2), np.full(2, np.nan)
    rest = {"completed": zero, "reactive_waiting": zero, "reactive_entered": zero, "handle_seconds": nobody}
    snapshot = Snapshot(
        1000.0, np.full(2, 10.0), np.full(2, 10.0), np.full(2, 2.0), np.full(2, 8.0), zero, zero, zero,
        valid=np.ones(2, dtype=np.bool_), **rest,
    )  # fmt: skip
    ledger = Ledger(names(2))
    controller.calculate(snapshot, ledger.feedback(1000.0), policy)
    spoiled = replace(snapshot, taken_at=1005.0, ready=np.array([500.0, 2.0]))
    result = controller.calculate(spoiled, ledger.feedback(1005.0), policy)
    assert [Reason(reason) is Reason.INPUT_IMPLAUSIBLE for reason in result.reason] == [True, False]
