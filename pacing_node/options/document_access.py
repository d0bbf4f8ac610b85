"""Access to the cluster's shared document for commands, without joining the cluster."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from cluster.errors import UnavailableError
from cluster.mastership import ZooKeeperState
from cluster.zookeeper.client import Session
from cluster.zookeeper.document_stores import LocalDocuments, ZooKeeperDocuments
from cluster.zookeeper.paths import locate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cluster.documents import DocumentStore
    from cluster.zookeeper.security import ZooKeeperSecurity
    from pacing_node.options.node_options import NodeOptions

CONNECT_SECONDS = 10.0
"""Longest wait for a session."""
CALL_SECONDS = 5.0
STOP_SECONDS = 2.0


@contextlib.asynccontextmanager
async def open_documents(
    options: NodeOptions, security: ZooKeeperSecurity | None = None
) -> AsyncIterator[DocumentStore]:
    """The document of the cluster a node belongs to, reached with the node's own options.

    A session of its own is used, secured as given, that takes no part in the election. For a node without ZooKeeper it
    is the node's file, which a running node reads at its next start.

    Raises:
        UnavailableError: ZooKeeper did not answer in time.
    """
    async with _open(options, security, "document", "") as documents:
        yield documents


@contextlib.asynccontextmanager
async def open_history(options: NodeOptions, security: ZooKeeperSecurity | None = None) -> AsyncIterator[DocumentStore]:
    """The document with the newest versions of the options, beside theirs.

    Raises:
        UnavailableError: ZooKeeper did not answer in time.
    """
    async with _open(options, security, "history", "-history") as documents:
        yield documents


@contextlib.asynccontextmanager
async def _open(
    options: NodeOptions, security: ZooKeeperSecurity | None, suffix: str, addition: str
) -> AsyncIterator[DocumentStore]:
    zookeeper = options.zookeeper
    if zookeeper is None:
        local = LocalDocuments(options.state_directory / f"{options.cluster}.{suffix}")
        await local.load()
        yield local
        return
    hosts, tree = locate(",".join(zookeeper.hosts) + zookeeper.root, options.cluster)
    session = Session(hosts, zookeeper.session_timeout_seconds, CALL_SECONDS, security)
    connected = asyncio.Event()
    session.listen(lambda change: connected.set() if change.state is ZooKeeperState.CONNECTED else None)
    session.start()
    try:
        await _wait(connected, hosts, CONNECT_SECONDS)
        await session.ensure_path(tree.root)
        yield ZooKeeperDocuments(session, tree.configuration + addition)
    finally:
        await session.stop(STOP_SECONDS)


async def _wait(connected: asyncio.Event, hosts: str, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await connected.wait()
    except TimeoutError as error:
        message = f"no answer from ZooKeeper at {hosts} within {seconds:g} s"
        raise UnavailableError(message) from error
