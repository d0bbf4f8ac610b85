"""Days on which the world misbehaves: pages that break, slow accepts, crowds, inbound waves, late or wrong values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.benchmark.kind_of_day import HOUR, STATIONARY, Profile, Scenario, WrongValue
from simulator.benchmark.times import Exponential, Lognormal, Mixture

_QUIET = 1.0 / 300.0 / 0.3
"""Visitors per second and slot that just keep everybody busy."""
_WRONG_AT = 4 * HOUR
WRONG_VALUES = {
    "busy": 1000.0,
    "ready": 500.0,
    "accept_seconds": 1e6,
    "abandoned": 100.0,
    "waiting": 1e6,
    "reactive_entered": 200.0,
    "completed": 10_000.0,
    "accepted": 1000.0,
}
"""What is added, once, to a column of the snapshot or to the time to an accept that the platform reports."""


def rough_days() -> list[Scenario]:
    """Every such day."""
    return [*_acceptance(), *_crowds(), *_inbound(), *_patience(), *_late(), *_wrong(), *_mixtures()]


def _named(name: str, **fields: object) -> Scenario:
    return replace(STATIONARY, name=name, **fields)  # type: ignore[arg-type]  # fields of several types


def _outage(minutes: float, before: float = 0.3, during: float = 0.0) -> Profile:
    start = 3 * HOUR
    return ((0.0, before), (start, during), (start + 60.0 * minutes, before))


def _acceptance() -> list[Scenario]:
    slow = [
        _named(
            f"accepts-{accept}-refusals-{refuse}",
            accept=Exponential(float(accept)),
            refuse=Exponential(float(refuse)),
            accept_mean=float(accept),
            refuse_mean=float(refuse),
        )
        for accept, refuse in ((20, 6), (45, 6), (90, 6), (6, 45))
    ]
    return [
        *(_named(f"outage-{minutes}-min", acceptance=_outage(minutes)) for minutes in (2, 10, 60)),
        _named("outage-10-min-no-times", acceptance=_outage(10), reports_times=False),
        _named("acceptance-falls-to-a-tenth-10-min", acceptance=_outage(10, during=0.03)),
        _named("acceptance-0.9-outage-10-min", acceptance=_outage(10, before=0.9)),
        *slow,
    ]


def _crowds() -> list[Scenario]:
    days = []
    for name, share in (("quiet-hour", 0.1), ("empty-hour", 0.0)):
        visitors = tuple((hour * HOUR, np.inf if hour % 2 == 0 else share * _QUIET) for hour in range(8))
        days += [
            _named(f"crowd-after-{name}", visitors=visitors),
            _named(f"crowd-after-{name}-no-times", visitors=visitors, reports_times=False),
        ]
    starts_quiet = tuple(
        (start, 0.1 * _QUIET if start % (2 * HOUR) == 0 else np.inf) for start in np.arange(0, 8) * HOUR
    )
    return [*days, _named("quiet-hour-first-no-times", visitors=starts_quiet, reports_times=False)]


def _inbound() -> list[Scenario]:
    """Shares of the capacity that inbound traffic offers, even and in waves of half an hour."""
    days = []
    for percent in (25, 50, 75):
        share = percent / 100.0
        waves = tuple(
            (float(t), share * (1.0 + 0.4 * float(np.sin(t / 1800.0 * 2.0 * np.pi)))) for t in range(0, 28800, 300)
        )
        for name, load in ((f"reactive-{percent}", ((0.0, share),)), (f"reactive-{percent}-waves", waves)):
            days.append(_named(name, reactive=load, reactive_gated=False))
            days.append(_named(f"{name}-dual", reactive=load, proactive_ratio=0.5, dual=True))
    return days


def _patience() -> list[Scenario]:
    return [
        *(_named(f"patience-{seconds}-s", patience=Exponential(float(seconds))) for seconds in (5, 15, 30, 120, 300)),
        *(_named(f"balk-{percent}", patience=Exponential(60.0, percent / 100.0)) for percent in (10, 30)),
        *(_named(f"goal-{goal:g}", goal=goal / 100.0) for goal in (0.5, 1.0, 10.0)),
    ]


def _late() -> list[Scenario]:
    return [_named(f"unknown-lag-{lag}", unknown_lag_seconds=float(lag)) for lag in (2, 5, 10, 15, 30)]


def _wrong() -> list[Scenario]:
    return [
        _named(f"wrong-{column.replace('_', '-')}", wrong=(WrongValue(_WRONG_AT, column, more),))
        for column, more in WRONG_VALUES.items()
    ]


def _mixtures() -> list[Scenario]:
    waves = tuple((float(t), 0.2 * (1.0 + 0.4 * float(np.sin(t / 1800.0 * 2.0 * np.pi)))) for t in range(0, 28800, 300))
    return [
        _named("handle-bimodal", handle=Mixture(0.5, Lognormal(100.0, 0.5), Lognormal(500.0, 0.5))),
        _named(
            "impatient-and-slow-accepts", patience=Exponential(30.0, 0.1), accept=Exponential(30.0), accept_mean=30.0
        ),
        _named(
            "rough-day",
            acceptance=((0.0, 0.3), (2 * HOUR, 0.0), (2 * HOUR + 300.0, 0.3), (5 * HOUR, 0.2)),
            patience=Exponential(30.0, 0.1),
            accept=Exponential(30.0),
            refuse=Exponential(8.0),
            accept_mean=30.0,
            refuse_mean=8.0,
            staff=((0.0, 1.0), (3.5 * HOUR, 0.8), (4.5 * HOUR, 1.0)),
            reactive=waves,
            reactive_gated=False,
        ),
    ]
