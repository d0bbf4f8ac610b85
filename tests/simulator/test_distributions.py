"""Distributions: their means, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from simulator.model.distributions import (
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    LognormalLog,
    Survival,
)

BANK = Survival(points=((10.0, 0.962), (30.0, 0.897), (60.0, 0.822), (120.0, 0.717), (300.0, 0.532), (1800.0, 0.076)))


@pytest.mark.parametrize(
    "distribution",
    [
        Fixed(seconds=7.0),
        Exponential(mean=20.0),
        Lognormal(mean=50.0, cv=0.8),
        LognormalLog(mu=4.842, sigma=0.938),
        Empirical(seconds=(1.0, 2.0, 9.0)),
        BANK,
    ],
    ids=lambda d: d.kind,
)
def test_draws_have_the_mean_that_is_stated(distribution: Distribution) -> None:
    rng = np.random.default_rng(11)
    draws = [distribution.draw(rng) for _ in range(20_000)]
    assert min(draws) >= 0.0
    assert np.mean(draws) == pytest.approx(distribution.mean, rel=0.05)


def test_a_survival_curve_is_met_at_its_points() -> None:
    rng = np.random.default_rng(5)
    draws = np.array([BANK.draw(rng) for _ in range(20_000)])
    for time, survival in BANK.points:
        assert np.mean(draws > time) == pytest.approx(survival, abs=0.012)


@given(st.floats(1.0, 1000.0), st.floats(0.1, 3.0))
def test_a_lognormal_by_mean_and_variation_is_the_one_by_logarithms(mean: float, cv: float) -> None:
    sigma = np.sqrt(np.log1p(cv * cv))
    twin = LognormalLog(mu=float(np.log(mean) - sigma**2 / 2), sigma=float(sigma))
    assert twin.mean == pytest.approx(mean)
    one, other = (d.draw(np.random.default_rng(3)) for d in (twin, Lognormal(mean=mean, cv=cv)))
    assert one == pytest.approx(other)


@pytest.mark.parametrize(
    "document",
    [
        {"kind": "gamma", "mean": 3},
        {"kind": "exponential", "mean": -1},
        {"kind": "exponential", "mean": 1, "cv": 2},
        {"kind": "lognormal", "mean": 1},
        {"kind": "empirical", "seconds": []},
        {"kind": "survival", "points": [[10, 0.5], [5, 0.4]]},
        {"kind": "survival", "points": [[10, 0.5], [20, 0.6]]},
        {"kind": "survival", "points": [[10, 1.0]]},
    ],
)
def test_impossible_distributions_are_refused(document: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Distribution).validate_python(document)
