"""The days the laws are compared on: what changes, when, and what the law does not know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from simulator.benchmark.bank import BANK_DAY, bank_available

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.algorithms.model import FloatArray

HOUR = 3600.0
DAY_SECONDS = 8 * HOUR

Profile = tuple[tuple[float, float], ...]
"""Steps of a value over the day: (from second, value), the first from 0."""


def lognormal(mean: float, variation: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """A sampler of lognormal times with this mean (s) and coefficient of variation."""
    sigma = float(np.sqrt(np.log1p(variation * variation)))
    mu = float(np.log(mean)) - 0.5 * sigma * sigma
    return lambda random, size: random.lognormal(mu, sigma, size)


def exponential(mean: float) -> Callable[[np.random.Generator, int], FloatArray]:
    """A sampler of exponential times with this mean (s)."""
    return lambda random, size: random.exponential(mean, size)


@dataclass(frozen=True)
class Scenario:
    """One kind of day; the defaults are the stationary setting, from a cold start."""

    name: str
    handle: Callable[[np.random.Generator, int], FloatArray] = field(default_factory=lambda: lognormal(300.0, 0.8))
    handle_mean: float = 300.0
    patience: Callable[[np.random.Generator, int], FloatArray] = field(default_factory=lambda: exponential(60.0))
    disposition: Callable[[np.random.Generator, int], FloatArray] = field(default_factory=lambda: exponential(15.0))
    disposition_mean: float = 15.0
    """As the platform's reply reports it."""
    acceptance: Profile = ((0.0, 0.3),)
    acceptance_spread: float = 0.0
    """Standard deviation of a slow common factor (log scale, memory 15 minutes) on the acceptance ratio."""
    staff: Profile = ((0.0, 1.0),)
    """Share of the agents at work."""
    reactive: Profile = ((0.0, 0.0),)
    """Reactive load offered, as a share of the agents' capacity."""
    reactive_gated: bool = True
    """Whether the page obeys InboundPortion where a law gives it."""
    visitors_per_agent: float = np.inf
    """Visitors that qualify for an invitation, per second and agent; infinite = ample."""
    spread: bool = False
    """The platform spreads an allotment over the period instead of spending it at once."""
    lag_seconds: float = 0.0
    """Age of the statistics at the calculation."""
    fresh_pending: bool = False
    """The platform reports its pending count again right before each calculation; else the count is a period old."""
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


STATIONARY = Scenario("stationary")
_STEP_UP = 3 * HOUR
_STEP_DOWN = 6 * HOUR


def _all() -> dict[str, Scenario]:
    base = STATIONARY
    profile = ((0.0, 0.5), (1 * HOUR, 0.8), (2 * HOUR, 1.0), (4 * HOUR, 0.7), (5 * HOUR, 1.0), (7 * HOUR, 0.6))
    inbound = ((0.0, 0.1), (1.5 * HOUR, 0.25), (3 * HOUR, 0.35), (5 * HOUR, 0.2), (6.5 * HOUR, 0.1))
    scenarios = [
        base,
        replace(base, name="acceptance-steps", acceptance=((0.0, 0.3), (_STEP_UP, 0.6), (_STEP_DOWN, 0.15))),
        *(replace(base, name=f"lag-{lag}", lag_seconds=float(lag)) for lag in (2, 5, 10)),
        replace(base, name="fresh-pending", fresh_pending=True),
        replace(base, name="gap-state-kept", gap_seconds=12.5),
        replace(base, name="gap-state-lost", gap_seconds=12.5, gap_keeps_state=False),
        replace(base, name="day-profile", staff=profile, reactive=inbound, reactive_gated=False),
        replace(
            base,
            name="reactive-burst",
            reactive=((0.0, 0.1), (4 * HOUR, 0.5), (4.25 * HOUR, 0.1)),
            reactive_gated=False,
        ),
        replace(base, name="staff-halved", staff=((0.0, 1.0), (4 * HOUR, 0.5))),
        replace(base, name="wrong-prior-high", acceptance=((0.0, 0.1),)),
        replace(base, name="wrong-prior-low", acceptance=((0.0, 0.6),)),
        replace(base, name="few-visitors", visitors_per_agent=1.0 / 300.0 / 0.3 * 0.8),
        replace(base, name="capacity-2", capacity=2, handle=lognormal(600.0, 0.8), handle_mean=600.0),
        replace(base, name="shared-agents", sharing=2),
        replace(base, name="correlated-acceptance", acceptance_spread=0.4),
        replace(base, name="spread", spread=True),
        *(
            replace(base, name=f"dual-{share}", reactive=((0.0, 1.0),), proactive_ratio=share / 100.0)
            for share in (50, 70, 90)
        ),
        *(replace(base, name=f"busy-{goal}", busy_goal=goal / 100.0) for goal in (75, 85)),
    ]
    if bank_available():
        scenarios.append(replace(base, name="bank-day", **BANK_DAY()))
    return {scenario.name: scenario for scenario in scenarios}


def scenarios() -> dict[str, Scenario]:
    """Every scenario by name; ``bank-day`` only where its records are at hand."""
    return _all()
