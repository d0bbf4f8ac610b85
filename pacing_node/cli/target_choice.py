"""Which targets `pacing targets` shows, and in which order."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class SortBy(StrEnum):
    """What the targets are sorted by: names from A to Z, numbers from the highest."""

    TARGET = "target"
    INVITATIONS = "invitations"
    INBOUND = "inbound"
    REASON = "reason"
    READY = "ready"
    BUSY = "busy"
    LOGGED_IN = "logged-in"
    WAITING = "waiting"
    PENDING = "pending"
    GOAL = "goal"


_KEYS = {
    SortBy.TARGET: "name",
    SortBy.INBOUND: "inbound_portion",
    SortBy.LOGGED_IN: "logged_in",
    SortBy.GOAL: "goal_percent",
}
_TEXTS = frozenset({SortBy.TARGET, SortBy.REASON})


def chosen(
    targets: Sequence[dict[str, Any]],
    *,
    text: str = "",
    reason: str = "",
    media: str = "",
    sort: SortBy = SortBy.TARGET,
) -> list[dict[str, Any]]:
    """Targets whose name contains a text, upper or lower case alike, and that have this reason and medium; sorted."""
    wanted = text.casefold()
    found = [
        target
        for target in targets
        if wanted in str(target["name"]).casefold()
        and (not reason or target["reason"] == reason)
        and (not media or str(target["name"]).casefold().endswith(f" - {media.casefold()}"))
    ]
    found.sort(key=lambda target: str(target["name"]))
    key = _KEYS.get(sort, sort.value)
    if sort in _TEXTS:
        return sorted(found, key=lambda target: str(target[key] or ""))
    return sorted(found, key=lambda target: -(target[key] if target[key] is not None else float("-inf")))
