"""Access to the cluster's shared document for commands, without joining the cluster."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from cluster.admin.zookeeper_access import local_document, open_zookeeper
from pacing_node.options.options_history import HISTORY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cluster.admin.zookeeper_access import ZooKeeperAccess
    from cluster.documents import DocumentStore
    from cluster.security import ZooKeeperSecurity
    from pacing_node.options.node_options import NodeOptions

CONNECT_SECONDS = 10.0
"""Longest wait for a session."""
CALL_SECONDS = 5.0


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
    if options.zookeeper is None:
        yield await local_document(options.state_directory / f"{options.cluster}.document")
        return
    async with _open(options, security) as access:
        yield access.document()


@contextlib.asynccontextmanager
async def open_history(options: NodeOptions, security: ZooKeeperSecurity | None = None) -> AsyncIterator[DocumentStore]:
    """The document with the newest versions of the options, beside theirs.

    Raises:
        UnavailableError: ZooKeeper did not answer in time.
    """
    async with _open_beside(options, security, HISTORY) as documents:
        yield documents


@contextlib.asynccontextmanager
async def open_tokens(options: NodeOptions, security: ZooKeeperSecurity | None = None) -> AsyncIterator[DocumentStore]:
    """The document with the access tokens, beside the options.

    Raises:
        UnavailableError: ZooKeeper did not answer in time.
    """
    async with _open_beside(options, security, "access-tokens") as documents:
        yield documents


@contextlib.asynccontextmanager
async def open_acceptance(
    options: NodeOptions, security: ZooKeeperSecurity | None = None
) -> AsyncIterator[DocumentStore]:
    """The document that says which change of the objects an operator has accepted, beside the options.

    Raises:
        UnavailableError: ZooKeeper did not answer in time.
    """
    async with _open_beside(options, security, "accepted-objects") as documents:
        yield documents


@contextlib.asynccontextmanager
async def _open_beside(
    options: NodeOptions, security: ZooKeeperSecurity | None, name: str
) -> AsyncIterator[DocumentStore]:
    if options.zookeeper is None:
        yield await local_document(options.state_directory / f"{options.cluster}.{name}")
        return
    async with _open(options, security) as access:
        yield access.document_beside(name)


@contextlib.asynccontextmanager
async def _open(options: NodeOptions, security: ZooKeeperSecurity | None) -> AsyncIterator[ZooKeeperAccess]:
    zookeeper = options.zookeeper
    assert zookeeper is not None
    async with open_zookeeper(
        ",".join(zookeeper.hosts) + zookeeper.root,
        options.cluster,
        security,
        session_timeout_seconds=zookeeper.session_timeout_seconds,
        call_seconds=CALL_SECONDS,
        connect_seconds=CONNECT_SECONDS,
        message_bytes=zookeeper.message_bytes,
    ) as access:
        await access.ensure()
        yield access
