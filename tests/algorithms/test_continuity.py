"""No seams: one more ready agent never gives fewer, one more pending invitation never gives more."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pacing_node.algorithms import Controller
from pacing_node.algorithms.small_groups import _ACCEPT, _TURNOVER, ExactLevels
from tests.algorithms.support import make_feedback, make_policy, make_snapshot, names

ROWS = 1500
"""Each example is this many targets; a smaller example would explain no more."""


class World:
    """Targets of 1 to 90 slots with anything a law may have learned."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        slots = random.integers(1, 90, ROWS)
        self.ready = np.floor(np.square(random.random(ROWS)) * slots)
        self.busy = slots - self.ready
        self.waiting = np.where(random.random(ROWS) < 0.4, random.integers(0, 6, ROWS), 0).astype(np.float64)
        self.pending = random.integers(0, 200, ROWS).astype(np.float64)
        self.handle, self.disposition = 10.0 ** random.uniform(1.8, 3.0, ROWS), 10.0 ** random.uniform(0.5, 1.7, ROWS)
        self.goal = random.choice([0.005, 0.01, 0.03, 0.1], ROWS)
        self.learned = {
            "entries": random.uniform(0.05, 0.9, ROWS) * 1000.0,
            "disposed": np.full(ROWS, 1000.0),
            "waiting_seconds": 10.0 ** random.uniform(0.7, 2.5, ROWS) * 200.0,
            "abandoned": np.full(ROWS, 200.0),
            "integral": random.normal(0.0, 10.0, ROWS),
            "budget": random.uniform(0.0, 100.0, ROWS),
            "offset": random.uniform(-1.0, 2.0, ROWS),
            "reactive": np.where(random.random(ROWS) < 0.3, random.random(ROWS) * 0.05, 0.0),
        }

    def calculate(self, *, more_ready: float = 0.0, more_pending: float = 0.0):
        controller = Controller(names(ROWS))
        for name, values in self.learned.items():
            getattr(controller._state, name)[:] = values
        snapshot = make_snapshot(
            ROWS,
            ready=self.ready + more_ready,
            busy=self.busy,
            waiting=self.waiting,
            handle_seconds=self.handle,
        )
        feedback = make_feedback(ROWS, pending=self.pending + more_pending, disposition_seconds=self.disposition)
        return controller.calculate(snapshot, feedback, make_policy(ROWS, goal=self.goal))


@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(seed=st.integers(0, 2**32 - 1))
@example(1130)
@example(27617)
def test_one_more_ready_agent_never_gives_fewer_invitations(seed):
    world = World(seed)
    few, more = world.calculate(), world.calculate(more_ready=1.0)
    assert (more.estimates.level >= few.estimates.level - 1e-6).all()
    assert (more.invitations >= few.invitations).all()


@settings(max_examples=10, deadline=None, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32 - 1))
def test_one_more_pending_invitation_never_gives_more(seed):
    world = World(seed)
    few, more = world.calculate(), world.calculate(more_pending=1.0)
    assert (more.invitations <= few.invitations).all()


def test_few_targets_get_the_levels_that_they_get_among_many():
    size, random, levels = 2400, np.random.default_rng(3), ExactLevels()
    fraction = np.where(np.arange(size) < size // 2, random.random(size), 0.0)  # parts have fractions only, or none
    columns = (
        random.integers(-2, 9, size) + fraction,
        random.integers(0, 6, size).astype(np.float64),
        random.choice([*_ACCEPT, *random.random(20)], size),
        random.choice([0.001, 2.0, *_TURNOVER, *random.random(20)], size),
        random.uniform(-1.5, 5.5, size),
    )
    parts = [levels.level(*(each[start : start + 200] for each in columns)) for start in range(0, size, 200)]
    assert (np.concatenate(parts) == levels.level(*columns)).all()
