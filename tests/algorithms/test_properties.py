"""What holds for every law, whatever the numbers."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing_node.algorithms import Algorithm, Controller, OptimizationTarget, Reason
from pacing_node.algorithms.observation import Observer
from pacing_node.algorithms.outer import INBOUND_MARGIN, inbound_margin
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names

LAWS = list(Algorithm)
SLOTS = st.integers(0, 120)
PENDING = st.integers(0, 400)
every_law = pytest.mark.parametrize("algorithm", LAWS)


def calculate(algorithm, size=1, feedback=None, policy=None, controller=None, **values):
    policy = policy or make_policy(size, algorithm)
    controller = controller or Controller(names(size))
    return controller.calculate(make_snapshot(size, **values), feedback or make_feedback(size), policy)


@every_law
@settings(max_examples=60, deadline=None)
@given(ready=SLOTS, busy=SLOTS, waiting=st.integers(0, 200), pending=PENDING, handle=st.floats(1.0, 3600.0))
def test_outputs_are_never_negative_and_portions_stay_in_range(algorithm, ready, busy, waiting, pending, handle):
    policy = make_policy(1, algorithm, proactive_ratio=0.7)
    feedback = make_feedback(pending=pending)
    result = calculate(
        algorithm, policy=policy, feedback=feedback, ready=ready, busy=busy, waiting=waiting, handle_seconds=handle
    )
    assert result.invitations[0] >= 0
    assert result.invitations.dtype == np.int64
    if algorithm.dual:
        assert 0.0 <= result.inbound_portion[0] <= 1.0
    else:
        assert np.isnan(result.inbound_portion[0])


@every_law
def test_nobody_logged_in_means_no_invitations(algorithm):
    result = calculate(algorithm, ready=0.0, busy=0.0)
    assert result.invitations[0] == 0
    assert result.reason[0] == Reason.NO_AGENTS_LOGGED_IN


@every_law
@pytest.mark.parametrize("waiting", [0.0, 2.0])
@pytest.mark.parametrize("slots", [12, 30, 80])
def test_more_ready_agents_never_mean_fewer_invitations(algorithm, slots, waiting):
    ready = np.arange(0.0, slots + 1)
    result = calculate(algorithm, len(ready), ready=ready, busy=slots - ready, waiting=waiting)
    assert (np.diff(result.estimates.level) >= -1e-6).all()


@every_law
@pytest.mark.parametrize("busy", [0.0, 7.0, 20.0, 29.0, 60.0])
def test_more_agents_never_mean_fewer_invitations(algorithm, busy):
    ready = np.arange(0.0, 80.0)
    result = calculate(algorithm, len(ready), ready=ready, busy=busy)
    assert (np.diff(result.estimates.level) >= -1e-6).all()


@every_law
@settings(max_examples=40, deadline=None)
@given(ready=SLOTS, busy=SLOTS, fewer=PENDING, more=PENDING)
def test_more_pending_never_means_more_invitations(algorithm, ready, busy, fewer, more):
    pending = np.sort([fewer, more]).astype(float)
    result = calculate(algorithm, 2, feedback=make_feedback(2, pending=pending), ready=ready, busy=busy)
    # Rounding by chance differs between targets by one invitation at most.
    assert result.invitations[0] >= result.invitations[1] - 1
    assert result.estimates.level[0] >= result.estimates.level[1] - 8.0 * algorithm.dual


@every_law
@settings(max_examples=40, deadline=None)
@given(ready=st.integers(1, 100), busy=SLOTS, low=st.floats(0.01, 0.5), high=st.floats(0.01, 0.5))
def test_a_looser_abandonment_goal_never_allows_less(algorithm, ready, busy, low, high):
    goal = np.sort([low, high])
    policy = replace(make_policy(2, algorithm, goal=goal), proactive_ratio=1.0)
    result = calculate(algorithm, 2, policy=policy, ready=ready, busy=busy)
    assert result.estimates.level[1] >= result.estimates.level[0] - 1e-6


@pytest.mark.parametrize("algorithm", [Algorithm.PREDICTIVE_B, Algorithm.LOOKAHEAD])
@settings(max_examples=40, deadline=None)
@given(ready=st.integers(1, 100), busy=SLOTS, low=st.floats(0.3, 0.95), high=st.floats(0.3, 0.95))
def test_a_higher_busy_factor_never_allows_less(algorithm, ready, busy, low, high):
    policy = replace(
        make_policy(2, algorithm, goal=np.sort([low, high])), optimization_target=OptimizationTarget.BUSY_FACTOR
    )
    result = calculate(algorithm, 2, policy=policy, ready=ready, busy=busy)
    assert result.estimates.level[1] >= result.estimates.level[0] - 1e-6


@every_law
def test_permuting_targets_permutes_results(algorithm):
    size, random = 40, np.random.default_rng(3)
    order = random.permutation(size)
    policy = make_policy(size, algorithm, proactive_ratio=0.6)
    ours, theirs = names(size), [names(size)[i] for i in order]
    first, second = Controller(ours), Controller(theirs)
    for step in range(4):
        values = {
            "ready": random.integers(0, 20, size).astype(float),
            "busy": random.integers(0, 40, size).astype(float),
            "waiting": random.integers(0, 3, size).astype(float),
            "abandoned": random.integers(0, 2, size).astype(float),
            "accepted": random.integers(0, 4, size).astype(float),
        }
        pending = random.integers(0, 20, size).astype(float)
        disposed = random.integers(0, 9, size).astype(float)
        at = 1000.0 + 5 * step
        plain = first.calculate(
            make_snapshot(size, taken_at=at, **values), make_feedback(size, pending=pending, disposed=disposed), policy
        )
        moved = second.calculate(
            make_snapshot(size, taken_at=at, **{k: v[order] for k, v in values.items()}),
            make_feedback(size, pending=pending[order], disposed=disposed[order]),
            policy,
        )
        assert (plain.invitations[order] == moved.invitations).all()
        assert (plain.reason[order] == moved.reason).all()
        np.testing.assert_allclose(plain.inbound_portion[order], moved.inbound_portion)


@every_law
def test_inputs_are_left_alone(algorithm):
    policy = make_policy(3, algorithm, proactive_ratio=0.5)
    snapshot, feedback = make_snapshot(3, ready=4.0, busy=3.0), make_feedback(3, pending=2.0, disposed=4.0)
    before = [snapshot.ready.copy(), snapshot.busy.copy(), feedback.pending.copy(), policy.goal.copy()]
    Controller(names(3)).calculate(snapshot, feedback, policy)
    for old, new in zip(before, [snapshot.ready, snapshot.busy, feedback.pending, policy.goal], strict=True):
        assert (old == new).all()


def test_the_algorithm_may_change_between_calls_and_keeps_what_was_learned():
    policy = make_policy(1, Algorithm.LOOKAHEAD)
    controller = Controller(names(1))
    for step in range(30):
        controller.calculate(
            make_snapshot(taken_at=1000.0 + 5 * step, ready=2.0, busy=8.0, accepted=3.0),
            make_feedback(disposed=5.0),
            policy,
        )
    learned = controller.calculate(make_snapshot(taken_at=1200.0), make_feedback(), policy).estimates.acceptance_ratio
    for algorithm in Algorithm:
        changed = replace(policy, algorithm=algorithm)
        result = controller.calculate(make_snapshot(taken_at=1201.0), make_feedback(), changed)
        assert result.estimates.acceptance_ratio == pytest.approx(learned)
    assert learned[0] > 0.45


def test_a_copy_of_a_controller_shares_the_tables_of_the_laws():
    controller = Controller(names(1))
    assert copy.deepcopy(controller)._laws is controller._laws


def test_a_name_given_twice_and_a_policy_for_others_are_refused():
    with pytest.raises(ValueError, match="must differ"):
        Controller(["a", "a"])
    with pytest.raises(ValueError, match="policy has 2 rows, there are 3 targets"):
        Controller(names(3)).calculate(make_snapshot(3), make_feedback(3), make_policy(2))


@pytest.mark.parametrize("slots", [3, 10, 30, 40, 100])
def test_more_inbound_traffic_raises_the_margin_and_never_gives_more(slots):
    size, handle = 21, 300.0
    share = np.linspace(0.0, 1.0, size)
    controller = Controller(names(size))
    controller._state.reactive[:] = share * slots / handle
    values = {"ready": slots // 3 + 1.0, "busy": slots - slots // 3 - 1.0, "handle_seconds": handle}
    result = calculate(Algorithm.LOOKAHEAD, size, controller=controller, **values)
    assert (np.diff(result.estimates.level) <= 1e-9).all()
    assert result.estimates.level[0] > result.estimates.level[-1]
    observed = Observer(1).observe(make_snapshot(1, **values), np.ones(1, dtype=np.bool_))
    believed = replace(result.estimates, handle_seconds=np.array([handle]))
    added = inbound_margin(np.array([0.5 * slots / handle]), observed.slots, believed.handle_seconds)
    assert added == pytest.approx(0.5 * INBOUND_MARGIN)
