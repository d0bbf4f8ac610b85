"""LOOKAHEAD, outer law: the margin z that keeps abandonment at the goal, or the slack that keeps a busy factor.

Abandonment: dual ascent with a reserve. What abandons beyond the goal's allowance is summed,

    e = theta/4 int Q dt + 3/4 abandoned - g entries,   I <- I + e,

a quarter of it as expected from the waiting time, which is less noisy, the rest as counted: what is expected is wrong
until patience is known, and what is booked wrong stays. The margin follows the sum,

    z = z0 + (0.5/sqrt(n)) (I + r),

where the reserve r = c sqrt(g entries + 1) stays c standard deviations of the day's count below the goal.

Busy factor: an integral keeps some slots out of the law's sight, as many as hold the busy share at the goal; the
abandonment law goes on with the ceiling as its goal, so that a busy factor is never bought with lost visitors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.small_groups import EXACT_SLOTS

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, Estimates, FloatArray, IntArray
    from pacing_node.algorithms.observation import Observation
    from pacing_node.algorithms.state import LearnedState

GAIN = 0.5
"""Standard deviations of margin for one lost visitor beyond the goal, over the root of the slots."""
LEAST_FEEDBACK = -1.0
MOST_FEEDBACK = 2.5
"""From here on the goal is in danger, and no more than one invitation per free slot goes out."""
CALM_FEEDBACK = 0.5
"""Up to here a number of invitations is rounded to the nearest, from one more on it is cut off;"""
CALM_PERIODS = 3.0
"""where an answer takes longer than half of this many refresh periods, up to its time over them,"""
MOST_CALM_FEEDBACK = 1.0
"""at most. Three agents, accepts after 6 s and refusals after 45: 2.4 % abandoned, 2.8 if calm reached up to 1, 3.1 up
to 1.5. Answers after 15 s: as many abandoned with calm up to 1, and 0.3 points busier (seed 300, 100 and 150 days)."""
HELD_BACK = 1.0
"""A margin that recent abandonment raised by more is the reason for no invitations."""
EXPECTED_SHARE = 0.25
"""Part of what abandons that is booked as the waiting time lets expect; the rest as counted."""
OFFSET_SECONDS = 3600.0
"""Time in which a lasting feedback becomes part of the margin, at the least;"""
OFFSET_ROOT_SECONDS = 30_000.0
"""over the root of the slots: twice the time the feedback itself needs."""
LEAST_OFFSET = -1.0
MOST_OFFSET = 2.0
INBOUND_MARGIN = 4.1
"""Standard deviations that inbound traffic as large as the capacity adds to the start margin, over the root of the
slots. The inner law counts the mean of what will come before an invitation is answered; what comes beyond that mean
takes slots as well, which weighs most in small groups. Fitted to what days of 3 to 100 agents lose."""
BUSY_SECONDS = 600.0
"""A busy share one point off for this long moves the slack by one point of the slots."""
_LEAST_CHANCE = 1e-9


def start_margin(goal: FloatArray, slots: FloatArray, handle: FloatArray, patience: FloatArray) -> FloatArray:
    """z0: the margin at which a group of n would lose about the goal's share.

    Of those who wait, a share theta / (theta + n mu) gives up, so about g (1 + n mu / theta) may wait. The exact test
    of small groups speaks of the last invitation, not of the average one: about half of that share, and a little more
    where a queue of one empties in the time somebody waits (x = n patience / H = 0.6); fitted to what days lose.
    """
    per_patience = slots * patience / handle
    exact = slots <= EXACT_SLOTS
    may_wait = np.minimum(goal * (1.0 + per_patience), 0.25)
    every = exact.all()
    if not every and not exact.any():
        return upper_quantile(may_wait) + 0.2
    bend = np.maximum(np.minimum(per_patience / 0.6, (2.0 - per_patience) / 1.4), 0.0)
    chance = np.minimum(goal * (0.5 + 0.5 * per_patience + 0.25 * bend), 0.4)
    if every:
        return upper_quantile(chance)
    return upper_quantile(np.where(exact, chance, may_wait)) + np.where(exact, 0.0, 0.2)


def upper_quantile(chance: FloatArray) -> FloatArray:
    """The z with P(Z > z) = chance <= 0.5, good to 0.0005 (Abramowitz and Stegun, 26.2.23).

    A fifth of the exact function's time, which was a third of a whole calculation's; the outer law moves z by far more.
    """
    t = np.maximum(chance, _LEAST_CHANCE)
    np.sqrt(np.multiply(np.log(t, out=t), -2.0, out=t), out=t)
    above = _polynomial(t, 0.010328, 0.802853, 2.515517)
    below = _polynomial(t, 0.001308, 0.189269, 1.432788, 1.0)
    t -= np.divide(above, below, out=above)
    return t


def _polynomial(t: FloatArray, highest: float, *others: float) -> FloatArray:
    """By Horner's rule in one array, coefficients from the highest power down."""
    value = highest * t
    for each in others[:-1]:
        value += each
        value *= t
    value += others[-1]
    return value


