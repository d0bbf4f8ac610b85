"""The terms in the history as they are written, read and completed. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, TypeVar

from cluster.mastership import EndCause
from cluster.records import HistoryEntry
from cluster.zookeeper.content import Content

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_NOT_KEPT = ("gap_seconds", "broken")
_MOST_DIGITS = 18


def encode_entry(entry: HistoryEntry) -> bytes:
    """The content of an entry's node: all but the gap, which depends on previous terms and is computed when read."""
    content = asdict(entry)
    for name in _NOT_KEPT:
        del content[name]
    return json.dumps(content).encode()


def decode_entry(epoch: int, data: bytes) -> HistoryEntry:
    """The entry in the content of the node of this epoch, without its gap.

    Never raises: what cannot be read is missing, and named in ``broken``.
    """
    content = Content(data)
    entry = HistoryEntry(
        epoch=epoch,
        node=content.text("node", required=content.readable),
        began_at=content.moment("began_at", required=content.readable),
        previous=content.optional_text("previous"),
        ended_at=content.moment("ended_at"),
        cause=content.optional_text("cause"),
        gap_seconds=None,
        first_action_at=content.moment("first_action_at"),
        last_action_at=content.moment("last_action_at"),
    )
    return replace(entry, broken=tuple(content.broken))


def epoch_of(name: str) -> int | None:
    """The epoch in the name of an entry's node; None for a node that is no entry."""
    return int(name) if name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS else None


def stranger(name: str) -> HistoryEntry:
    """What is shown of a node in the history that is no entry."""
    broken = (f"found a node named {name[:40]!r}, expected an epoch",)
    return HistoryEntry(0, "", None, None, None, None, None, broken=broken)


def merged(known: HistoryEntry, found: HistoryEntry | None) -> HistoryEntry:
    """What a node knows of its own term over what ZooKeeper holds of it: its word wins where it has one."""
    if found is None:
        return known
    return replace(
        known,
        began_at=_first(known.began_at, found.began_at),
        previous=_first(known.previous, found.previous),
        ended_at=_first(known.ended_at, found.ended_at),
        cause=_first(known.cause, found.cause),
        first_action_at=_first(known.first_action_at, found.first_action_at),
        last_action_at=_first(known.last_action_at, found.last_action_at),
    )


def with_gaps(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """The terms, newest first, each with its gap where somebody knows it."""
    last_action_at: float | None = None
    previous: HistoryEntry | None = None
    found = []
    for entry in reversed(entries):
        if previous is not None and _misses_a_term(previous, entry):
            # Nobody knows when the term between them ended, nor its last action.
            previous, last_action_at = None, None
        found.append(replace(entry, gap_seconds=_gap(entry, previous, last_action_at)))
        last_action_at = _first(entry.last_action_at, last_action_at)
        previous = entry
    return found[::-1]


def _misses_a_term(previous: HistoryEntry, entry: HistoryEntry) -> bool:
    """Whether an entry between these two is missing; a term that was fenced may have raised the epoch instead."""
    return entry.epoch != previous.epoch + 1 and previous.cause != EndCause.FENCED.value


def _gap(entry: HistoryEntry, previous: HistoryEntry | None, last_action_at: float | None) -> float | None:
    """From the last accepted action before this term to its first; without actions, from term to term.

    A term whose end nobody has written ended at an unknown moment.
    """
    if previous is None:
        return None
    if entry.first_action_at is not None and last_action_at is not None:
        return max(0.0, entry.first_action_at - last_action_at)
    told = any(each is not None for each in (entry.first_action_at, last_action_at))
    if told or entry.began_at is None or previous.ended_at is None:
        return None
    if previous.cause == EndCause.SESSION_LOST.value and previous.ended_at == entry.began_at:
        return None  # written by an older version, which did not know the end either
    return max(0.0, entry.began_at - previous.ended_at)


def _first(one: T | None, other: T | None) -> T | None:
    return one if one is not None else other
