"""`/objects`: where the configuration objects come from, how the source is doing, and the change that is held back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pacing_node.discovery.change_guard import HeldChange
    from pacing_node.objects.source_status import SourceStatus


def objects_page(status: SourceStatus | None, held: HeldChange | None) -> dict[str, Any]:
    """The page; ``status`` is None before the options of the cluster are known."""
    return {
        "source": None
        if status is None
        else {
            "kind": status.kind,
            "place": status.place,
            "connected": status.connected,
            "version": status.version,
            "updated_at": status.updated_at,
            "problems": list(status.problems),
        },
        "held": None
        if held is None
        else {
            "change": held.loss.change_id,
            "lost": list(held.loss.lost),
            "known": held.loss.known,
            "since": held.since,
            "due_at": held.due_at,
            "problem": str(held),
        },
    }
