"""Snapshots, feedback and policies in one line, for tests of the laws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pacing_node.algorithms import Algorithm, Feedback, OptimizationTarget, Policy, Snapshot


def array(value: Any, size: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (size,)).copy()


def make_snapshot(size: int = 1, taken_at: float = 1000.0, **values: Any) -> Snapshot:
    """Ten ready agents unless told; the other columns are quiet."""
    ready = array(values.pop("ready", 10.0), size)
    busy = array(values.pop("busy", 0.0), size)
    logged_in = array(values.pop("logged_in", ready + busy), size)
    columns: dict[str, Any] = {
        "capable": logged_in,
        "waiting": 0.0,
        "accepted": 0.0,
        "abandoned": 0.0,
        "completed": 0.0,
        "reactive_waiting": 0.0,
        "reactive_entered": 0.0,
        "handle_seconds": np.nan,
    } | values
    valid = np.broadcast_to(np.asarray(columns.pop("valid", True), dtype=np.bool_), (size,)).copy()
    shared = columns.pop("shared", None)
    rest = {name: array(value, size) for name, value in columns.items()}
    return Snapshot(taken_at, logged_in=logged_in, ready=ready, busy=busy, valid=valid, shared=shared, **rest)


def make_feedback(size: int = 1, **values: Any) -> Feedback:
    """Nothing pending, nothing reported unless told."""
    columns = {
        "pending": 0.0,
        "sent": 0.0,
        "disposed": 0.0,
        "acceptance_ratio": np.nan,
        "disposition_seconds": np.nan,
    } | values
    acknowledged = np.broadcast_to(np.asarray(columns.pop("acknowledged", True), dtype=np.bool_), (size,)).copy()
    return Feedback(acknowledged=acknowledged, **{name: array(value, size) for name, value in columns.items()})


def make_policy(size: int = 1, algorithm: Algorithm = Algorithm.LOOKAHEAD, **values: Any) -> Policy:
    """An abandonment goal of 3 % every five seconds unless told."""
    goal = array(values.pop("goal", 0.03), size)
    enabled = np.broadcast_to(np.asarray(values.pop("enabled", True), dtype=np.bool_), (size,)).copy()
    target = values.pop("optimization_target", OptimizationTarget.ABANDONMENT_RATE)
    policy = Policy(algorithm, target, goal=goal, enabled=enabled, refresh_seconds=5.0)
    return replace(policy, **values)


def names(size: int) -> list[str]:
    return [f"Target {i} - chat" for i in range(size)]
