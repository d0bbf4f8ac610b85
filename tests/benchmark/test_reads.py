"""What `pacing benchmark api` says of the public reads is that of the one that is slower beside its floor."""

from __future__ import annotations

from simulator.benchmark.read_path import Observed, summed


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
