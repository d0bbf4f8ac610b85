"""InboundPortion: every documented sentence, one test each."""

from __future__ import annotations

import numpy as np
import pytest

from pacing_node.algorithms import Algorithm, Controller
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
