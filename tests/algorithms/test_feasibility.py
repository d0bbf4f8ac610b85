"""What inbound traffic alone does to a lone proactive visitor, by Erlang's formulas."""

from __future__ import annotations

import numpy as np
import pytest

from pacing_node.algorithms import Estimates
from pacing_node.algorithms.erlang import blocking, blocking_of_whole
from pacing_node.algorithms.feasibility import infeasible

RANDOM = np.random.default_rng(3)
HANDLE_SECONDS = 300.0


def believed(size: int, patience: np.ndarray) -> Estimates:
    column = np.full(size, HANDLE_SECONDS)
    return Estimates(np.full(size, 0.3), column, np.full(size, 15.0), patience, np.zeros(size))


def test_the_sum_for_whole_servers_is_the_incomplete_gamma_functions_value() -> None:
    servers = np.repeat(np.arange(1.0, 401.0), 3)
    load = servers * RANDOM.uniform(0.2, 1.2, len(servers))
    assert blocking_of_whole(servers, load) == pytest.approx(blocking(servers, load), rel=1e-11)


def test_a_sum_beyond_the_largest_number_blocks_nobody() -> None:
    assert blocking_of_whole(np.array([2000.0, 1.0]), np.array([1.0, 1.0])).tolist() == [0.0, 0.5]


@pytest.mark.parametrize("part", [0.0, 0.5], ids=["whole slots", "halves of slots"])
def test_no_shortcut_changes_what_is_infeasible(part: float) -> None:
    size = 20_000
    slots = np.floor(10.0 ** RANDOM.uniform(0.0, 2.7, size)) + part
    load = slots * RANDOM.uniform(0.3, 1.1, size)
    patience, goal = 10.0 ** RANDOM.uniform(0.7, 2.5, size), RANDOM.choice([0.005, 0.03, 0.1], size)
    bounded = np.minimum(load, 0.999 * slots)
    lost = blocking(slots, bounded)
    waits = lost / (1.0 - bounded / slots * (1.0 - lost))
    leaves = 1.0 / (1.0 + (slots - bounded) / HANDLE_SECONDS * patience)
    expected = (load > 0.5 * slots) & ((waits * leaves > goal) | (load >= slots))
    found = infeasible(believed(size, patience), slots, load / HANDLE_SECONDS, goal)
    assert 0.2 < expected.mean() < 0.8
    assert (found != expected).sum() == 0


def test_a_target_without_slots_or_inbound_traffic_is_feasible() -> None:
    found = infeasible(believed(2, np.full(2, 60.0)), np.array([0.0, 5.0]), np.array([1.0, 0.0]), np.full(2, 0.03))
    assert not found.any()
