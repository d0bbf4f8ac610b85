"""Options of a demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.harness.stage_options import StageOptions

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoOptions(StageOptions):
    """What a demonstration is asked to do. Times count from the first accepted push, in seconds."""

    duration_seconds: float | None = None
    """When to end; None runs until Ctrl-C."""
    kill_master_at_seconds: float | None = None
    """When to kill the master's process; None never."""
    report: Path | None = None
    """File for the report; None writes none."""
    keep_directory: bool = False
    view: bool = True
    """Whether to draw the live view when the output is a terminal."""
