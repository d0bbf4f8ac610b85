"""The table of the exact test holds the binomial tails it is made of."""

from __future__ import annotations

import numpy as np

from pacing_node.algorithms import small_groups
from pacing_node.algorithms.super_progressive import binomial_tail


def test_tails_summed_from_the_largest_count_are_those_of_the_incomplete_beta_function():
    tails = small_groups._accept_tails()
    nodes, accepts, loads = small_groups._NODES, small_groups._ACCEPT, small_groups._LOADS
    u, accept, load, least = np.meshgrid(nodes, accepts, loads, np.arange(tails.shape[-1] * 1.0), indexing="ij")
    expected = binomial_tail(load / accept, accept * u, least)
    assert tails.shape == expected.shape
    np.testing.assert_array_equal(tails == 0.0, expected == 0.0)
    np.testing.assert_allclose(tails, expected, rtol=1e-12, atol=0.0)
    assert (np.diff(tails, axis=-1) <= 0.0).all()
