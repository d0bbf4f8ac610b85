"""Short days of the benchmark: the laws do roughly what their full tables say."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import pytest

from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.benchmark_run import WINDOW_SECONDS, simulate
from simulator.benchmark.figures import half_hours, summarise
from simulator.benchmark.kind_of_day import STATIONARY, Scenario
from simulator.benchmark.laws import LAWS

SHORT = replace(STATIONARY, seconds=2400.0)
HOUR = replace(STATIONARY, seconds=3600.0)


def figures(law, scenario, agents, days, **changes):
    setting = replace(scenario, **changes)
    outcome = simulate(law, setting, [agents], days)
    return summarise(law, setting.name, outcome, agents, goal=setting.goal, sharing=setting.sharing)


@dataclass(frozen=True)
class Expected:
    """What a law does with thirty agents, from the table of the stationary setting; percent."""

    busy: tuple[float, float]
    """After the start, from twenty minutes on."""
    abandoned: float
    """At most, after the start."""
    at_start: float
    """Abandoned at most in the first ten minutes, thirty idle agents at once."""
    day: Scenario = SHORT
    days: int = 36


OURS = Expected(busy=(94.0, 97.0), abandoned=3.5, at_start=5.0)
PROGRESSIVE = Expected(busy=(88.5, 91.0), abandoned=0.8, at_start=1.5)
# Blind to who is ready, it has filled three quarters of the group after an hour.
BLIND = Expected(busy=(68.0, 77.0), abandoned=2.0, at_start=1.0, day=HOUR, days=24)
EXPECTED = {
    "LOOKAHEAD": OURS,
    "LOOKAHEAD-mean": replace(OURS, abandoned=4.2),  # aims at the goal itself
    "LOOKAHEAD-cautious": OURS,
    "LOOKAHEAD_DUAL": OURS,
    "SUPER_PROGRESSIVE": PROGRESSIVE,
    "SUPER_PROGRESSIVE_DUAL": PROGRESSIVE,
    "PREDICTIVE_B": BLIND,
    "PREDICTIVE_B_DUAL": BLIND,
    "one-per-ready": Expected(busy=(82.5, 84.5), abandoned=0.0, at_start=0.0),
    "fixed-ratio-2": Expected(busy=(90.7, 91.8), abandoned=0.6, at_start=1.5),
    # Its level grows every fifteen seconds while agents are idle and is halved only after fifty calls.
    "adapt-average": Expected(busy=(82.0, 86.5), abandoned=4.0, at_start=40.0),
    "free-agents-window": Expected(busy=(94.0, 97.0), abandoned=4.2, at_start=9.0),
    # One to one for five minutes; then its surplus meets agents who are still idle.
    "pi-over-dial": Expected(busy=(86.0, 92.0), abandoned=3.0, at_start=8.0),
    # Told what is pending once a period they count invitations as out that are answered already.
    "one-per-ready/as-told": Expected(busy=(79.0, 82.0), abandoned=0.0, at_start=0.0),
    "fixed-ratio-2/as-told": Expected(busy=(88.5, 90.5), abandoned=0.6, at_start=1.5),
    "free-agents-window/as-told": Expected(busy=(93.5, 96.5), abandoned=4.2, at_start=9.0),
}


def test_every_law_has_its_expectation():
    assert set(EXPECTED) == set(LAWS)


@pytest.mark.parametrize("law", [law for law in EXPECTED if not law.endswith("_DUAL")])
def test_a_law_is_as_busy_and_as_careful_as_the_table_says(law):
    expected = EXPECTED[law]
    days = kept(law, expected.day, expected.days)
    start, later = slice(0, int(600 / WINDOW_SECONDS)), slice(int(1200 / WINDOW_SECONDS), None)
    busy = 100.0 * days.busy_seconds[later].sum() / days.slot_seconds[later].sum()
    assert expected.busy[0] < busy < expected.busy[1]
    assert _abandoned(days, later) <= expected.abandoned
    assert _abandoned(days, start) <= expected.at_start


@pytest.mark.parametrize("law", [law for law in EXPECTED if law.endswith("_DUAL")])
def test_a_dual_law_without_inbound_traffic_does_what_its_plain_law_does(law):
    plain = law.removesuffix("_DUAL")
    assert EXPECTED[law] == EXPECTED[plain]
    first, days = slice(0, int(1200 / WINDOW_SECONDS)), EXPECTED[plain].days
    ours = simulate(law, replace(STATIONARY, seconds=1200.0), [30], days)
    theirs = kept(plain, EXPECTED[plain].day, days)
    for name in ("busy_seconds", "entries", "abandoned", "accepted", "waiting_seconds"):
        assert (getattr(ours, name) == getattr(theirs, name)[first]).all(), name
    assert ours.accepted.sum() > 0


@functools.cache
def kept(law, day, days):
    """The same days for every test that looks at them: they take a second and more."""
    return simulate(law, day, [30], days)


def _abandoned(days, part):
    return 100.0 * days.abandoned[part].sum() / days.entries[part].sum()


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
    outcome = simulate("one-per-ready", HOUR, [3], 2)
    assert half_hours(outcome.entries, outcome.abandoned).tolist() == [0.0, 0.0]


def test_a_baseline_goes_for_abandonment_where_the_law_holds_a_busy_factor():
    found = figures("adapt-average", scenarios()["busy-75"], 20, 4, seconds=1800.0)
    same = figures("adapt-average", STATIONARY, 20, 4, seconds=1800.0)
    assert replace(found, scenario="") == replace(same, scenario="")


def test_a_fresh_pending_count_is_worth_having():
    fresh = figures("LOOKAHEAD", scenarios()["fresh-pending"], 3, 150, seconds=3600.0)
    aged = figures("LOOKAHEAD", STATIONARY, 3, 150, seconds=3600.0)
    assert fresh.busy_percent > aged.busy_percent + 0.5
    assert fresh.abandonment_percent < 3.0
