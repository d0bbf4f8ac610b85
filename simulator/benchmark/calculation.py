"""How long one calculation takes, for many targets on one core."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from pacing_node.algorithms import (
    Algorithm,
    Controller,
    Feedback,
    Ledger,
    OptimizationTarget,
    Policy,
    Snapshot,
)

_SMALL, _LARGE = 30, 200
_COLUMNS = (
    *("ready", "busy", "waiting", "accepted", "abandoned", "completed", "reactive_waiting"),
    *("reactive_entered", "logged_in", "capable"),
)
_LEARNED_COLUMNS = 20
_PERIOD_SECONDS, _HANDLE_SECONDS = 5.0, 300.0


def snapshot_of(random: np.random.Generator, targets: int, taken_at: float, *, small: bool) -> Snapshot:
    """Targets in the middle of a day: groups of up to 30 slots, or of 31 to 200."""
    slots = random.integers(1, _SMALL + 1, targets) if small else random.integers(_SMALL + 1, _LARGE + 1, targets)
    ready = random.binomial(slots, 0.08).astype(np.float64)
    waiting = np.where(ready > 0.0, 0.0, random.poisson(0.4, targets)).astype(np.float64)
    ended = _PERIOD_SECONDS / _HANDLE_SECONDS * (slots - ready)
    return Snapshot(
        taken_at=taken_at,
        logged_in=slots.astype(np.float64),
        capable=slots.astype(np.float64),
        ready=ready,
        busy=slots - ready,
        waiting=waiting,
        accepted=random.poisson(0.97 * ended).astype(np.float64),
        abandoned=random.poisson(0.03 * ended).astype(np.float64),
        completed=random.poisson(ended).astype(np.float64),
        reactive_waiting=np.zeros(targets),
        reactive_entered=random.poisson(0.05, targets).astype(np.float64),
        handle_seconds=np.full(targets, np.nan),
        valid=np.ones(targets, dtype=np.bool_),
    )


def _policy(targets: int, algorithm: Algorithm) -> Policy:
    return Policy(
        algorithm=algorithm,
        optimization_target=OptimizationTarget.ABANDONMENT_RATE,
        goal=np.full(targets, 0.03),
        enabled=np.ones(targets, dtype=np.bool_),
        refresh_seconds=_PERIOD_SECONDS,
    )


def measure(targets: int, repeats: int = 50, *, small: bool, algorithm: Algorithm = Algorithm.LOOKAHEAD) -> list[float]:
    """Milliseconds of each of ``repeats`` calculations after the tables are warm."""
    random = np.random.default_rng(1)
    policy = _policy(targets, algorithm)
    names = [f"Target {i} - chat" for i in range(targets)]
    controller, ledger = Controller(names), Ledger(names)
    snapshots = [snapshot_of(random, targets, 0.0, small=small) for _ in range(5)]
    taken_at, times = 1_000_000.0, []
    for index in range(repeats + 15):
        taken_at += _PERIOD_SECONDS
        snapshot = replace(snapshots[index % 5], taken_at=taken_at)
        feedback: Feedback = ledger.feedback(taken_at)
        start = perf_counter()
        result = controller.calculate(snapshot, feedback, policy)
        times.append(1000.0 * (perf_counter() - start))
        ledger.allotted(taken_at, result.invitations)
        ledger.acknowledged(taken_at, np.floor(0.7 * feedback.pending))
    return times[15:]


def one_pass(targets: int, repeats: int = 50) -> float:
    """Median milliseconds of the least a calculation can do: read every column of the input once and write one."""
    random = np.random.default_rng(2)
    snapshot = snapshot_of(random, targets, 0.0, small=False)
    columns = [getattr(snapshot, name) for name in _COLUMNS]
    columns += [random.random(targets) for _ in range(_LEARNED_COLUMNS)]
    times = []
    for _ in range(repeats):
        start = perf_counter()
        total = columns[0].copy()
        for column in columns[1:]:
            total += column
        times.append(1000.0 * (perf_counter() - start))
    return float(np.median(times))


def report(targets: int) -> dict[str, Any]:
    """The figures of ``pacing benchmark calculation``."""
    closed, exact = measure(targets, small=False), measure(targets, small=True)
    least = one_pass(targets)
    return {
        "targets": targets,
        "median_ms": round(float(np.median(closed)), 3),
        "p95_ms": round(float(np.percentile(closed, 95)), 3),
        "exact_median_ms": round(float(np.median(exact)), 3),
        "one_pass_ms": round(least, 4),
        "passes": round(float(np.median(closed)) / least, 1),
        "exact_passes": round(float(np.median(exact)) / least, 1),
    }
