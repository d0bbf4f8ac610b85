"""A session with a cluster's ZooKeeper that takes no part in the election: what the cluster keeps there."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cluster.election.failsafe_members import decode_failsafe_list
from cluster.errors import DamagedStateError, NodeMissingError, UnavailableError
from cluster.mastership import ZooKeeperState
from cluster.outside_text import one_line
from cluster.settings import DEFAULT_MESSAGE_BYTES
from cluster.zookeeper.client import ZooKeeperSession
from cluster.zookeeper.document_stores import LocalDocuments, ZooKeeperDocuments
from cluster.zookeeper.membership import decode_member
from cluster.zookeeper.paths import decode_cluster_id, decode_epoch, locate, nobodys_master

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
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

    async def damage(self) -> Sequence[str]:
        """What keeps every node from becoming master, in words; empty when nothing does. Raises ClusterError."""
        paths, found = self._paths, []
        readers: dict[str, Callable[[bytes, str], object]] = {
            paths.cluster_id: decode_cluster_id,
            paths.epoch: decode_epoch,
            paths.failsafe_list: decode_failsafe_list,
        }
        for path, read in readers.items():
            try:
                read((await self._session.get(path))[0], path)
            except DamagedStateError as failure:
                found.append(str(failure))
            except NodeMissingError:
                continue  # whoever joins makes it
        stat = await self._session.exists(paths.master)
        if stat is not None and not stat.owner:
            found.append(nobodys_master(paths.master))
        return [one_line(each) for each in found]

    async def members(self) -> Sequence[MemberInfo]:
        """What the members of the moment wrote about themselves; none where nobody has joined. Raises ClusterError."""
        found = []
        with contextlib.suppress(NodeMissingError):
            for name in await self._session.children(self._paths.members):
                with contextlib.suppress(NodeMissingError):  # it has left meanwhile
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
