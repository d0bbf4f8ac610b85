"""Nodes of ZooKeeper's tree as the rest of this library sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cluster.errors import TooLargeError

if TYPE_CHECKING:
    from cluster.mastership import ZooKeeperState


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


@dataclass(frozen=True, slots=True)
class SessionChange:
    """The session has changed its state."""

    state: ZooKeeperState
    session_id: int
    """0 when there is no session."""
    timeout_seconds: float
    """The session time-out ZooKeeper granted."""
    opened_at: float
    """When the newest connection was opened, before its handshake, on the clock of leases."""


_MESSAGE_OVERHEAD = 1024
"""Room for all of a write but its path and data: header, access list, version."""


def check_size(path: str, data: bytes, message_bytes: int) -> None:
    """Refuse what the server would answer by breaking off the connection, which says nothing.

    ``message_bytes`` is ``jute.maxbuffer``. Raises TooLargeError.
    """
    most = message_bytes - len(path.encode()) - _MESSAGE_OVERHEAD
    if len(data) > most:
        message = f"{path}: found {len(data)} bytes; ZooKeeper takes at most {most} (jute.maxbuffer {message_bytes})"
        raise TooLargeError(message)
