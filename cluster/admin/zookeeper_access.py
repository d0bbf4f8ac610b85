"""A session with a cluster's ZooKeeper that takes no part in the election: what the cluster keeps there."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cluster.errors import UnavailableError
from cluster.mastership import ZooKeeperState
from cluster.settings import DEFAULT_MESSAGE_BYTES
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.document_stores import LocalDocuments, ZooKeeperDocuments
from cluster.zookeeper.membership import decode_member
from cluster.zookeeper.paths import locate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from cluster.documents import DocumentStore
    from cluster.records import MemberInfo
    from cluster.security import ZooKeeperSecurity
    from cluster.zookeeper.paths import Paths

STOP_SECONDS = 2.0
"""Longest wait for the session to close."""


class ZooKeeperAccess:
    """What a cluster keeps in ZooKeeper, over a connected session."""

    def __init__(self, session: ZooKeeperSession, paths: Paths) -> None:
        self._session = session
        self._paths = paths

    @property
    def session_timeout_seconds(self) -> float:
        """The session time-out that ZooKeeper has granted."""
        return self._session.change.timeout_seconds

    async def exists(self) -> bool:
        """Whether there is a tree of this cluster. Raises ClusterError."""
        return await self._session.exists(self._paths.root) is not None

    async def ensure(self) -> None:
        """Create the root of the cluster's tree if it is missing. Raises ClusterError."""
        await self._session.ensure_path(self._paths.root)

    def document(self) -> DocumentStore:
        """The document that all members share."""
        return ZooKeeperDocuments(self._session, self._paths.configuration)

    def document_beside(self, name: str) -> DocumentStore:
        """A document beside it, such as ``history`` with its newest versions."""
        return ZooKeeperDocuments(self._session, f"{self._paths.configuration}-{name}")

    async def members(self) -> Sequence[MemberInfo]:
        """What the members of the moment wrote about themselves. Raises ClusterError."""
        found = []
        for name in await self._session.children(self._paths.members):
            data, _ = await self._session.get(f"{self._paths.members}/{name}")
            found.append(decode_member(name, data))
        return found


@asynccontextmanager
async def open_zookeeper(
    hosts: str,
    cluster: str,
    security: ZooKeeperSecurity | None,
    *,
    session_timeout_seconds: float,
    call_seconds: float,
    connect_seconds: float,
    message_bytes: int = DEFAULT_MESSAGE_BYTES,
) -> AsyncIterator[ZooKeeperAccess]:
    """A session of its own, connected; ``hosts`` as in ``ClusterSettings``.

    Raises:
        UnavailableError: there was no session within ``connect_seconds``.
    """
    servers, paths = locate(hosts, cluster)
    session = ZooKeeperSession(servers, session_timeout_seconds, call_seconds, security, message_bytes)
    connected = asyncio.Event()
    session.on_change.add(lambda change: connected.set() if change.state is ZooKeeperState.CONNECTED else None)
    session.start()
    try:
        await _wait(connected, servers, connect_seconds)
        yield ZooKeeperAccess(session, paths)
    finally:
        await session.stop(STOP_SECONDS)


async def local_document(path: Path) -> DocumentStore:
    """The document of a node that runs alone, from its file. Raises DamagedStateError."""
    documents = LocalDocuments(path)
    await documents.load()
    return documents


async def _wait(connected: asyncio.Event, servers: str, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await connected.wait()
    except TimeoutError as error:
        message = f"no answer from ZooKeeper at {servers} within {seconds:g} s"
        raise UnavailableError(message) from error
