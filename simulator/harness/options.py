"""Options of a cluster on this machine, and the error when it does not come up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SESSION_TIMEOUT_SECONDS = 4.0
"""ZooKeeper session time-out of the demonstration's nodes."""
HEARTBEAT_SECONDS = 0.5
"""Period of the master's lease heartbeat."""
REFRESH_PERIOD_SECONDS = 1
"""Refresh period of the demonstration's cluster: the shortest, so that there is something to see."""


class HarnessError(Exception):
    """A cluster on this machine cannot start or go on; the message says what did not come up, with its log's end."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What a demonstration is asked to do. Times count from the first accepted push, in seconds."""

    directory: Path
    """Working directory; made anew, removed at the end."""
    duration_seconds: float | None = None
    """When to end; None runs until Ctrl-C."""
    kill_master_at_seconds: float | None = None
    """When to kill the master's process; None never."""
    report: Path | None = None
    """File for the report; None writes none."""
    scenario: str = "demo"
    nodes: int = 3
    keep_directory: bool = False
    view: bool = True
    """Whether to draw the live view when the output is a terminal."""
    well_known_ports: bool = True
    """Whether to take the ports people expect where they are free, or ports nobody else would take."""
    failsafe: bool = False
    """Whether the master goes on without ZooKeeper by the promises of the others."""
    startup_seconds: float = 90.0
    """How long each part may take until it is ready."""
