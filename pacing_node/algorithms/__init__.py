"""The pacing laws and their estimators: pure, array in, array out."""

from __future__ import annotations

from pacing_node.algorithms.controller import Controller
from pacing_node.algorithms.explanation import Row, explain
from pacing_node.algorithms.learned import restore_learned, save_learned
from pacing_node.algorithms.ledger import Ledger
from pacing_node.algorithms.model import (
    Algorithm,
    Estimates,
    Feedback,
    OptimizationTarget,
    Policy,
    Reason,
    Result,
    SharedAgents,
    Snapshot,
)
from pacing_node.algorithms.state import UnusableStateError

__all__ = [
    "Algorithm",
    "Controller",
    "Estimates",
    "Feedback",
    "Ledger",
    "OptimizationTarget",
    "Policy",
    "Reason",
    "Result",
    "Row",
    "SharedAgents",
    "Snapshot",
    "UnusableStateError",
    "explain",
    "restore_learned",
    "save_learned",
]
