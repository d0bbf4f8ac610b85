"""The holds of the cluster, as this node knows them: a document all nodes share, changed by compare-and-set.

A node that has never read it does not contend, and a new master reads it once more before its first push: so a hold
that was ordered before a hand-over is in force after it.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from cluster.errors import ClusterError, ConflictError
from cluster.listeners import Listeners
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
            while not self._known.is_set():
                try:
                    await self.refresh()
                except ClusterError:
                    await asyncio.sleep(RETRY_SECONDS)
            await asyncio.Event().wait()
        finally:
            unwatch()

    async def wait_known(self) -> None:
        """Wait until the document was read once, or there was none."""
        await self._known.wait()

    async def refresh(self) -> None:
        """Read the document now. Raises ClusterError."""
        document = await self._documents.read()
        if document is None:
            self._known.set()
        else:
            self._use(document)

    async def change(self, edit: Callable[[Holds], Holds]) -> tuple[Holds, Holds]:
        """Change the holds by compare-and-set; returns those before and after.

        ``edit`` may be called several times. What has run out is left out. Raises ClusterError when nothing was
        changed, OutcomeUnknownError when nobody knows, and whatever ``edit`` raises.
        """
        for _ in range(_ATTEMPTS):
            document = await self._documents.read()
            before = Holds() if document is None else self._readable(document)
            after = edit(before.current(time.time()))
            data = encode_holds(after)
            try:
                version = await self._documents.write(data, document.version if document is not None else None)
            except ConflictError:
                continue
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
        if self._version is not None and document.version < self._version:
            return
        try:
            holds, self.problem = decode_holds(document.data), ""
        except DamagedHoldsError as error:
            # Where none were known, everything may have been stopped: nothing goes out until somebody says so.
            holds = self._holds if self._known.is_set() else Holds(Hold("nobody", str(error), time.time()))
            self.problem = f"version {document.version}: {error}; release or stop writes it anew"
            log.error("holds.refused", version=document.version, error=str(error))
        self._put_in_force(holds, document.version)

    def _put_in_force(self, holds: Holds, version: int) -> None:
        changed = holds != self._holds
        self._holds, self._version = holds, max(version, self._version or 0)
        self._known.set()
        if changed:
            log.warning("holds.changed", version=version, stopped=holds.stop is not None, targets=len(holds.targets))
            self.on_change.notify()
