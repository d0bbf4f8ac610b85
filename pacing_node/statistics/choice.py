"""Which server of the pair is believed. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ServerRank:
    """What speaks for and against one server now."""

    usable: bool
    """Connected, available by its own word, and not silent."""
    warm: bool
    """It has answered every subscription since it was connected."""
    mode: str
    """``primary``, ``backup`` or ``unknown``."""
    age_seconds: float


_MODE_RANK = {"primary": 2, "unknown": 1, "backup": 0}


def choose(ranks: Sequence[ServerRank], active: int | None) -> int | None:
    """Index of the server to read from: a usable one, warm, in mode primary, and of equals the active or freshest.

    A server that cannot be used is kept when the other cannot be used either: its values age, and the rows turn
    invalid. A warm backup goes before a primary that has just returned and does not know its values yet.
    """
    if not any(rank.usable for rank in ranks):
        return active
    usable = [index for index, rank in enumerate(ranks) if rank.usable]

    def merit(index: int) -> tuple[bool, int, bool, float]:
        rank = ranks[index]
        return rank.warm, _MODE_RANK.get(rank.mode, 1), index == active, -rank.age_seconds

    return max(usable, key=merit)
