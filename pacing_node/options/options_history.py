"""The newest versions of the cluster options: who put them in force, when, and what changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from cluster.errors import ConflictError
from cluster.outside_text import one_line, valid_text

if TYPE_CHECKING:
    from cluster.documents import DocumentStore
    from pacing_node.options.options_store import StoredOptions

HISTORY = "history"
"""Name of the document, beside the options."""
KEPT_VERSIONS = 20
MOST_BYTES = 500_000
"""ZooKeeper takes documents of less than 1 MB: with long options fewer versions are kept."""
SEED_VERSION = 0
"""What ZooKeeper calls the first version of a document."""
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version of the options, as it was written."""

    version: int
    text: str
    written_at: float | None = None
    """Unix time in seconds by the writer's clock; None when it was not written by a command: a seed."""
    written_by: str = ""
    """User and host of the command; empty when unknown."""


async def read_history(documents: DocumentStore) -> tuple[PastVersion, ...]:
    """The versions kept, oldest first. Raises UnavailableError."""
    document = await documents.read()
    return decode_history(document.data) if document else ()


async def record(documents: DocumentStore, before: StoredOptions | None, written: PastVersion) -> None:
    """Add a version that has been written; the one it replaced too, when nobody has.

    Raises:
        ConflictError: others wrote the history again and again.
        UnavailableError: the store cannot be reached.
    """
    for _ in range(_ATTEMPTS):
        document = await documents.read()
        known = {past.version: past for past in decode_history(document.data)} if document else {}
        if before is not None:
            known.setdefault(before.version, PastVersion(before.version, before.text))
        known[written.version] = written
        data = encode_history([known[version] for version in sorted(known)])
        try:
            await documents.write(data, document.version if document else None)
        except ConflictError:
            continue
        return
    raise ConflictError("the history is being written by others")


def writer_beside(versions: tuple[PastVersion, ...], stored: StoredOptions, by: str) -> str:
    """Who wrote the options that are kept, when it was neither ``by`` nor a seed; else empty.

    Version 0 without a writer is a seed. Any other version that the history does not name was written by somebody
    who left none: past the commands, or when the history could not be written.
    """
    writer = next((past.written_by for past in versions if past.version == stored.version), "")
    if writer == by or (not writer and stored.version == SEED_VERSION):
        return ""
    return writer or "somebody who is not in the history"


def encode_history(versions: list[PastVersion]) -> bytes:
    """The newest versions as they are kept, as many as there is room for."""
    kept = versions[-KEPT_VERSIONS:]
    while True:
        data = json.dumps([asdict(past) for past in kept]).encode()
        if len(data) <= MOST_BYTES or not kept:
            return data
        kept = kept[1:]


def decode_history(data: bytes) -> tuple[PastVersion, ...]:
    """The versions in what is kept; what cannot be read is left out."""
    try:
        entries: Any = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    found = [_past(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return tuple(sorted((past for past in found if past is not None), key=lambda past: past.version))


def _past(entry: dict[str, Any]) -> PastVersion | None:
    version, text, at, by = (entry.get(key) for key in ("version", "text", "written_at", "written_by"))
    if isinstance(version, bool) or not isinstance(version, int) or not isinstance(text, str):
        return None
    known = isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at < 1e11
    return PastVersion(version, valid_text(text), at if known else None, one_line(by) if isinstance(by, str) else "")
