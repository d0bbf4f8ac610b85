"""The same seed tells the same story; other seeds tell others."""

from __future__ import annotations

import pytest

from simulator.model import ContactCentre, Measures, one_per_ready_slot, run_paced
from simulator.scenarios import load_scenario


def story(name: str, seed: int, until: float = 600.0) -> Measures:
    centre = ContactCentre(load_scenario(name).centre, seed)
    run_paced(centre, one_per_ready_slot, until=until)
    return centre.measures()


@pytest.mark.parametrize("name", ["demo", "bank"])
def test_the_same_seed_gives_the_same_history(name: str) -> None:
    assert story(name, 7) == story(name, 7)


def test_another_seed_gives_another_history() -> None:
    assert story("demo", 7) != story("demo", 8)


def test_how_far_the_clock_is_moved_at_once_makes_no_difference() -> None:
    one, other = (ContactCentre(load_scenario("demo").centre, 3) for _ in range(2))
    one.allow(one.targets[0], 30, 60.0)
    other.allow(other.targets[0], 30, 60.0)
    one.run_until(60.0)
    while not other.run_until(60.0, most_events=3):
        pass
    assert one.measures() == other.measures()


def test_pacing_does_not_change_when_reactive_visitors_come() -> None:
    paced, idle = (ContactCentre(load_scenario("demo").centre, 5) for _ in range(2))
    run_paced(paced, one_per_ready_slot, until=600.0)
    idle.run_until(600.0)
    arrivals = [[t.reactive.entered for t in centre.targets] for centre in (paced, idle)]
    assert arrivals[0] == arrivals[1]
