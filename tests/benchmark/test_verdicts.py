"""By which rule a row of the benchmark is judged, and which bounds it then misses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.benchmark_run import simulate
from simulator.benchmark.figures import Figures, summarise
from simulator.benchmark.missed_bounds import BY_BUSY_FACTOR, BY_FREE_SLOTS, BY_GOAL, SIMPLE_RULES, Verdict, verdicts

GOOD = Figures(
    law="LOOKAHEAD",
    scenario="reactive-75",
    agents=3,
    days=100,
    goal_percent=3.0,
    busy_percent=86.0,
    busy_error=0.3,
    abandonment_percent=2.4,
    abandonment_error=0.1,
    days_within_goal_percent=96.0,
    worst_30min_percent=4.0,
    worst_30min_error=0.4,
    over_free_percent=20.0,
    infeasible_percent=0.0,
    over_said_percent=0.0,
    oracle_percent_of=None,
    mean_wait_seconds=2.0,
    proactive_share_percent=30.0,
)
LOST = {"abandonment_percent": 4.1, "days_within_goal_percent": 12.0, "over_free_percent": 0.0}
SAID = LOST | {"infeasible_percent": 80.0}


def judged(ours: Figures, **of_the_rules: float) -> Verdict:
    rules = [replace(GOOD, law=law, agents=ours.agents, **of_the_rules) for law in SIMPLE_RULES]  # type: ignore[arg-type]
    (verdict,) = verdicts([ours, *rules])
    return verdict


def test_a_goal_that_one_per_ready_agent_keeps_is_what_a_row_is_judged_by():
    verdict = judged(replace(GOOD, **SAID), abandonment_percent=0.5)
    assert verdict.rule == BY_GOAL
    assert [miss.bound for miss in verdict.missed] == ["days within goal %"]
    assert judged(GOOD).missed == ()


def test_a_goal_that_no_simple_rule_keeps_is_replaced_by_one_invitation_per_free_slot():
    verdict = judged(replace(GOOD, **SAID), **LOST)
    assert (verdict.rule, verdict.missed) == (BY_FREE_SLOTS, ())
    assert "one-per-ready/as-told loses 4.1 % (12 % of days within 3)" in str(verdict)
    assert "80 % of calculations say so" in str(verdict)


@pytest.mark.parametrize(
    ("changed", "bound"),
    [
        ({"over_free_percent": 1.5}, "calculations above one per free slot %"),
        ({"over_said_percent": 0.1}, "calculations that say so and allow more than one per free slot %"),
        ({"infeasible_percent": 30.0}, "calculations that say the goal cannot be kept %"),
    ],
)
def test_then_more_than_one_per_free_slot_and_silence_about_it_are_misses(changed, bound):
    assert [miss.bound for miss in judged(replace(GOOD, **SAID | changed), **LOST).missed] == [bound]


def test_one_simple_rule_that_keeps_the_goal_is_enough_to_show_that_it_can_be_kept():
    rows = [replace(GOOD, law=law, **LOST) for law in SIMPLE_RULES[:2]] + [replace(GOOD, law=SIMPLE_RULES[2])]
    (verdict,) = verdicts([replace(GOOD, **SAID), *rows])
    assert verdict.rule == BY_GOAL


def test_a_law_that_keeps_the_goal_itself_shows_that_it_can_be_kept():
    verdict = judged(GOOD, **LOST)
    assert (verdict.rule, verdict.missed) == (BY_GOAL, ())


def test_a_busy_factor_to_be_held_is_what_such_a_row_is_judged_by():
    held = replace(GOOD, agents=10, busy_goal_percent=85.0, busy_percent=85.4, abandonment_percent=4.0)
    verdict = judged(held, abandonment_percent=0.0, busy_percent=90.0)
    assert (verdict.rule, verdict.missed) == (BY_BUSY_FACTOR, ())
    missing = judged(replace(held, busy_percent=82.0, abandonment_percent=5.5))
    assert [miss.bound for miss in missing.missed] == ["busy % to be held", "abandoned % against the ceiling"]


def test_a_dual_law_can_turn_inbound_traffic_away_and_has_no_such_excuse():
    verdict = judged(replace(GOOD, law="LOOKAHEAD_DUAL", **SAID), **LOST)
    assert (verdict.rule, len(verdict.missed)) == (BY_GOAL, 1)


def test_from_ten_agents_on_the_mean_and_the_worst_half_hour_count():
    large = replace(GOOD, agents=10, abandonment_percent=3.3, worst_30min_percent=7.0)
    assert [miss.bound for miss in judged(large).missed] == ["abandoned %", "worst half hour %"]


def test_where_inbound_traffic_breaks_the_goal_the_law_says_so_and_stays_at_one_per_free_slot():
    kind = replace(scenarios()["reactive-75"], seconds=3600.0)
    found = summarise("LOOKAHEAD", kind.name, simulate("LOOKAHEAD", kind, [3], 20, seed=5), 3)
    assert found.infeasible_percent > 50.0
    assert (found.over_free_percent, found.over_said_percent) == (0.0, 0.0)
