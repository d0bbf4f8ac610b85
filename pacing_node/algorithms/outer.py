"""LOOKAHEAD, outer law: the margin z that keeps abandonment at the goal.

Dual ascent with a reserve. What abandons beyond the goal's allowance is summed,

    e = theta/2 int Q dt + abandoned/2 - g entries,   I <- I + e,

half of it as expected from the waiting time, which is less noisy, half as counted. The margin follows the sum,

    z = z0 + 0.2 + (0.3/sqrt(n)) (I + r),   z0 = Phi^-1(1 - min(1/4, g (theta + n mu) / theta)),

where the reserve r = c sqrt(g entries + 1) stays c standard deviations of the day's count below the goal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from pacing_node.algorithms.small_groups import EXACT_SLOTS

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray
    from pacing_node.algorithms.observation import Observation
    from pacing_node.algorithms.state import LearnedState

GAIN = 0.3
LEAST_FEEDBACK = -1.0
MOST_FEEDBACK = 2.5


def start_margin(goal: FloatArray, slots: FloatArray, handle: FloatArray, patience: FloatArray) -> FloatArray:
    """z0: the margin at which a full group of n would lose about the goal's share.

    Of those who wait, a share theta / (theta + n mu) gives up, so about g (1 + n mu / theta) may wait. The exact test
    of small groups speaks of the last invitation, not of the average one; its constants are fitted to the optimum.
    """
    may_wait = goal * (1.0 + slots * patience / handle)
    small = np.clip(0.4 * may_wait, 1.5 * goal, 0.4)
    return np.asarray(ndtri(1.0 - np.where(slots <= EXACT_SLOTS, small, np.minimum(0.25, may_wait))))


def learn_abandonment(
    state: LearnedState, observation: Observation, patience: FloatArray, goal: FloatArray, free: BoolArray
) -> None:
    """Book one interval; rows that are not ``free`` (push unanswered, no agents, budget not binding) stay frozen."""
    error = 0.5 * observation.waiting_seconds / patience + 0.5 * observation.abandoned - goal * observation.entries
    unit = np.sqrt(np.maximum(observation.slots, 1.0)) / GAIN
    moved = np.clip(state.integral + error, 2.0 * LEAST_FEEDBACK * unit - reserve_scale(state), MOST_FEEDBACK * unit)
    state.integral[:] = np.where(free, moved, state.integral)
    state.budget[:] = np.where(free, state.budget + goal * observation.entries, state.budget)


def reserve_scale(state: LearnedState) -> FloatArray:
    """One standard deviation of the number the goal allows to abandon so far."""
    return np.sqrt(state.budget + 1.0)


def margin(
    state: LearnedState, estimates: Estimates, slots: FloatArray, goal: FloatArray, caution: float
) -> tuple[FloatArray, FloatArray]:
    """z, and the part of it that the feedback adds."""
    base = start_margin(goal, slots, estimates.handle_seconds, estimates.patience_seconds) + 0.2
    gain = GAIN / np.sqrt(np.maximum(slots, 1.0))
    feedback = np.clip(gain * (state.integral + caution * reserve_scale(state)), LEAST_FEEDBACK, MOST_FEEDBACK)
    return base + feedback, feedback
