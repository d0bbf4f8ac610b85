"""The model against queueing theory: figures of Erlang within bounds a correct model keeps for every seed tried."""

from __future__ import annotations

import math

import pytest

from simulator.model import one_per_ready_slot, run_paced
from simulator.model.distributions import Exponential, Lognormal
from tests.simulator.centres import chat_centre, loss_free_queue

DAY = 86_400.0


def erlang_b(servers: int, load: float) -> float:
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    b = erlang_b(servers, load)
    return b / (1.0 - load / servers * (1.0 - b))


@pytest.mark.parametrize(("servers", "load", "days"), [(1, 0.6, 10), (5, 3.5, 5), (20, 15.0, 2)])
def test_waits_of_patient_callers_are_those_of_erlang_c(servers: int, load: float, days: int) -> None:
    centre = loss_free_queue(servers, load)
    centre.run_until(days * DAY)
    flow = centre.targets[0].reactive
    expected_wait = erlang_c(servers, load) * 60.0 / (servers - load)
    assert flow.wait_seconds / flow.answered == pytest.approx(expected_wait, rel=0.3)
    assert centre.measures().targets[0].busy_ratio == pytest.approx(load / servers, rel=0.04)


def test_callers_without_any_patience_are_lost_as_erlang_b_says() -> None:
    centre = loss_free_queue(10, 8.0, patience=1e-6)
    centre.run_until(3 * DAY)
    flow = centre.targets[0].reactive
    assert flow.abandoned / flow.entered == pytest.approx(erlang_b(10, 8.0), rel=0.1)


def test_abandonment_of_impatient_callers_is_that_of_erlang_a() -> None:
    servers, load, handle, patience = 5, 5.0, 60.0, 60.0
    centre = loss_free_queue(servers, load, handle=handle, patience=patience)
    centre.run_until(4 * DAY)
    # With θ = µ the number in the system is that of infinitely many servers: Poisson with mean load.
    weights = [math.exp(-load) * load**k / math.factorial(k) for k in range(60)]
    waiting = sum((k - servers) * weight for k, weight in enumerate(weights) if k > servers)
    flow = centre.targets[0].reactive
    assert flow.abandoned / flow.entered == pytest.approx(waiting * (1 / patience) / (load / handle), rel=0.08)


def test_one_invitation_per_ready_agent_never_abandons_and_keeps_agents_as_busy_as_renewal_theory_says() -> None:
    centre = chat_centre(100, handle=Lognormal(mean=300.0, cv=0.8))
    run_paced(centre, one_per_ready_slot, until=8 * 3600.0)
    measures = centre.measures()
    # A free agent waits for a geometric number of answers of 15 s (p = 0.3), each after half a refresh period or so.
    idle = (15.0 + 2.5 + 2.0) / 0.3
    assert measures.abandonment_percent == 0.0
    assert measures.busy_ratio == pytest.approx(300.0 / (300.0 + idle), abs=0.03)


def test_arrivals_follow_the_profile_of_the_day_and_its_level_varies_from_day_to_day() -> None:
    levels = []
    for seed in range(20):
        centre = chat_centre(
            50,
            seed=seed,
            handle=Exponential(mean=5.0),
            reactive={"per_hour": (200.0, 0.0), "day_cv": 0.175},
        )
        centre.run_until(DAY / 2)
        levels.append(centre.targets[0].reactive.entered)
        before = levels[-1]
        centre.run_until(DAY - 1.0)
        assert centre.targets[0].reactive.entered == before, "nobody comes in the second half of the day"
    mean = sum(levels) / len(levels)
    cv = math.sqrt(sum((level - mean) ** 2 for level in levels) / (len(levels) - 1)) / mean
    assert mean == pytest.approx(2400.0, rel=0.1)
    assert 0.1 < cv < 0.26, "Poisson alone would give 0.02"
