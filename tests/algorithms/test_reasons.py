"""Every result says why, and the explanation shows the sum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pacing_node.algorithms import Algorithm, Controller, Reason, Row, SharedAgents, explain, outer
from pacing_node.algorithms.model import Rounding
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


@pytest.mark.parametrize("algorithm", [each for each in Algorithm if each.dual])
def test_a_proactive_ratio_of_nothing_leaves_all_agents_to_inbound_traffic(algorithm):
    policy = make_policy(1, algorithm, proactive_ratio=0.0)
    assert reason(policy=policy, ready=8.0, busy=2.0) == (Reason.RESERVED_FOR_REACTIVE, 0), "and none is out"
    assert reason(policy=policy, ready=0.0, busy=0.0, logged_in=5.0) == (Reason.NO_READY_AGENTS, 0)


def test_slots_that_are_held_back_are_no_want_of_ready_agents():
    controller, policy = Controller(names(1)), make_policy(1)
    controller.calculate(make_snapshot(ready=0.0, busy=0.0, logged_in=50.0), make_feedback(), policy)
    found = [
        Reason(controller.calculate(make_snapshot(taken_at=at, ready=50.0), make_feedback(), policy).reason[0])
        for at in (1005.0, 1010.0)
    ]
    assert found == [Reason.INPUT_IMPLAUSIBLE, Reason.WARMING_UP]


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
    found, invitations = reason(prepare=flooded, ready=5.0, busy=5.0)
    assert found is Reason.GOAL_INFEASIBLE
    assert 0 < invitations <= 5, "one per free slot, for which nobody waits"
    assert reason(prepare=flooded, ready=0.0, busy=10.0) == (Reason.GOAL_INFEASIBLE, 0)


def test_a_moderate_inbound_load_does_not():
    def some(state):
        state.reactive[:] = 0.01

    assert reason(prepare=some, ready=6.0, busy=4.0)[0] is Reason.AGENTS_AVAILABLE


def calculated(policy=None, prepare=None, feedback=None, size=1, **values):
    controller = Controller(names(size))
    controller._state.entries[:], controller._state.disposed[:] = 300.0, 1000.0
    if prepare:
        prepare(controller._state)
    policy = policy or make_policy(size)
    return controller.calculate(make_snapshot(size, **values), feedback or make_feedback(size), policy)


def flooded(state):
    state.reactive[:] = 0.1


def a_little_lost(state):
    state.integral[:] = 10.0


def much_lost(state):
    state.integral[:] = 100.0


@pytest.mark.parametrize(
    ("expected", "algorithm", "prepare"),
    [
        (Rounding.NEAREST, Algorithm.LOOKAHEAD, None),
        (Rounding.LESS_UP, Algorithm.LOOKAHEAD, a_little_lost),
        (Rounding.DOWN, Algorithm.SUPER_PROGRESSIVE, None),
        (Rounding.CARRIED, Algorithm.PREDICTIVE_B, None),
    ],
)
def test_a_result_says_how_its_number_became_whole(expected, algorithm, prepare):
    assert calculated(make_policy(1, algorithm), prepare, ready=4.0, busy=6.0).rounding.tolist() == [expected]


def test_after_losses_less_is_rounded_up_the_sooner_the_quicker_answers_are():
    feedback = make_feedback(2, disposition_seconds=np.array([6.0, 30.0]))

    def few_lost(state):
        state.integral[:] = 5.0

    result = calculated(prepare=few_lost, feedback=feedback, size=2, ready=4.0, busy=6.0)
    assert result.rounding.tolist() == [Rounding.LESS_UP, Rounding.NEAREST]
    part, rows = outer.rounding(np.array([0.4, 0.9, 1.2, 2.0, 9.0]), np.full(5, 15.0), 5.0)
    assert rows.tolist() == [2, 3, 4]
    assert part == pytest.approx([0.5, 0.5, 0.4, 0.0, 0.0])


@pytest.mark.parametrize("prepare", [flooded, much_lost])
def test_a_result_says_that_it_was_cut_to_one_per_free_slot(prepare):
    feedback = make_feedback(pending=0.9)
    result = calculated(prepare=prepare, feedback=feedback, ready=8.0, busy=2.0)
    assert (result.invitations.tolist(), result.rounding.tolist()) == ([7], [Rounding.ONE_PER_FREE])


def test_a_result_says_that_whole_invitations_were_dealt_out():
    pairs = np.array([0, 0]), np.array([0, 1])
    agents = SharedAgents(*pairs, ready=np.full(2, 4.0), busy=np.full(2, 6.0), ready_agents=np.array([4.0]))
    result = calculated(size=2, ready=4.0, busy=6.0, shared=agents)
    assert result.rounding.tolist() == [Rounding.DEALT] * 2


def test_a_target_that_is_not_paced_has_nothing_to_round():
    assert calculated(make_policy(1, enabled=False)).rounding.tolist() == [Rounding.NONE]
    every_agent_for_inbound = make_policy(1, Algorithm.LOOKAHEAD_DUAL, proactive_ratio=0.0)
    assert calculated(every_agent_for_inbound).rounding.tolist() == [Rounding.NONE]


def test_a_result_says_what_acceptance_the_answers_alone_show_and_its_floor():
    def refused(state):
        state.entries[:], state.proven[:] = 20.0, 0.3

    believed = calculated(prepare=refused).estimates
    assert believed.acceptance_seen[0] == pytest.approx(0.023, abs=0.001)
    assert believed.acceptance_floor[0] == pytest.approx(0.1)
    assert believed.acceptance_ratio[0] == believed.acceptance_floor[0]


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
    assert "3 % with LOOKAHEAD" in lines[-1]


BEHIND = {"rounding": Rounding.NEAREST, "level": 9.4, "still_out": 2.9, "acceptance_seen": 0.3, "acceptance_floor": 0.1}


@pytest.mark.parametrize(
    ("rounding", "words"),
    [
        (Rounding.NEAREST, "6.5 more, rounded to the nearest: 7."),
        (Rounding.LESS_UP, "more visitors were lost lately than the goal allows: 7."),
        (Rounding.DOWN, "rounded down"),
        (Rounding.CARRIED, "the fraction carried on"),
        (Rounding.DEALT, "with the targets that share its agents"),
        (Rounding.ONE_PER_FREE, "cut to one per free slot"),
        (99, "a rule that this version does not know"),
    ],
)
def test_an_explanation_says_how_the_number_became_whole(rounding, words):
    line = explain(row(**BEHIND | {"rounding": rounding}))[4]
    assert line.startswith("Room: 9.4 may be out at once, 2.9 still are by now")
    assert words in line


def test_every_rule_of_rounding_has_its_words():
    for rounding in set(Rounding) - {Rounding.NONE}:
        assert "does not know" not in " ".join(explain(row(**BEHIND | {"rounding": rounding})))


def test_an_explanation_has_no_room_where_nothing_was_rounded():
    nothing = explain(row(**BEHIND | {"level": 2.0, "invitations": 0}))
    assert nothing[4] == "Room: 2.0 may be out at once, 2.9 still are by now as far as can be told; none."
    for other in ({"rounding": Rounding.NONE}, {"reason": Reason.HELD}, {"level": math.nan}):
        assert "Room" not in " ".join(explain(row(**BEHIND | other)))


def test_an_explanation_says_why_more_acceptance_is_in_use_than_the_answers_show():
    broken_page = explain(row(**BEHIND | {"acceptance_seen": 0.02, "acceptance_ratio": 0.1}))
    assert broken_page[4] == (
        "Acceptance: the answers so far say 2 %, 10 % is in use: never below 33.3 % of the 30 % that accepts proved "
        "within 20 minutes, for refusals alone may be a fault."
    )
    cold_start = explain(row(**BEHIND | {"acceptance_ratio": 0.41, "acceptance_floor": 0.0}))
    assert cold_start[4] == (
        "Acceptance: the answers so far say 30 %, 41 % is in use until more are known, "
        "for a higher one means fewer invitations."
    )
    assert "Acceptance" not in " ".join(explain(row(**BEHIND)))


def test_an_explanation_of_an_older_masters_number_says_what_is_not_known():
    lines = explain(row())
    assert any("the master that calculated is of an older version" in line for line in lines)
    assert not any(line.startswith(("Room", "Acceptance")) for line in lines)


@pytest.mark.parametrize("which", list(Reason))
def test_every_reason_has_its_words(which):
    assert explain(row(reason=which, invitations=0))[0].endswith(".")


def test_an_explanation_of_stale_statistics_shows_no_numbers_nobody_knows():
    assert len(explain(row(reason=Reason.STATISTICS_STALE, ready=math.nan))) == 1


def test_an_explanation_names_the_inbound_portion_of_a_dual_law():
    assert explain(row(inbound_portion=0.25))[-1] == "Inbound traffic: 25 % may be let in."