def learn_abandonment(
    state: LearnedState, observation: Observation, patience: FloatArray, goal: FloatArray, free: BoolArray
) -> None:
    """Book one interval; rows that are not ``free`` (push unanswered, no agents) stay frozen."""
    allowed = goal * observation.entries
    expected = observation.waiting_seconds / patience
    expected *= EXPECTED_SHARE
    expected += (1.0 - EXPECTED_SHARE) * observation.abandoned
    expected -= allowed
    unit = observation.root_slots * (1.0 / GAIN)
    moved = np.minimum(expected + state.integral, MOST_FEEDBACK * unit)
    low = np.flatnonzero(moved < LEAST_FEEDBACK * unit)
    if len(low):
        moved[low] = np.maximum(moved[low], LEAST_FEEDBACK * unit[low] - 2.0 * np.sqrt(state.budget[low] + 1.0))
    if free.all():
        state.integral[:] = moved
        state.budget += allowed
    else:
        state.integral[:] = np.where(free, moved, state.integral)
        state.budget += allowed * free


def margin(
    state: LearnedState,
    observation: Observation,
    estimates: Estimates,
    goal: FloatArray,
    *,
    caution: float,
    free: BoolArray,
    inbound: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """z, and the part of it that the feedback adds; what lasts of it in ``free`` rows becomes part of the margin.

    ``inbound`` interactions enter per second.
    """
    base = start_margin(goal, observation.slots, estimates.handle_seconds, estimates.patience_seconds)
    base += inbound_margin(inbound, observation.slots, estimates.handle_seconds) / observation.root_slots
    feedback = _feedback(state, observation.root_slots, caution)
    part = np.minimum(observation.root_slots * (1.0 / OFFSET_ROOT_SECONDS), 1.0 / OFFSET_SECONDS)
    part *= observation.elapsed
    if not free.all():
        part *= free
    state.offset += np.multiply(part, feedback, out=part)
    np.clip(state.offset, LEAST_OFFSET, MOST_OFFSET, out=state.offset)
    feedback += state.offset
    return base + feedback, feedback


def inbound_margin(inbound: FloatArray, slots: FloatArray, handle: FloatArray) -> FloatArray:
    """What inbound traffic adds to the start margin, times the root of the slots."""
    share = inbound * handle
    share /= np.maximum(slots, 1.0)
    np.minimum(share, 1.0, out=share)
    share *= INBOUND_MARGIN
    return share


def rounding(added: FloatArray, disposition: FloatArray, refresh_seconds: float) -> tuple[FloatArray | float, IntArray]:
    """What is added to a number of invitations before its fraction is cut off, and the rows where that is below half.

    To the nearest in calm weather. But one invitation per free agent is allowed at any margin, and invitations that
    are out count as fewer by the second: rounded up, another goes out beside them in each period, however many
    visitors were lost. So where more are lost than the goal allows, up to half an invitation less is rounded up: by
    the margin that feedback adds, and the sooner the quicker answers are against the refresh period.
    """
    rows = np.flatnonzero(added > CALM_FEEDBACK)
    if not len(rows):
        return 0.5, rows
    calm = np.clip(disposition[rows] * (1.0 / (CALM_PERIODS * refresh_seconds)), CALM_FEEDBACK, MOST_CALM_FEEDBACK)
    less = np.clip(added[rows] - calm, 0.0, 1.0)
    rows, less = rows[less > 0.0], less[less > 0.0]
    part = np.full(len(added), 0.5)
    part[rows] -= 0.5 * less
    return part, rows


def smaller_margin(
    state: LearnedState, estimates: Estimates, goal: FloatArray, caution: float, rows: IntArray, *, inbound: FloatArray
) -> FloatArray:
    """The margin of these rows as if they had the most slots of the exact test; ``inbound_margin`` is theirs."""
    slots = np.full(len(rows), float(EXACT_SLOTS))
    base = start_margin(goal[rows], slots, estimates.handle_seconds[rows], estimates.patience_seconds[rows])
    base += inbound / np.sqrt(slots)
    return base + _feedback(state, np.sqrt(slots), caution, rows) + state.offset[rows]


def _feedback(
    state: LearnedState, root_slots: FloatArray, caution: float, rows: IntArray | slice = slice(None)
) -> FloatArray:
    """What recent abandonment adds to the margin."""
    added = state.budget[rows] + 1.0
    np.sqrt(added, out=added)
    added *= caution
    added += state.integral[rows]
    added *= GAIN
    added /= root_slots
    return np.clip(added, LEAST_FEEDBACK, MOST_FEEDBACK, out=added)


def learn_busy(state: LearnedState, observation: Observation, goal: FloatArray, free: BoolArray) -> None:
    """Book the busy share of one interval against its goal."""
    slots = np.maximum(observation.slots, 1e-9)
    error = observation.busy_seconds / slots - goal * observation.elapsed
    moved = np.clip(state.busy_integral + error, -(1.0 - goal) * BUSY_SECONDS, goal * BUSY_SECONDS)
    state.busy_integral[:] = np.where(free, moved, state.busy_integral)


def slack(state: LearnedState, observation: Observation, goal: FloatArray) -> FloatArray:
    """Slots to leave idle so that the busy share stays at the goal, ≥ 0."""
    return np.asarray(observation.slots * np.maximum(1.0 - goal + state.busy_integral / BUSY_SECONDS, 0.0))
