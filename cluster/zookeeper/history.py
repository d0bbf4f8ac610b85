"""Who led, from when to when, and why it ended."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from cluster import errors
from cluster.mastership import EndCause
from cluster.records import HistoryEntry
from cluster.zookeeper.history_entries import decode_entry, encode_entry, epoch_of, merged, stranger, with_gaps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cluster.zookeeper.client import ZooKeeperSession
    from cluster.zookeeper.paths import Paths

log = structlog.get_logger(__name__)

KEPT_TERMS = 200
_ATTEMPTS = 5
_TERMS_REMEMBERED = 8


class History:
    """The newest terms, one node for each, named by its epoch.

    A term is entered by the node that leads, its end by the same node, which knows when and why; what cannot be written
    while ZooKeeper is away is written when it is back. A master that cannot write its end any more is closed by its
    successor as ``session_lost``, without a time, or by its supervisor as ``process_died``; its own word replaces
    theirs should it come later. Nothing here takes part in the election: it is written after the fact and may be lost.
    """

    def __init__(self, session: ZooKeeperSession, paths: Paths, node: str) -> None:
        self._session = session
        self._paths = paths
        self._node = node
        self._writing = asyncio.Lock()
        self._own: dict[int, HistoryEntry] = {}
        """What is known of this node's terms, until all of it is written."""
        self._unwritten: set[int] = set()
        self._last_actions: dict[int, float] = {}
        """Time of the newest accepted action of each of the newest terms this node knows of, on whichever node."""

    async def began(self, epoch: int, began_at: float, previous: str = "") -> None:
        """Enter a term of this node; close the previous one if nobody has. ``began_at`` is Unix time in seconds.

        ``previous`` is the node that led the previous term, as the acquisition has read it: an entry may be missing.
        """
        # An action can be accepted before this is entered: the application acts as soon as the term has begun.
        acted_at = self._known(epoch).first_action_at or self._last_actions.get(epoch)
        entry = replace(self._known(epoch), began_at=began_at, previous=previous or None, first_action_at=acted_at)
        self._know(entry)
        async with self._writing:
            await self._write_unwritten()
            await self._close_previous(epoch)
            await self._prune()

    async def ended(self, epoch: int, ended_at: float, cause: EndCause) -> None:
        """Close a term by the word of who knows; ``ended_at`` is Unix time in seconds."""
        last_action_at = self._last_actions.get(epoch)
        self._know(replace(self._known(epoch), ended_at=ended_at, cause=cause.value, last_action_at=last_action_at))
        await self.catch_up()

    def acted(self, epoch: int, at: float) -> bool:
        """The receiver accepted an action of this term ``at`` (Unix seconds); True for a node's first of its term.

        Only then something is to be written, by :meth:`catch_up`.
        """
        self._last_actions[epoch] = at
        while len(self._last_actions) > _TERMS_REMEMBERED:
            del self._last_actions[next(iter(self._last_actions))]
        own = self._own.get(epoch)
        if own is None or own.first_action_at is not None:
            return False
        self._know(replace(own, first_action_at=at))
        return True

    async def catch_up(self) -> None:
        """Write what could not be written when it happened. Raises UnavailableError."""
        async with self._writing:
            await self._write_unwritten()

    async def newest(self, limit: int) -> Sequence[HistoryEntry]:
        """The newest terms, newest first; what is no term comes last. Raises UnavailableError."""
        names = await self._names()
        epochs = sorted((epoch for name in names if (epoch := epoch_of(name)) is not None), reverse=True)
        read = await asyncio.gather(*(self._read(epoch) for epoch in epochs[: limit + 1]))
        entries = with_gaps([entry for entry in read if entry is not None])
        return [*entries[:limit], *(stranger(name) for name in names if epoch_of(name) is None)][:limit]

    # --- what this node knows ----------------------------------------------------------------------------------------

    def _known(self, epoch: int) -> HistoryEntry:
        return self._own.get(epoch) or HistoryEntry(epoch, self._node, None, None, None, None, None)

    def _know(self, entry: HistoryEntry) -> None:
        self._own[entry.epoch] = entry
        self._unwritten.add(entry.epoch)

    async def _write_unwritten(self) -> None:
        while self._unwritten:
            epoch = min(self._unwritten)
            known = self._own[epoch]
            earlier = await self._newest_before(epoch)
            previous = known.previous or (earlier.node or None if earlier else None)
            written = replace(known, previous=previous)
            await self._update(epoch, functools.partial(merged, written))
            if self._own[epoch] is not known:
                continue  # more has become known meanwhile
            self._unwritten.discard(epoch)
            if known.cause is not None:
                del self._own[epoch]

    async def _close_previous(self, epoch: int) -> None:
        """The previous term is over: say so where its own node could not, and when its last action was accepted."""
        earlier = await self._newest_before(epoch)
        if earlier is None or earlier.broken:
            return
        last_action_at = self._last_actions.get(earlier.epoch)

        def closed(found: HistoryEntry | None) -> HistoryEntry | None:
            if found is None or found.broken:
                return None
            cause = found.cause or EndCause.SESSION_LOST.value
            return replace(found, cause=cause, last_action_at=found.last_action_at or last_action_at)

        await self._update(earlier.epoch, closed)

    # --- in ZooKeeper ------------------------------------------------------------------------------------------------

    def _path(self, epoch: int) -> str:
        return f"{self._paths.history}/{epoch:010d}"

    async def _names(self) -> Sequence[str]:
        """All entries; none when somebody has deleted the node above them."""
        try:
            return await self._session.children(self._paths.history)
        except errors.NodeMissingError:
            return ()

    async def _epochs(self) -> list[int]:
        names = await self._names()
        return sorted(epoch for name in names if (epoch := epoch_of(name)) is not None)

    async def _read(self, epoch: int) -> HistoryEntry | None:
        try:
            data, _ = await self._session.get(self._path(epoch))
        except errors.NodeMissingError:
            return None
        return decode_entry(epoch, data)

    async def _newest_before(self, epoch: int) -> HistoryEntry | None:
        earlier = [each for each in await self._epochs() if each < epoch]
        return await self._read(max(earlier)) if earlier else None

    async def _update(self, epoch: int, change: Callable[[HistoryEntry | None], HistoryEntry | None]) -> None:
        """Replace an entry by what ``change`` makes of it, however many others do the same; None leaves it."""
        path = self._path(epoch)
        for _ in range(_ATTEMPTS):
            try:
                try:
                    data, stat = await self._session.get(path)
                except errors.NodeMissingError:
                    entry = change(None)
                    if entry is not None:
                        await self._session.ensure_path(self._paths.history)
                        await self._session.create(path, encode_entry(entry))
                    return
                found = decode_entry(epoch, data)
                entry = change(found)
                if entry is not None and entry != found:
                    await self._session.set(path, encode_entry(entry), stat.version)
            except (errors.ConflictError, errors.NodeExistsError, errors.NodeMissingError):
                continue
            return
        log.info("history.write_conflict", epoch=epoch)

    async def _prune(self) -> None:
        for epoch in (await self._epochs())[:-KEPT_TERMS]:
            try:
                await self._session.delete(self._path(epoch))
            except errors.NodeMissingError:
                continue
            except (errors.UnavailableError, errors.SessionExpiredError):
                raise
            except errors.ClusterError as failure:
                # Somebody has put something below it, say: the others must not pile up behind it.
                log.info("history.not_pruned", epoch=epoch, error=str(failure))
