"""Options of a cluster on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class StageOptions:
    """What is started, and where."""

    directory: Path
    """Working directory; made anew, removed at the end."""
    scenario: str = "demo"
    nodes: int = 3
    well_known_ports: bool = True
    """Whether to take the ports people expect where they are free, or ports nobody else would take."""
    failsafe: bool = False
    """Whether the master goes on without ZooKeeper by the promises of the others."""
    startup_seconds: float = 90.0
    """How long each part may take until it is ready."""
