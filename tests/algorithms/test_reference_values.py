"""SUPER_PROGRESSIVE and PREDICTIVE_B give the reference values exactly."""

from __future__ import annotations

import numpy as np
import pytest

from pacing_node.algorithms import Algorithm, Controller, OptimizationTarget
from pacing_node.algorithms.erlang import OfferedLoadTable, blocking
from pacing_node.algorithms.super_progressive import OverInvitationTable, overflow
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names

AGENTS = np.array([1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0])
OVER_INVITATION = {
    0.3: (1, 3, 5, 10, 26, 58, 92),
    0.1: (1, 6, 12, 28, 73, 169, 268),
    0.6: (1, 2, 3, 6, 14, 31, 48),
}


@pytest.mark.parametrize(("acceptance", "expected"), OVER_INVITATION.items())
def test_super_progressive_over_invites_by_the_reference_table(acceptance, expected):
    limit = OverInvitationTable().limit(AGENTS, np.full(7, acceptance), np.full(7, 0.03))
    assert limit.tolist() == list(expected)


@pytest.mark.parametrize(("acceptance", "expected"), OVER_INVITATION.items())
def test_the_controller_sends_the_reference_numbers(acceptance, expected):
    policy = make_policy(7, Algorithm.SUPER_PROGRESSIVE)
    controller = Controller(names(7))
    # Enough evidence that the acceptance ratio is known and not the cautious start value.
    controller._state.disposed[:] = 1e6
    controller._state.entries[:] = 1e6 * acceptance
    result = controller.calculate(make_snapshot(7, ready=AGENTS), make_feedback(7), policy)
    assert result.invitations.tolist() == list(expected)


def test_overflow_equals_its_definition():
    from scipy.stats import binom  # noqa: PLC0415 - takes a second to load: no process collects at that price

    invitations, agents, acceptance = 12, 4, 0.35
    counts = np.arange(invitations + 1)
    expected = (binom.pmf(counts, invitations, acceptance) * np.maximum(counts - agents, 0)).sum()
    assert overflow(np.array([12.0]), np.array([4.0]), np.array([0.35]))[0] == pytest.approx(expected)


def test_over_invitation_continues_smoothly_above_the_exact_table():
    agents = np.arange(100.0, 400.0)
    limit = OverInvitationTable().limit(agents, np.full(300, 0.3), np.full(300, 0.03))
    assert (np.diff(limit) >= 2).all()
    assert (np.diff(limit) <= 5).all()


def test_predictive_b_carries_the_reference_load():
    servers = np.array([10.0, 30.0, 50.0, 100.0, 500.0])
    load = OfferedLoadTable().load(servers, np.full(5, 0.03), OptimizationTarget.ABANDONMENT_RATE)
    assert load == pytest.approx([5.529, 23.062, 41.933, 90.794, 495.90], abs=5e-3)


def test_predictive_b_carries_the_reference_load_of_a_busy_factor():
    load = OfferedLoadTable().load(np.array([10.0, 100.0]), np.full(2, 0.75), OptimizationTarget.BUSY_FACTOR)
    assert load == pytest.approx([9.03, 75.07], abs=5e-3)


def test_blocking_equals_the_recursion():
    load, value = 7.5, 1.0
    for servers in range(1, 13):
        value = load * value / (servers + load * value)
    assert blocking(np.array([12.0]), np.array([load]))[0] == pytest.approx(value)


def test_predictive_b_keeps_the_pending_level_of_its_load():
    policy = make_policy(1, Algorithm.PREDICTIVE_B)
    controller = Controller(names(1))
    controller._state.disposed[:], controller._state.entries[:] = 1e6, 0.3e6
    result = controller.calculate(make_snapshot(ready=10.0), make_feedback(), policy)
    expected = 5.529 / 300.0 * 15.0 / 0.3 * (5.0 / 15.0) / (1.0 - np.exp(-5.0 / 15.0))
    assert result.estimates.level[0] == pytest.approx(expected, rel=1e-3)
    assert result.invitations[0] == int(expected)
