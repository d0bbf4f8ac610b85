"""What the caller's environment says of a node, kept from nodes that are given all they need."""

from __future__ import annotations

import os

from simulator.harness import zookeeper


def forget_settings() -> None:
    """Remove every variable of a node from this process's environment; where ZooKeeper comes from stays."""
    for variable in [name for name in os.environ if name.startswith("PACING_") and name != zookeeper.VARIABLE]:
        del os.environ[variable]
