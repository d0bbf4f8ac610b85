"""One versioned document shared by the cluster, written by compare-and-set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """The content of a document and its version."""

    data: bytes
    version: int
    """Counts writes; equal versions mean equal content."""


DocumentCallback = Callable[[Document], None]


class DocumentStore(Protocol):
    """A place for one document."""

    async def read(self) -> Document | None:
        """The document as it is now; None before the first write. Raises UnavailableError."""
        ...

    async def write(self, data: bytes, version: int | None) -> int:
        """Replace the document if its version is still ``version``; None creates it. Returns the new version.

        Raises ConflictError when somebody else has written, UnavailableError when it cannot be reached, and
        OutcomeUnknownError when the answer was lost: read again before going on.
        """
        ...

    def watch(self, callback: DocumentCallback) -> Callable[[], None]:
        """Call back on the event loop with the current document and with each newer one; returns the unsubscriber.

        Rapid changes may be skipped, the newest never is. While the store cannot be reached nothing is called; after
        that the callback sees the newest document if it changed.
        """
        ...
