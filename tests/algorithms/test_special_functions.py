"""The special functions agree with SciPy's, which the service itself does without."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pacing_node.algorithms.sharing import components
from pacing_node.algorithms.special_functions import (
    incomplete_beta,
    incomplete_gamma_upper,
    normal_tail,
    poisson_probability,
    stirling_error,
)
from pacing_node.algorithms.super_progressive import binomial_tail

PRECISION = 4e-12
FAR_TAIL = 1e-60
"""A number this small is the exponential of one so large that its last digits are lost."""
RANDOM = np.random.default_rng(5)


def spread(least: float, most: float, size: int = 20_000) -> np.ndarray:
    return 10.0 ** RANDOM.uniform(np.log10(least), np.log10(most), size)


def assert_same_digits(ours: np.ndarray, theirs: np.ndarray) -> None:
    normal = theirs > FAR_TAIL
    np.testing.assert_allclose(ours[normal], theirs[normal], rtol=PRECISION, atol=0.0)
    np.testing.assert_allclose(ours[~normal], theirs[~normal], rtol=1e-9, atol=1e-290)


def test_normal_tail():
    z = np.linspace(-8.0, 20.0, 2001)
    assert_same_digits(normal_tail(z), special.ndtr(-z))


@pytest.mark.parametrize("deviations", [0.3, 3.0, 12.0])
def test_incomplete_beta(deviations):
    a, b = np.floor(spread(1.0, 1e5)), spread(0.01, 1e5)
    mean, deviation = a / (a + b), np.sqrt(a * b / (a + b + 1.0)) / (a + b)
    x = np.clip(mean + deviation * RANDOM.normal(0.0, deviations, len(a)), 1e-9, 1.0 - 1e-9)
    assert_same_digits(incomplete_beta(a, b, x), special.betainc(a, b, x))


def test_incomplete_beta_at_the_ends():
    x = np.array([0.0, 1.0, 0.0, 1.0])
    assert incomplete_beta(np.array([1.0, 1.0, 7.0, 7.0]), np.full(4, 3.5), x).tolist() == [0.0, 1.0, 0.0, 1.0]


@settings(max_examples=200, deadline=None)
@given(trials=st.integers(0, 200), least=st.integers(-2, 203), percent=st.integers(0, 100))
def test_binomial_tail_is_the_exact_sum(trials, least, percent):
    p = Fraction(percent, 100)
    exact = Fraction(0)
    coefficient = 1
    for k in range(trials + 1):
        exact += coefficient * p**k * (1 - p) ** (trials - k) if k >= least else 0
        coefficient = coefficient * (trials - k) // (k + 1)
    found = binomial_tail(np.array([float(trials)]), np.array([percent / 100.0]), np.array([float(least)]))
    assert found[0] == pytest.approx(float(exact), rel=PRECISION, abs=FAR_TAIL)


@pytest.mark.parametrize("deviations", [0.3, 3.0, 12.0])
def test_incomplete_gamma(deviations):
    s = spread(1.0, 1e5)
    x = np.maximum(s + np.sqrt(s) * RANDOM.normal(0.0, deviations, len(s)), 1e-3)
    assert_same_digits(incomplete_gamma_upper(s, x), special.gammaincc(s, x))


def test_poisson_probability():
    count, mean = np.floor(spread(1.0, 500.0)) - 1.0, spread(0.01, 500.0)
    logarithm = special.xlogy(count, mean) - mean - special.gammaln(count + 1.0)
    found = poisson_probability(count, mean)
    normal = logarithm > -600.0
    np.testing.assert_allclose(np.log(found[normal]), logarithm[normal], atol=2e-12, rtol=1e-12)


def test_stirling_error():
    x = spread(0.01, 1e3)
    plain = special.gammaln(x + 1.0) - (x + 0.5) * np.log(x) + x - 0.5 * np.log(2.0 * np.pi)
    np.testing.assert_allclose(stirling_error(x), plain, atol=2e-12)


@settings(max_examples=200, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), max_size=60), size=st.just(41))
def test_components_are_those_of_the_graph(pairs, size):
    index, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    ours = components(index, target, size)
    graph = coo_array((np.ones(len(index)), (index + size, target)), shape=(size + 31, size + 31))
    _, theirs = connected_components(graph, directed=False)
    assert ((ours[:, None] == ours) == (theirs[:size, None] == theirs[:size])).all()


def test_a_long_chain_of_shared_agents_is_one_component():
    links = np.arange(5_000)
    found = components(np.repeat(links, 2), np.stack([links, links + 1], axis=1).ravel(), 5_002)
    assert (found[:5_001] == 0).all()
    assert found[5_001] == 5_001
