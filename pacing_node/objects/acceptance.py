"""The word of an operator that a change of the objects, held back by the nodes, is meant so.

It is kept beside the cluster's options, where every node that holds the change back finds it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.documents import DocumentStore

VALID_SECONDS = 600.0
"""How long an acceptance counts, either way for clocks that differ: the same loss a month later is another matter."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Somebody has accepted a change."""

    change_id: str
    by: str
    at: float
    """Unix time in seconds by the clock of whoever wrote it."""

    def covers(self, change_id: str, now: float) -> bool:
        """Whether it is about this change and recent; ``now`` is Unix time in seconds."""
        return self.change_id == change_id and abs(now - self.at) <= VALID_SECONDS


async def read_acceptance(documents: DocumentStore) -> Acceptance | None:
    """The newest acceptance; None when there is none or it cannot be understood. Raises ClusterError."""
    document = await documents.read()
    return _decode(document.data) if document is not None else None


async def write_acceptance(documents: DocumentStore, acceptance: Acceptance) -> None:
    """Replace the acceptance. Raises ClusterError, ConflictError when somebody else writes at the same moment."""
    document = await documents.read()
    await documents.write(json.dumps(asdict(acceptance)).encode(), document.version if document is not None else None)


def _decode(data: bytes) -> Acceptance | None:
    try:
        content = json.loads(data)
        return Acceptance(str(content["change_id"]), str(content["by"]), float(content["at"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
