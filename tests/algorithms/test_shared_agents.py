"""Agents of several targets are counted once and promised once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing_node.algorithms import Algorithm, Controller, Reason, SharedAgents
from pacing_node.algorithms.sharing import FLOOR, deal, share_agents
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names


def one_class(size, ready, busy):
    return SharedAgents(
        class_index=np.zeros(size, dtype=np.int64),
        class_target=np.arange(size),
        ready=np.full(size, float(ready)),
        busy=np.full(size, float(busy)),
        ready_agents=np.array([float(ready)]),
    )


def calculate(algorithm, size, ready, busy, **values):
    policy = make_policy(size, algorithm)
    controller = Controller(names(size))
    controller._state.entries[:], controller._state.disposed[:] = 3e5, 1e6
    snapshot = make_snapshot(size, ready=ready, busy=busy, shared=one_class(size, ready, busy), **values)
    return controller.calculate(snapshot, make_feedback(size), policy)


@pytest.mark.parametrize("algorithm", [Algorithm.SUPER_PROGRESSIVE, Algorithm.LOOKAHEAD, Algorithm.PREDICTIVE_B])
@settings(max_examples=25, deadline=None)
@given(size=st.integers(2, 5), ready=st.integers(0, 40), busy=st.integers(0, 40))
def test_no_ready_agent_is_promised_twice_in_one_cycle(algorithm, size, ready, busy):
    together = calculate(algorithm, size, ready, busy).invitations.sum()
    policy = make_policy(1, algorithm)
    alone = Controller(names(1))
    alone._state.entries[:], alone._state.disposed[:] = 3e5, 1e6
    single = alone.calculate(make_snapshot(ready=ready, busy=busy), make_feedback(), policy).invitations[0]
    assert together <= single + 1


def test_one_ready_agent_gets_one_promise():
    result = calculate(Algorithm.LOOKAHEAD, 2, 1, 0)
    assert result.invitations.sum() == 1


def test_the_claims_of_a_neighbour_count():
    result = calculate(Algorithm.LOOKAHEAD, 2, 2, 8, waiting=np.array([6.0, 0.0]))
    assert result.invitations.tolist() == [0, 0]
    assert result.reason[1] == Reason.SHARED_AGENTS_SPENT


def test_shares_follow_the_accepted_flow_with_a_floor():
    shares = share_agents(one_class(3, 4, 6), np.array([0.3, 0.1, 0.0]))
    assert shares.portion.sum() == pytest.approx(1.0)
    assert shares.portion[2] == pytest.approx(FLOOR)
    assert shares.portion[0] > 2 * shares.portion[1]


def test_targets_without_common_agents_do_not_depend_on_each_other():
    shared = SharedAgents(
        class_index=np.array([0, 0, 1, 2]),
        class_target=np.array([0, 1, 1, 2]),
        ready=np.array([2.0, 2.0, 3.0, 5.0]),
        busy=np.zeros(4),
        ready_agents=np.array([2.0, 3.0, 5.0]),
    )
    shares = share_agents(shared, np.zeros(3))
    assert shares.component[0] == shares.component[1] != shares.component[2]
    assert shares.portion == pytest.approx([0.5, 0.8, 1.0])
    assert shares.claims(np.array([10.0, 0.0, 0.0])) == pytest.approx([0.0, 10.0, 0.0])
    assert shares.claims(np.array([0.0, 10.0, 0.0])) == pytest.approx([4.0, 0.0, 0.0])
    assert shares.shared.tolist() == [True, True, False]


def test_fractions_are_dealt_so_that_the_sum_is_rounded_once():
    dealt, carry = deal(np.array([0.4, 0.4, 2.7]), np.array([0, 0, 1]), np.zeros(3))
    assert dealt[:2].sum() == 1
    assert dealt[2] == 3
    again, _ = deal(np.array([0.4, 0.4, 2.7]), np.array([0, 0, 1]), carry)
    assert (dealt[:2] + again[:2]).tolist() == [1, 1]


@pytest.mark.parametrize(("lost", "invited"), [(0.0, 1), (20.0, 0)])
def test_after_losses_targets_do_not_share_one_free_agent_out_twice(lost, invited):
    controller, policy = Controller(names(2)), make_policy(2, Algorithm.LOOKAHEAD)
    controller._state.entries[:], controller._state.disposed[:] = 3e5, 1e6
    controller._state.integral[:] = lost
    snapshot = make_snapshot(2, ready=1, busy=2, shared=one_class(2, 1, 2))
    out = make_feedback(2, pending=np.array([1.0, 0.0]))
    result = controller.calculate(snapshot, out, policy)
    assert result.invitations.sum() == invited


def test_a_target_that_lost_much_rounds_its_own_fraction_down_alone():
    wanted, component = np.array([0.6, 0.6, 0.6]), np.array([0, 0, 1])
    assert deal(wanted, component, np.zeros(3))[0].tolist() == [1, 0, 1]
    dealt, carry = deal(wanted, component, np.zeros(3), np.array([0.0, 0.5, 0.0]))
    assert dealt.tolist() == [1, 0, 0]
    assert carry.tolist() == pytest.approx([-0.4, 0.6, 0.6])
