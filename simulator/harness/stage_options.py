"""Options of a cluster on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.harness.cluster_times import REFRESH_PERIOD_SECONDS, SESSION_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from simulator.harness.node_files import NodePlan


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
    session_timeout_seconds: float = SESSION_TIMEOUT_SECONDS
    """ZooKeeper session time-out of the nodes; a push may take a third of it."""
    period_seconds: float = REFRESH_PERIOD_SECONDS
    """Refresh period in the cluster's options."""
    startup_seconds: float = 90.0
    """How long each part may take until it is ready."""
    simulator_arguments: tuple[str, ...] = ()
    """Further arguments of the contact centre's command."""
    cluster_extra: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    """Sections that replace those of the cluster's options, made from the contact centre's ready file."""
    node_extra: Callable[[NodePlan], Mapping[str, Any]] | None = None
    """Options that replace those of a node; its directory need not exist yet."""
    node_prefix: tuple[str, ...] = ()
    """What runs a node's command, for example with a limit of its descriptors."""
