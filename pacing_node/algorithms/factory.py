"""Builds the controller; the only constructor other packages call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.algorithms.engine import PacingController

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.controller import Controller
    from pacing_node.algorithms.model import Policy


def create_controller(names: Sequence[str], policy: Policy, seed: int = 0) -> Controller:
    """A controller for these targets, rows in this order; ``seed`` fixes the random rounding.

    Raises:
        ValueError: a name occurs twice, or the policy is for another number of targets.
    """
    if len(set(names)) != len(names):
        raise ValueError("target names must differ")
    if len(policy.goal) != len(names):
        raise ValueError(f"policy has {len(policy.goal)} rows, there are {len(names)} targets")
    return PacingController(names, seed)
