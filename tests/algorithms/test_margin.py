"""The margin of the outer law: what it starts from, and what inbound traffic adds to it."""

from __future__ import annotations

import numpy as np
import pytest

from pacing_node.algorithms.model import Estimates
from pacing_node.algorithms.observation import Observer
from pacing_node.algorithms.outer import inbound_margin, margin, smaller_margin
from pacing_node.algorithms.small_groups import EXACT_SLOTS
from pacing_node.algorithms.state import LearnedState
from tests.algorithms.support import make_policy, make_snapshot, names

HANDLE = 300.0
SHARES = np.array([0.0, 0.25, 0.5, 1.0, 2.0])
"""Inbound traffic as a share of the capacity."""
SIZE = len(SHARES)
BELIEVED = Estimates(
    np.full(SIZE, 0.3), np.full(SIZE, HANDLE), np.full(SIZE, 15.0), np.full(SIZE, 60.0), np.zeros(SIZE)
)


def seen(slots: float):
    return Observer(SIZE).observe(make_snapshot(SIZE, ready=1.0, busy=slots - 1.0), np.ones(SIZE, dtype=np.bool_))


@pytest.mark.parametrize("slots", [3.0, 10.0, 45.0, 100.0])
def test_inbound_traffic_adds_four_standard_deviations_a_capacity_over_the_root_of_the_slots(slots):
    z, added = margin(
        LearnedState(names(SIZE)),
        seen(slots),
        BELIEVED,
        make_policy(SIZE).goal,
        caution=1.0,
        free=np.ones(SIZE, dtype=np.bool_),
        inbound=SHARES * slots / HANDLE,
    )
    assert z - z[0] == pytest.approx(4.1 * np.minimum(SHARES, 1.0) / np.sqrt(slots), abs=1e-9)
    assert added == pytest.approx(added[0]), "feedback knows of losses alone"


def test_a_group_just_beyond_the_exact_test_has_the_inbound_margin_of_the_largest_within():
    rows = np.arange(SIZE)
    inbound = inbound_margin(SHARES * 60.0 / HANDLE, seen(60.0).slots, BELIEVED.handle_seconds)
    z = smaller_margin(LearnedState(names(SIZE)), BELIEVED, make_policy(SIZE).goal, 1.0, rows, inbound=inbound)
    assert z - z[0] == pytest.approx(4.1 * np.minimum(SHARES, 1.0) / np.sqrt(float(EXACT_SLOTS)), abs=1e-9)
