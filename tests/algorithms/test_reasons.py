"""Every result says why, and the explanation shows the sum."""

from __future__ import annotations

import math

import pytest

from pacing_node.algorithms import Algorithm, Controller, Reason, Row, explain
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names

SIMPLE = [Algorithm.SUPER_PROGRESSIVE, Algorithm.PREDICTIVE_B, Algorithm.LOOKAHEAD]


def reason(algorithm=Algorithm.LOOKAHEAD, feedback=None, prepare=None, enabled=True, policy=None, **values):
    policy = policy or make_policy(1, algorithm, enabled=enabled)
    controller = Controller(names(1))
    controller._state.entries[:], controller._state.disposed[:] = 300.0, 1000.0
    if prepare:
        prepare(controller._state)
    result = controller.calculate(make_snapshot(**values), feedback or make_feedback(), policy)
    return Reason(result.reason[0]), int(result.invitations[0])


@pytest.mark.parametrize("algorithm", SIMPLE)
@pytest.mark.parametrize(
    ("expected", "values"),
    [
        (Reason.TARGET_DISABLED, {"enabled": False}),
        (Reason.STATISTICS_STALE, {"valid": False, "ready": math.nan}),
        (Reason.NO_AGENTS_LOGGED_IN, {"ready": 0.0}),
        (Reason.NO_CAPACITY_FOR_MEDIA, {"ready": 0.0, "logged_in": 5.0, "capable": 0.0}),
        (Reason.NO_READY_AGENTS, {"ready": 0.0, "busy": 0.0, "logged_in": 5.0}),
    ],
)
def test_what_makes_pacing_impossible_comes_first_and_gives_zero(algorithm, expected, values):
    assert reason(algorithm, **values) == (expected, 0)


@pytest.mark.parametrize("algorithm", SIMPLE)
def test_enough_pending(algorithm):
    feedback = make_feedback(pending=500.0)
    assert reason(algorithm, feedback=feedback, ready=4.0, busy=6.0) == (Reason.PENDING_COVERS_CAPACITY, 0)


@pytest.mark.parametrize("algorithm", SIMPLE)
def test_agents_available(algorithm):
    found, invitations = reason(algorithm, ready=8.0, busy=2.0)
    assert found is Reason.AGENTS_AVAILABLE
    assert invitations > 0


@pytest.mark.parametrize("algorithm", [Algorithm.SUPER_PROGRESSIVE, Algorithm.LOOKAHEAD])
def test_waiting_visitors_cover_the_capacity(algorithm):
    assert reason(algorithm, ready=2.0, busy=8.0, waiting=9.0) == (Reason.WAITING_COVERS_CAPACITY, 0)


def test_all_busy_and_none_about_to_be_free():
    assert reason(ready=0.0, busy=3.0) == (Reason.NO_READY_AGENTS, 0)


def test_reserved_for_reactive():
    policy = make_policy(1, Algorithm.LOOKAHEAD)
    policy = make_policy(1, reserved_slots=policy.goal * 0 + 5.0)
    assert reason(policy=policy, ready=3.0, busy=7.0) == (Reason.RESERVED_FOR_REACTIVE, 0)


def test_abandonment_over_goal():
    def lost_many(state):
        state.integral[:] = 100.0

    found, invitations = reason(prepare=lost_many, ready=0.0, busy=29.0)
    assert (found, invitations) == (Reason.ABANDONMENT_OVER_GOAL, 0)


def test_warming_up_while_little_is_known():
    def nothing_known(state):
        state.entries[:] = state.disposed[:] = 0.0

    assert reason(prepare=nothing_known, ready=8.0)[0] is Reason.WARMING_UP


def test_inbound_load_alone_breaks_the_goal():
    def flooded(state):
        state.reactive[:] = 0.1

    found, invitations = reason(prepare=flooded, ready=5.0, busy=5.0)
    assert found is Reason.GOAL_INFEASIBLE
    assert 0 < invitations <= 5, "one per free slot, for which nobody waits"
    assert reason(prepare=flooded, ready=0.0, busy=10.0) == (Reason.GOAL_INFEASIBLE, 0)


def test_a_moderate_inbound_load_does_not():
    def some(state):
        state.reactive[:] = 0.01

    assert reason(prepare=some, ready=6.0, busy=4.0)[0] is Reason.AGENTS_AVAILABLE


def row(**values):
    plain = {
        "algorithm": "LOOKAHEAD",
        "reason": Reason.AGENTS_AVAILABLE,
        "invitations": 7,
        "goal_percent": 3.0,
        "logged_in": 12.0,
        "ready": 3.0,
        "busy": 7.0,
        "waiting": 1.0,
        "pending": 4.0,
        "acceptance_ratio": 0.3,
        "handle_seconds": 300.0,
        "disposition_seconds": 15.0,
        "patience_seconds": 60.0,
    }
    return Row(**(plain | values))


def test_an_explanation_shows_the_sum():
    lines = explain(row())
    assert lines[0] == "7 invitations for the next 5 s: agents can take this many within the goal."
    assert "12 logged in; 3 slots ready, 7 busy; 1 accepted visitors waiting" in lines[1]
    assert "3 ready + 0.3 of the busy within 15 s" in lines[2]
    assert "= 2.3." in lines[2]
    assert "30 % are accepted = 1.2 more visitors" in lines[3]
    assert "3 % with LOOKAHEAD" in lines[4]


@pytest.mark.parametrize("which", list(Reason))
def test_every_reason_has_its_words(which):
    assert explain(row(reason=which, invitations=0))[0].endswith(".")


def test_an_explanation_of_stale_statistics_shows_no_numbers_nobody_knows():
    assert len(explain(row(reason=Reason.STATISTICS_STALE, ready=math.nan))) == 1


def test_an_explanation_names_the_inbound_portion_of_a_dual_law():
    assert explain(row(inbound_portion=0.25))[-1] == "Inbound traffic: 25 % may be let in."
