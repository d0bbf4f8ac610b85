"""Configuration files of the demonstration's nodes: one small file per node, one for the whole cluster."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from cluster import addresses
from simulator.harness.cluster_times import (
    HEARTBEAT_SECONDS,
    REFRESH_PERIOD_SECONDS,
    SESSION_TIMEOUT_SECONDS,
    TICK_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class NodePlan:
    """Where one node lives."""

    name: str
    directory: Path
    http_port: int
    clustering_port: int
    host: str = HOST
    """Address it listens on, under which the others reach it."""

    @property
    def http(self) -> str:
        """Its HTTP address."""
        return f"http://{addresses.join(self.host, self.http_port)}"

    @property
    def file(self) -> Path:
        """Its configuration file."""
        return self.directory / "node.yaml"


def cluster_options(simulator: Mapping[str, Any], period_seconds: float = REFRESH_PERIOD_SECONDS) -> dict[str, Any]:
    """Options of the cluster for a simulator by its ready file: its addresses, and the law of its scenario."""
    return {
        "pacing": {"refreshPeriod": period_seconds, **simulator.get("pacing", {})},
        "pacingEndpoint": {"kind": "predictive-engagement"},
        "configServer": {"kind": "file", "path": str(simulator["objects_file"])},
        "statServer": {"kind": "bridge", **simulator["statistics"]},
    }


def node_options(
    plan: NodePlan,
    *,
    cluster: str,
    zookeeper: str | None,
    seed: Path,
    failsafe: bool = False,
    secret_file: Path | None = None,
    doctor_seconds: float = 0.0,
    session_timeout_seconds: float = SESSION_TIMEOUT_SECONDS,
) -> dict[str, Any]:
    """Options of one node; without ZooKeeper hosts it runs alone, without a secret it trusts its own machine.

    It examines itself every ``doctor_seconds``, and never with 0.
    """
    ensemble = {
        "hosts": zookeeper,
        "session_timeout_seconds": session_timeout_seconds,
        "heartbeat_seconds": HEARTBEAT_SECONDS,
        "tick_seconds": TICK_SECONDS,
        "failsafe": failsafe,
    }
    return {
        "name": plan.name,
        "cluster": cluster,
        "host": plan.host,
        "bind": plan.host,
        "ports": {"default": plan.http_port, "clustering": plan.clustering_port},
        **({"access": {"secret_file": str(secret_file)}} if secret_file is not None else {}),
        "zookeeper": "none" if zookeeper is None else ensemble,
        "state_directory": str(plan.directory / "state"),
        "seed": str(seed),
        "doctor_seconds": doctor_seconds,
        "log": {"format": "text"},
    }


def write_secret(path: Path) -> Path:
    """Make a secret for the members of a cluster, in a file that nobody else can read; the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(32) + "\n")
    return path


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write a YAML file, its directory too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False))
