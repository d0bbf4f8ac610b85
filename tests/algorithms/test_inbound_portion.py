"""InboundPortion: every documented sentence, one test each."""

from __future__ import annotations

import numpy as np
import pytest

from pacing_node.algorithms import Algorithm, Controller, Reason
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names

VENDOR = [Algorithm.SUPER_PROGRESSIVE_DUAL, Algorithm.PREDICTIVE_B_DUAL]
DUAL = [*VENDOR, Algorithm.LOOKAHEAD_DUAL]


def portion(algorithm, ratio, reactive=0.0, pending=0.0, **values):
    policy = make_policy(1, algorithm, proactive_ratio=ratio)
    controller = Controller(names(1))
    controller._state.reactive[:] = reactive
    controller._state.entries[:], controller._state.disposed[:] = 3e5, 1e6
    result = controller.calculate(make_snapshot(**values), make_feedback(pending=pending), policy)
    return float(result.inbound_portion[0]), int(result.invitations[0])


@pytest.mark.parametrize("algorithm", DUAL)
def test_a_proactive_ratio_of_100_makes_it_always_0(algorithm):
    for ready in (0.0, 1.0, 50.0):
        assert portion(algorithm, 1.0, reactive=0.1, ready=ready, busy=5.0)[0] == 0.0


@pytest.mark.parametrize("algorithm", DUAL)
def test_a_proactive_ratio_of_0_lets_everything_in_and_invites_nobody(algorithm):
    assert portion(algorithm, 0.0, reactive=0.1, ready=5.0, busy=5.0) == (1.0, 0)


@pytest.mark.parametrize("algorithm", VENDOR)
def test_no_ready_agent_and_no_proactive_prediction_make_it_1(algorithm):
    assert portion(algorithm, 0.5, reactive=10.0, ready=0.0, busy=0.0, logged_in=3.0) == (1.0, 0)


@pytest.mark.parametrize("algorithm", VENDOR)
def test_it_is_1_when_agents_suffice_for_the_proactive_even_if_reactive_ones_start(algorithm):
    assert portion(algorithm, 0.5, reactive=0.01, ready=40.0, busy=0.0)[0] == 1.0


@pytest.mark.parametrize("algorithm", VENDOR)
def test_it_is_0_when_every_reactive_one_would_seize_an_agent_the_proactive_need(algorithm):
    assert portion(algorithm, 0.5, reactive=1.0, ready=0.0, busy=4.0, waiting=5.0)[0] == 0.0


@pytest.mark.parametrize("algorithm", VENDOR)
def test_in_between_it_is_the_share_of_reactive_traffic_that_fits(algorithm):
    value, invitations = portion(algorithm, 0.5, reactive=1.0, ready=20.0, busy=0.0, pending=70.0)
    accepts = 0.3 * (70 + invitations) * (1 - np.exp(-1.0))
    assert value == pytest.approx((20.0 - accepts) / 15.0, rel=0.02)


def test_super_progressive_dual_promises_its_share_of_the_ready_agents():
    policy = make_policy(1, Algorithm.SUPER_PROGRESSIVE_DUAL, proactive_ratio=0.5)
    controller = Controller(names(1))
    controller._state.reactive[:] = 0.001
    controller._state.entries[:], controller._state.disposed[:] = 3e5, 1e6
    result = controller.calculate(make_snapshot(ready=20.0), make_feedback(), policy)
    assert result.invitations[0] == 26  # K(10) of the reference


def test_super_progressive_dual_takes_every_agent_while_nothing_reactive_comes():
    policy = make_policy(1, Algorithm.SUPER_PROGRESSIVE_DUAL, proactive_ratio=0.5)
    controller = Controller(names(1))
    controller._state.entries[:], controller._state.disposed[:] = 3e5, 1e6
    assert controller.calculate(make_snapshot(ready=20.0), make_feedback(), policy).invitations[0] == 58


def test_predictive_b_dual_leaves_the_reactive_load_its_share():
    levels = []
    for reactive in (0.0, 0.001, 1.0):
        policy = make_policy(1, Algorithm.PREDICTIVE_B_DUAL, proactive_ratio=0.6)
        controller = Controller(names(1))
        controller._state.reactive[:] = reactive
        result = controller.calculate(make_snapshot(ready=0.0, busy=30.0), make_feedback(), policy)
        levels.append(result.estimates.level[0])
    assert levels[1] / levels[0] == pytest.approx(1 - 0.3 / 23.062, rel=1e-3)
    assert levels[2] / levels[0] == pytest.approx(0.6, rel=1e-3)


def guarding(lost=4.0, algorithm=Algorithm.LOOKAHEAD_DUAL, pending=0.0, **values):
    """Three agents and as much inbound traffic as they can serve, after ``lost`` visitors beyond the goal."""
    controller = Controller(names(1))
    controller._state.entries[:], controller._state.disposed[:] = 3e5, 1e6
    slots = values.get("ready", 0.0) + values.get("busy", 0.0)
    controller._state.reactive[:], controller._state.integral[:] = slots / 300.0, lost * (slots / 3.0) ** 0.5
    controller._state.share_integral[:] = -1.0  # inbound traffic is behind its share
    return controller.calculate(
        make_snapshot(**values), make_feedback(pending=pending), make_policy(1, algorithm, proactive_ratio=0.5)
    )


def test_after_losses_inbound_traffic_gets_no_slot_that_is_promised_to_an_invitation():
    just_sent = guarding(ready=1.0, busy=2.0)
    assert (int(just_sent.invitations[0]), float(just_sent.inbound_portion[0])) == (1, 0.0)
    out_before = guarding(ready=1.0, busy=2.0, pending=1.0)
    assert (int(out_before.invitations[0]), float(out_before.inbound_portion[0])) == (0, 0.0)


def test_an_invitation_that_is_out_is_promised_the_next_slot_when_its_own_was_taken():
    assert guarding(ready=0.0, busy=3.0, pending=1.0).inbound_portion[0] == 0.0
    assert guarding(ready=1.0, busy=2.0, reactive_waiting=1.0, pending=1.0).inbound_portion[0] == 0.0


def test_what_is_promised_to_nobody_stays_open_to_inbound_traffic():
    assert guarding(ready=0.0, busy=3.0).inbound_portion[0] == 1.0


def test_as_long_as_the_goal_is_kept_the_share_alone_decides():
    assert guarding(lost=-4.0, ready=1.0, busy=2.0).inbound_portion[0] == 1.0


def test_groups_that_inbound_traffic_cannot_harm_guard_nothing():
    assert guarding(ready=2.0, busy=98.0, pending=20.0).inbound_portion[0] > 0.0


def test_while_slots_are_guarded_no_more_than_one_invitation_per_free_slot_is_out():
    calm, guarded = (guarding(lost=lost, ready=8.0, busy=2.0, pending=1.0) for lost in (-1.0, 2.0))
    assert calm.invitations[0] > 7
    assert guarded.invitations[0] == 7


def test_a_law_that_can_turn_inbound_traffic_away_never_says_that_the_goal_cannot_be_kept():
    assert guarding(ready=1.0, busy=2.0).reason[0] != Reason.GOAL_INFEASIBLE
    assert guarding(ready=1.0, busy=2.0, algorithm=Algorithm.LOOKAHEAD).reason[0] == Reason.GOAL_INFEASIBLE
