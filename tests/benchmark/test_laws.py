"""Short days of the benchmark: the laws do roughly what their full tables say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.benchmark.figures import half_hours, summarise
from simulator.benchmark.laws import LAWS
from simulator.benchmark.run import simulate
from simulator.benchmark.scenarios import STATIONARY, scenarios

SHORT = replace(STATIONARY, seconds=3600.0)


def figures(law, scenario, agents, days, **changes):
    setting = replace(scenario, **changes)
    outcome = simulate(law, setting, [agents], days)
    return summarise(law, setting.name, outcome, agents, goal=setting.goal, sharing=setting.sharing)


@pytest.mark.parametrize("law", list(LAWS))
def test_every_law_survives_a_start(law):
    found = figures(law, SHORT, 10, 3, seconds=600.0)
    assert 10.0 < found.busy_percent < 100.0
    assert 0.0 <= found.abandonment_percent < 70.0


def test_lookahead_keeps_agents_busier_than_one_invitation_each_and_the_goal():
    ours = figures("LOOKAHEAD", STATIONARY, 30, 12, seconds=2700.0)
    plain = figures("one-per-ready", STATIONARY, 30, 12, seconds=2700.0)
    assert ours.busy_percent > plain.busy_percent + 7.0
    assert ours.abandonment_percent <= 3.2


def test_the_dual_law_holds_the_proactive_share():
    found = figures("LOOKAHEAD_DUAL", scenarios()["dual-70"], 40, 4, seconds=3600.0)
    assert found.proactive_share_percent == pytest.approx(70.0, abs=6.0)


def test_the_busy_factor_is_held():
    found = figures("LOOKAHEAD", scenarios()["busy-75"], 40, 4, seconds=3600.0)
    assert found.busy_percent == pytest.approx(75.0, abs=2.5)


def test_a_hand_over_with_state_costs_little():
    kept = figures("LOOKAHEAD", scenarios()["gap-state-kept"], 10, 20, seconds=1800.0)
    whole = figures("LOOKAHEAD", STATIONARY, 10, 20, seconds=1800.0)
    assert kept.busy_percent > whole.busy_percent - 1.5


def test_half_hours_are_taken_over_all_days():
    outcome = simulate("one-per-ready", SHORT, [3], 2)
    assert half_hours(outcome.entries, outcome.abandoned).tolist() == [0.0, 0.0]
