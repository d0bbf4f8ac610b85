"""The holds of the cluster, as this node knows them: a document all nodes share, changed by compare-and-set.

A node that has never read it does not contend, and a new master reads it once more before its first push, right behind
its acquisition: so a hold that was ordered before a hand-over is in force after it.

Versions order what is heard of the document, for news can come late. But a ZooKeeper that has lost its data, or was put
back to an older copy, counts them anew: a lower version that is still there when it is read once more is the newest.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from cluster.errors import ClusterError, ConflictError
from cluster.listeners import Listeners
from cluster.tasks import spawn
from pacing_node.cycle.holds import DamagedHoldsError, Hold, Holds, decode_holds, encode_holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.documents import Document, DocumentStore

log = structlog.get_logger(__name__)

DOCUMENT = "holds"
"""Name of the document, beside the options."""
RETRY_SECONDS = 0.5
_ATTEMPTS = 10


class HoldBook:
    """Knows the holds, and changes them."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._holds = Holds()
        self._version: int | None = None
        self._known = asyncio.Event()
        self._unsure = asyncio.Event()
        """Set while the document must be read: it never was, or what was heard of it does not fit together."""
        self._unsure.set()
        self._doubts = 0
        """How often what was heard did not fit: a doubt that comes while the document is read needs another reading."""
        self._ahead: asyncio.Task[bool] | None = None
        self.on_change: Listeners[[]] = Listeners("holds")
        """Called when other holds are in force."""
        self.problem = ""
        """Why the newest document is not in force; empty when it is."""

    @property
    def holds(self) -> Holds:
        """The newest holds this node knows."""
        return self._holds

    async def run(self) -> None:
        """Follow the document until cancelled."""
        unwatch = self._documents.watch(self._use)
        try:
            while True:
                await self._unsure.wait()
                try:
                    await self.refresh()
                except ClusterError:
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            unwatch()

    async def wait_known(self) -> None:
        """Wait until the document was read once, or there was none."""
        await self._known.wait()

    async def refresh(self) -> None:
        """Read the document now. Raises ClusterError."""
        known, doubts = self._version, self._doubts
        document = await self._documents.read()
        if doubts == self._doubts:
            self._unsure.clear()
        if document is None:
            self._known.set()
        else:
            self._take(document, known)

    def read_ahead(self) -> None:
        """Begin to read the document for a term that may begin: its acquisition is on its way, and comes first."""
        self._ahead = spawn("holds.ahead", self._read_if_possible(), finite=True)

    async def read_for_term(self) -> None:
        """Know what was ordered before a term that has begun; without the store what is known stays in force."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or not await ahead:
            await self._read_if_possible()

    async def _read_if_possible(self) -> bool:
        try:
            await self.refresh()
        except ClusterError:
            return False
        return True

    async def change(self, edit: Callable[[Holds], Holds]) -> tuple[Holds, Holds]:
        """Change the holds by compare-and-set; returns those before and after.

        ``edit`` may be called several times. What has run out is left out. Raises ClusterError when nothing was
        changed, OutcomeUnknownError when nobody knows, and whatever ``edit`` raises.
        """
        for _ in range(_ATTEMPTS):
            known = self._version
            document = await self._documents.read()
            # Of a document that is gone, what is in force: an order for one target must not release the others.
            before = self._holds if document is None else self._readable(document)
            after = edit(before.current(time.time()))
            data = encode_holds(after)
            try:
                version = await self._documents.write(data, document.version if document is not None else None)
            except ConflictError:
                continue
            if self._is_news(version, known):
                self._put_in_force(after, version)
            return before, after
        raise ConflictError("the holds are being changed by others")

    def _readable(self, document: Document) -> Holds:
        """The holds to be changed; of a document that cannot be read, those in force."""
        try:
            return decode_holds(document.data)
        except DamagedHoldsError:
            return self._holds

    def _use(self, document: Document) -> None:
        """Take in what the store says by itself; it was read nobody knows when."""
        self._take(document, None)

    def _take(self, document: Document, known: int | None) -> None:
        """Put a document in force, unless it is old; ``known`` is the version known when reading it began."""
        if not self._is_news(document.version, known):
            return
        try:
            holds, self.problem = decode_holds(document.data), ""
        except DamagedHoldsError as error:
            # Where none were known, everything may have been stopped: nothing goes out until somebody says so.
            holds = self._holds if self._known.is_set() else Holds(Hold("nobody", str(error), time.time()))
            self.problem = f"version {document.version}: {error}; release or stop writes it anew"
            log.error("holds.refused", version=document.version, error=str(error))
        self._put_in_force(holds, document.version)

    def _is_news(self, version: int, known: int | None) -> bool:
        """Whether a version replaces the one that is known; where nobody can tell, the document is read once more."""
        if self._version is None or version >= self._version or known == self._version:
            return True
        self._doubts += 1
        self._unsure.set()
        return False

    def _put_in_force(self, holds: Holds, version: int) -> None:
        changed = holds != self._holds
        self._holds, self._version = holds, version
        self._known.set()
        if changed:
            log.warning("holds.changed", version=version, stopped=holds.stop is not None, targets=len(holds.targets))
            self.on_change.notify()
