"""Who led, from when to when, and why it ended."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import structlog

from cluster import errors
from cluster.mastership import EndCause
from cluster.records import HistoryEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.zookeeper.client import ZooKeeperSession
    from cluster.zookeeper.paths import Paths

log = structlog.get_logger(__name__)

KEPT_TERMS = 200


def encode_entry(entry: HistoryEntry) -> bytes:
    """The content of an entry's node: all but the gap, which depends on the term before and is told when read."""
    content = asdict(entry)
    del content["gap_seconds"]
    return json.dumps(content).encode()


def decode_entry(data: bytes) -> HistoryEntry | None:
    """The entry in the content of its node, without its gap; None when it cannot be read."""
    try:
        content: dict[str, Any] = json.loads(data)
        return HistoryEntry(
            epoch=int(content["epoch"]),
            node=str(content["node"]),
            began_at=float(content["began_at"]),
            previous=content.get("previous"),
            ended_at=content.get("ended_at"),
            cause=content.get("cause"),
            gap_seconds=None,
        )
    except (ValueError, KeyError, TypeError):
        return None


def with_gap(entry: HistoryEntry, before: HistoryEntry | None) -> HistoryEntry:
    """The entry with the time that passed since the term before ended, if somebody knows when that was.

    A master's word about its own end may arrive after its successor has entered, so the gap is not kept with the entry.
    A term which the successor itself closed ended at an unknown moment: its end is only the successor's beginning.
    """
    if before is None or before.ended_at is None:
        return entry
    if before.cause == EndCause.SESSION_LOST.value and before.ended_at == entry.began_at:
        return entry
    return replace(entry, gap_seconds=max(0.0, entry.began_at - before.ended_at))


class History:
    """The newest terms, one node for each, named by its epoch.

    A term is entered by the node that terms, its end by the same node, which knows the cause. A master that could
    not write its end any more is closed by its successor as ``session_lost``, or by its supervisor as ``process_died``;
    its own word replaces theirs should it come later. Nothing here takes part in the election: it is written after the
    fact and may be lost.
    """

    def __init__(self, session: ZooKeeperSession, paths: Paths, node: str) -> None:
        self._session = session
        self._paths = paths
        self._node = node
        self._writing = asyncio.Lock()

    async def began(self, epoch: int, began_at: float) -> None:
        """Enter a term of this node; close the one before if nobody has. ``began_at`` is Unix time in seconds."""
        async with self._writing:
            await self._enter(epoch, began_at)

    async def ended(self, epoch: int, ended_at: float, cause: EndCause) -> None:
        """Close a term by the word of who knows; ``ended_at`` is Unix time in seconds."""
        async with self._writing:
            entry = await self._read(epoch)
            if entry is None:
                entry = HistoryEntry(epoch, self._node, ended_at, None, None, None, None)
            await self._close(replace(entry, ended_at=ended_at, cause=cause.value), replace_existing=True)

    async def newest(self, limit: int) -> Sequence[HistoryEntry]:
        """The newest terms, newest first."""
        epochs = sorted(await self._epochs(), reverse=True)[: limit + 1]
        read = await asyncio.gather(*(self._read(epoch) for epoch in epochs))
        entries = [entry for entry in read if entry is not None]
        with_gaps = [with_gap(entry, before) for entry, before in zip_longest(entries, entries[1:])]
        return with_gaps[:limit]

    async def _enter(self, epoch: int, began_at: float) -> None:
        before = await self._newest_before(epoch)
        if before is not None and before.ended_at is None:
            closed = replace(before, ended_at=began_at, cause=EndCause.SESSION_LOST.value)
            await self._close(closed, replace_existing=False)
        entry = HistoryEntry(epoch, self._node, began_at, before.node if before else None, None, None, None)
        try:
            await self._session.create(self._path(epoch), encode_entry(entry))
        except errors.NodeExistsError:
            log.debug("history.entered_already", epoch=epoch)
        await self._prune()

    def _path(self, epoch: int) -> str:
        return f"{self._paths.history}/{epoch:010d}"

    async def _epochs(self) -> list[int]:
        return [int(name) for name in await self._session.children(self._paths.history) if name.isdecimal()]

    async def _read(self, epoch: int) -> HistoryEntry | None:
        try:
            data, _ = await self._session.get(self._path(epoch))
        except errors.NodeMissingError:
            return None
        return decode_entry(data)

    async def _newest_before(self, epoch: int) -> HistoryEntry | None:
        earlier = [each for each in await self._epochs() if each < epoch]
        return await self._read(max(earlier)) if earlier else None

    async def _close(self, entry: HistoryEntry, *, replace_existing: bool) -> None:
        path = self._path(entry.epoch)
        try:
            data, stat = await self._session.get(path)
            existing = decode_entry(data)
            if existing is not None and existing.ended_at is not None and not replace_existing:
                return
            await self._session.set(path, encode_entry(entry), stat.version)
        except errors.NodeMissingError:
            await self._session.create(path, encode_entry(entry))
        except errors.ConflictError:
            if replace_existing:
                await self._session.set(path, encode_entry(entry))

    async def _prune(self) -> None:
        for epoch in sorted(await self._epochs())[:-KEPT_TERMS]:
            try:
                await self._session.delete(self._path(epoch))
            except errors.NodeMissingError:
                continue
