"""Where the shared document is kept: in ZooKeeper, or with the node when it runs alone."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import structlog

from cluster import errors, tasks
from cluster.documents import Document
from cluster.files import read_if_there, write_durably
from cluster.listeners import Listeners
from cluster.zookeeper.upkeep import keep_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cluster.documents import DocumentCallback
    from cluster.zookeeper.client import ZooKeeperSession
    from cluster.zookeeper.types import Transaction

log = structlog.get_logger(__name__)

ACCESS_TOKENS = "access-tokens"
"""Name of the document with the access tokens, beside the options."""


class _Watchers:
    """Callbacks and the newest document."""

    def __init__(self) -> None:
        self._listeners: Listeners[[Document]] = Listeners("document")
        self.newest: Document | None = None

    def add(self, callback: DocumentCallback) -> Callable[[], None]:
        remove = self._listeners.add(callback)
        if self.newest is not None:
            asyncio.get_running_loop().call_soon(self._listeners.notify_one, callback, self.newest)
        return remove

    def changed(self, document: Document) -> None:
        if document != self.newest:
            self.newest = document
            self._listeners.notify(document)


class ZooKeeperDocuments:
    """A document in a node of ZooKeeper (``cluster.documents.DocumentStore``)."""

    def __init__(self, session: ZooKeeperSession, path: str) -> None:
        self._session = session
        self._path = path
        self._watchers = _Watchers()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Follow the document from now on."""
        self._task = tasks.spawn(
            "documents", keep_up(self._path, self._wanted, self._follow, can_retry=lambda: self._session.connected)
        )

    @property
    def newest(self) -> Document | None:
        """The document as this node knows it without asking; None while it knows of none."""
        return self._watchers.newest

    def joined(self) -> None:
        """A session is connected and the tree in place: look again."""
        self._wanted.set()

    async def stop(self) -> None:
        """Follow no more."""
        await tasks.cancel(self._task)

    async def read(self) -> Document | None:
        """The document as it is now; None before the first write. Raises UnavailableError."""
        try:
            data, stat = await self._session.get(self._path)
        except errors.NodeMissingError:
            return None
        return Document(data, stat.version)

    async def write(self, data: bytes, version: int | None) -> int:
        """Replace the document if its version is still ``version``; None creates it. Returns the new version."""
        if version is not None:
            try:
                return await self._session.set(self._path, data, version)
            except errors.NodeMissingError as failure:
                raise errors.ConflictError(str(failure)) from failure
        try:
            await self._session.create(self._path, data)
        except errors.NodeExistsError as failure:
            raise errors.ConflictError(str(failure)) from failure
        return 0

    async def write_beside(self, path: str, data: bytes, version: int) -> None:
        """Replace the document if its version is still ``version`` and the node at ``path`` exists.

        Raises NodeMissingError when it does not, ConflictError when somebody else has written.
        """

        def describe(transaction: Transaction) -> None:
            transaction.check(path, -1)
            transaction.set_data(self._path, data, version=version)

        await self._session.commit(describe)

    def watch(self, callback: DocumentCallback) -> Callable[[], None]:
        """Call back with the current document and with each newer one; returns the unsubscriber."""
        return self._watchers.add(callback)

    async def _follow(self) -> None:
        document = await self._read_and_watch()
        if document is not None:
            self._watchers.changed(document)

    async def _read_and_watch(self) -> Document | None:
        """The document as it is now; its next change is heard of, its creation too."""
        while True:
            try:
                data, stat = await self._session.get(self._path, self._wanted.set)
            except errors.NodeMissingError:
                if await self._session.exists(self._path, self._wanted.set) is None:
                    return None
            else:
                return Document(data, stat.version)


class LocalDocuments:
    """A document kept by the node itself: in a file, or in memory where it has no state directory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._watchers = _Watchers()
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Read what is kept: by an earlier run, or by a command meanwhile.

        Raises DamagedStateError, UnsafeStateError, and UnavailableError for a file that cannot be read.
        """
        if self._path is None:
            return
        try:
            content = await asyncio.to_thread(read_if_there, self._path)
        except OSError as failure:
            message = f"{self._path} cannot be read: {(failure.strerror or str(failure)).lower()}"
            raise errors.UnavailableError(message) from failure
        if content is None:
            return
        self._watchers.changed(_document(content, self._path))

    async def read(self) -> Document | None:
        """The document as it is now; None before the first write."""
        return self._watchers.newest

    async def write(self, data: bytes, version: int | None) -> int:
        """Replace the document if its version is still ``version``; None creates it. Returns the new version."""
        async with self._writing:  # one after the other: what one reads before it writes the next one must see
            await self._load_others()
            newest = self._watchers.newest
            if (newest.version if newest is not None else None) != version:
                message = f"version {version} is not the newest, {newest.version if newest else None} is"
                raise errors.ConflictError(message)
            document = Document(data, 0 if version is None else version + 1)
            if self._path is not None:
                await _keep(document, self._path)
            self._watchers.changed(document)
            return document.version

    async def _load_others(self) -> None:
        """Read what a command has written meanwhile. A file that was damaged since is written over: this is newer."""
        try:
            await self.load()
        except errors.DamagedStateError:
            if self._watchers.newest is None:
                raise

    def watch(self, callback: DocumentCallback) -> Callable[[], None]:
        """Call back with the current document and with each newer one; returns the unsubscriber."""
        return self._watchers.add(callback)


async def _keep(document: Document, path: Path) -> None:
    """Write a document to its file. Raises UnavailableError, UnsafeStateError."""
    head = f"version {document.version} bytes {len(document.data)}\n".encode()
    try:
        await asyncio.to_thread(write_durably, path, head + document.data)
    except OSError as failure:
        message = f"{path} cannot be written: {(failure.strerror or str(failure)).lower()}"
        raise errors.UnavailableError(message) from failure


_HEAD = re.compile(rb"version (\d{1,18})(?: bytes (\d{1,18}))?")
"""First line of a kept document; earlier versions did not write its length."""


def _document(content: bytes, path: Path) -> Document:
    """The document in the content of its file. Raises DamagedStateError, also for one that was cut off."""
    head, newline, data = content.partition(b"\n")
    found = _HEAD.fullmatch(head)
    if not newline or found is None:
        message = f"{path}: the first line is {head[:40]!r}, expected `version N bytes N`; restore or remove the file"
        raise errors.DamagedStateError(message)
    if found[2] is not None and len(data) != int(found[2]):
        message = f"{path}: found {len(data)} bytes after the first line, expected {int(found[2])}: restore the file"
        raise errors.DamagedStateError(message)
    return Document(data, int(found[1]))
