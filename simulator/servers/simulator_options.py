"""Where the simulator serves, and whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Where the simulator serves. Port 0 is any free one."""

    host: str = "127.0.0.1"
    http_port: int = 0
    statistics_primary_port: int = 0
    statistics_backup_port: int = 0
    configuration_port: int = 0
    objects_file: Path | None = None
    ready_file: Path | None = None
    seed: int = 1
    speed: float = 1.0
    token_lifetime_seconds: float = 3600.0
    clients: dict[str, str] = field(default_factory=lambda: {"pacing": "simulated-secret"}, repr=False)
    """OAuth clients and their passwords; the first one is in the configuration objects."""
    users: dict[str, str] = field(
        default_factory=lambda: {"reader": "simulated-secret", "admin": "simulated-secret"}, repr=False
    )
    """Users of the HTTP interfaces of configuration and statistics, and their passwords."""
    writers: frozenset[str] = frozenset({"admin"})
    """Users who may write over the platform configuration interface."""
    platform_writable: bool = True
    """Whether the platform configuration interface takes writes at all."""
    webhook_bearer: str | None = field(default=None, repr=False)
    """Bearer token the webhook asks for."""
    webhook_signing_key: str | None = field(default=None, repr=False)
    """Key of the signature the webhook asks for."""
    partial_pushes: bool = True
    """Whether the receivers of pushes take partial ones and say so."""
