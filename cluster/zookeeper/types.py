"""Nodes of ZooKeeper's tree as the rest of this library sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NodeStat:
    """What ZooKeeper knows of a node."""

    version: int
    created_zxid: int
    modified_zxid: int
    owner: int
    """Session that owns an ephemeral node; 0 for a persistent one."""


class Transaction(Protocol):
    """What a transaction can hold; all of it happens, or none."""

    def create(self, path: str, value: bytes, *, ephemeral: bool = False) -> None:
        """Create a node."""
        ...

    def delete(self, path: str, version: int = -1) -> None:
        """Delete a node of this version; -1 means any."""
        ...

    def set_data(self, path: str, value: bytes, version: int = -1) -> None:
        """Write a node of this version; -1 means any."""
        ...

    def check(self, path: str, version: int) -> None:
        """Fail unless the node exists with this version."""
        ...
