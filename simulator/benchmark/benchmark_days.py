"""The days the laws are compared on, by name."""

from __future__ import annotations

from dataclasses import replace

from simulator.benchmark.bank import BANK_DAY, bank_available
from simulator.benchmark.kind_of_day import HOUR, STATIONARY, Scenario
from simulator.benchmark.rough_days import rough_days
from simulator.benchmark.times import Lognormal

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
        replace(base, name="partial-pushes", partial_pushes=True),
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
        replace(base, name="few-visitors", visitors=((0.0, 1.0 / 300.0 / 0.3 * 0.8),)),
        replace(base, name="capacity-2", capacity=2, handle=Lognormal(600.0, 0.8), handle_mean=600.0),
        replace(base, name="shared-agents", sharing=2),
        replace(base, name="correlated-acceptance", acceptance_spread=0.4),
        replace(base, name="spread", spread=True),
        *(
            replace(base, name=f"dual-{share}", reactive=((0.0, 1.0),), proactive_ratio=share / 100.0, dual=True)
            for share in (50, 70, 90)
        ),
        *(replace(base, name=f"busy-{goal}", busy_goal=goal / 100.0) for goal in (75, 85)),
    ]
    scenarios += rough_days()
    if bank_available():
        scenarios.append(replace(base, name="bank-day", **BANK_DAY()))
    return {scenario.name: scenario for scenario in scenarios}


def scenarios() -> dict[str, Scenario]:
    """Every scenario by name; ``bank-day`` only where its records are at hand."""
    return _all()
