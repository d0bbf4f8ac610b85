"""Calls to the members of a cluster over their clustering ports, for callers that are no members."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cluster.peers.channels import Channels
from cluster.peers.peer_client import PeerClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cluster.access.credentials import CallCredentials
    from cluster.security import PeerTls

__all__ = ["PeerClient", "open_calls"]


@asynccontextmanager
async def open_calls(
    timeout_seconds: float, tls: PeerTls | None = None, credentials: CallCredentials | None = None
) -> AsyncIterator[PeerClient]:
    """A client whose channels are closed at the end; it shows a certificate with ``tls``, and ``credentials``.

    Raises SettingsError for files that cannot be used.
    """
    client = PeerClient(timeout_seconds, Channels(tls, credentials))
    try:
        yield client
    finally:
        await client.close()
