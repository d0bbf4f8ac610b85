"""`pacing benchmark api`: what it takes off, what it says of the public reads, and that it measures in rounds."""

from __future__ import annotations

import pytest

from simulator.benchmark.lean_stage import StagePlan
from simulator.benchmark.read_path import PAGES, Observed, Reading, measure_reads, summed


def read(own: float, floor: float) -> dict[str, dict[str, float]]:
    return {"cpu_microseconds": {"median": own}, "floor_cpu_microseconds": {"median": floor}}


def test_the_public_reads_are_summed_up_by_the_slower_one() -> None:
    figures = {"reactiveState": read(50.0, 45.0), "channelCapacity": read(40.0, 20.0), "metrics": read(9000.0, 1.0)}
    observed = {
        "reactiveState": Observed([0.5] * 990 + [2.0] * 10, missed=0),
        "channelCapacity": Observed([0.25] * 500 + [3.0] * 500, missed=1),
        "metrics": Observed([80.0, 90.0], missed=2),
    }
    assert summed(figures, observed) == {
        "requests_per_second": 25_000,
        "baseline_requests_per_second": 50_000,
        "ratio": 0.5,
        "p99_ms": 3.0,
        "missed_periods": 3,
    }


def test_a_read_that_seemed_to_cost_nothing_is_no_division_by_zero() -> None:
    figures = {"reactiveState": read(-3.0, 0.0), "channelCapacity": read(0.0, 0.0)}
    observed = {name: Observed([1.0, 1.0]) for name in figures}
    assert summed(figures, observed)["ratio"] <= 1.0


def test_what_the_cycles_cost_is_taken_off_the_reads_beside_them() -> None:
    assert Reading(cpu_seconds=1.0, cycles=2, reads=1000).of_one_read(0.25) == pytest.approx(500.0)


def test_a_reading_in_which_nothing_was_answered_is_no_division_by_zero() -> None:
    assert Reading(cpu_seconds=0.5, cycles=2, reads=0).of_one_read(0.25) == 0.0


@pytest.mark.slow
async def test_a_round_rests_then_reads_every_page_of_the_node_and_of_its_floor() -> None:
    began: list[str] = []
    found = await measure_reads(StagePlan(20, period_seconds=1.0), seconds=0.1, readings=1, doing=began.append)
    steps = ["nobody reads", *PAGES, *(f"floor of {name}" for name in PAGES)]
    assert began == ["the node starts", *(f"round 1 of 1, {step}" for step in steps)]
    assert found["cycle_cpu_ms"]["readings"] == 1
    for name in PAGES:
        assert found[name]["cpu_microseconds"]["readings"] == found[name]["floor_cpu_microseconds"]["readings"] == 1
    assert found["requests_per_second"] > 0
    assert found["missed_periods"] >= 0
