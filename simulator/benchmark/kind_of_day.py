"""One kind of day that the laws are compared on: what changes, when, and what the law does not know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulator.benchmark.times import Exponential, Lognormal

if TYPE_CHECKING:
    from simulator.benchmark.times import Times

HOUR = 3600.0
DAY_SECONDS = 8 * HOUR

Profile = tuple[tuple[float, float], ...]
"""Steps of a value over the day: (from second, value), the first from 0."""


@dataclass(frozen=True, slots=True)
class WrongValue:
    """One value of the input that is wrong once."""

    at: float
    """Seconds of the day."""
    column: str
    """Of the snapshot; ``accept_seconds`` for the time the platform reports."""
    more: float
    """What is added to the true value."""


_HANDLE, _PATIENCE, _ANSWER = Lognormal(300.0, 0.8), Exponential(60.0), Exponential(15.0)


@dataclass(frozen=True)
class Scenario:
    """One kind of day; the defaults are the stationary setting, from a cold start."""

    name: str
    handle: Times = _HANDLE
    handle_mean: float = 300.0
    patience: Times = _PATIENCE
    accept: Times = _ANSWER
    """Time from the invitation to the accept of those who accept."""
    refuse: Times = _ANSWER
    """Time to the refusal of those who refuse."""
    accept_mean: float = 15.0
    """Both times as the platform's reply reports them."""
    refuse_mean: float = 15.0
    reports_times: bool = True
    """False: the platform reports what is pending and nothing else."""
    acceptance: Profile = ((0.0, 0.3),)
    acceptance_spread: float = 0.0
    """Standard deviation of a slow common factor (log scale, memory 15 minutes) on the acceptance ratio."""
    staff: Profile = ((0.0, 1.0),)
    """Share of the agents at work."""
    reactive: Profile = ((0.0, 0.0),)
    """Reactive load offered, as a share of the agents' capacity."""
    reactive_gated: bool = True
    """Whether the page obeys InboundPortion where a law gives it."""
    visitors: Profile = ((0.0, np.inf),)
    """Visitors that qualify for an invitation, per second and slot; infinite = ample."""
    spread: bool = False
    """The platform spreads an allotment over the period instead of spending it at once."""
    lag_seconds: float = 0.0
    """Age of the statistics at the calculation."""
    unknown_lag_seconds: float = 0.0
    """The values are this much older than the time they are said to be of."""
    wrong: tuple[WrongValue, ...] = ()
    """Single values that are wrong once."""
    fresh_pending: bool = False
    """The platform reports its pending count again right before each calculation; else the count is a period old."""
    partial_pushes: bool = False
    """Between two full pushes targets that changed materially are pushed on their own, as a node does it."""
    gap_seconds: float = 0.0
    """Length of a hand-over without pushes, every 30 minutes."""
    gap_keeps_state: bool = True
    capacity: int = 1
    """Interactions per agent."""
    sharing: int = 1
    """Targets that share each group of agents."""
    prior_acceptance: float = 0.3
    goal: float = 0.03
    proactive_ratio: float = 1.0
    busy_goal: float | None = None
    """Busy factor to hold instead of an abandonment goal."""
    seconds: float = DAY_SECONDS
    dual: bool = False
    """Compared with the dual law, which says how much inbound traffic a page should let in."""

    @property
    def together(self) -> tuple[object, ...]:
        """What scenarios must have in common to be simulated in one run."""
        policy = (self.proactive_ratio, self.prior_acceptance, self.busy_goal is None, self.dual, self.seconds)
        feed = (self.lag_seconds, self.unknown_lag_seconds, self.fresh_pending, self.gap_seconds, self.gap_keeps_state)
        return (*policy, *feed, self.partial_pushes, self.spread, self.sharing)


STATIONARY = Scenario("stationary")
"""The setting of the main table."""
