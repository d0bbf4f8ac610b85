"""Statistics from the two servers of an HA pair, whatever they speak: selection, sums, snapshot."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import structlog

from cluster.clock import boot_seconds
from pacing_node.algorithms.model import Snapshot
from pacing_node.statistics.aggregation import Staffing, sum_ready, sum_staffing
from pacing_node.statistics.choice import choose
from pacing_node.statistics.columns import Layout, StatisticNames, agents_of, layout, make_registry, queues_of
from pacing_node.statistics.counters import room_for
from pacing_node.statistics.feed import Feed
from pacing_node.statistics.increments import Increments
from pacing_node.statistics.table import ValueTable
from pacing_node.targets import TargetSet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray
    from pacing_node.statistics.registry import ObjectsChange, Registry
    from pacing_node.statistics.statistics_source import ServerHealth

log = structlog.get_logger(__name__)

_Basis = tuple[ValueTable, int, Layout]
"""What sums over agents follow from: a server's values, the version of its agents, and who serves what."""
_MOST_CAPACITIES = 1000
"""Different questions whose answers are remembered until an agent changes."""


@dataclass(frozen=True, slots=True)
class InvalidValue:
    """A statistic the active server says it cannot give."""

    object_id: str
    statistic: str
    filter: str
    reason: str


class _Prepared(NamedTuple):
    """What a set of targets needs, worked out before it is watched."""

    registry: Registry
    change: ObjectsChange
    where: Layout
    slots: IntArray
    """Slots that change."""
    rooms: list[FloatArray | None]
    """For the totals of each server, where there are more slots than before."""


class FeedSession(Protocol):
    """Keeps the feed of one server alive, over whatever protocol."""

    def start(self) -> None:
        """Begin to connect; returns at once."""
        ...

    async def stop(self) -> None:
        """End the session and stay away."""
        ...

    def send(self, change: ObjectsChange) -> None:
        """Tell the server what to add and to drop, if there is a session."""
        ...


class PairTimes(Protocol):
    """What the settings of every protocol say of time."""

    @property
    def silence_seconds(self) -> float:
        """Longest time a server may say nothing."""
        ...

    @property
    def answer_seconds(self) -> float:
        """Longest time until a statistic that was asked for has its first value."""
        ...


class PairStatistics:
    """Statistics source over two sessions, one with each server of the pair, both open all the time.

    Each server has its own values and totals, so a switch takes effect with the next snapshot and totals of different
    servers are never compared. Not thread-safe: everything happens on the loop that called ``start``.
    """

    def __init__(
        self,
        primary: str,
        backup: str | None,
        open_session: Callable[[Feed, Registry, Callable[[], object]], FeedSession],
        *,
        times: PairTimes,
        names: StatisticNames | None,
        least_known_ratio: float,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Addresses of the servers; ``open_session`` makes the session that fills a feed; ``names`` None: the usual.

        It is given the feed, the references, and what to call when the server's state changed. ``close`` is
        called when all sessions have ended.
        """
        self._names = names or StatisticNames()
        self._close = close
        self._silence_seconds = times.silence_seconds
        self._least_known_ratio = least_known_ratio
        self._registry = make_registry(self._names)
        self._targets = TargetSet(version="", targets=())
        self._layout = layout(self._targets, self._names, self._registry)
        self._increments = Increments(self._registry.size)
        self._active: int | None = None
        self._staffing: tuple[_Basis, Staffing] | None = None
        self._capacity_basis: _Basis | None = None
        self._capacities: dict[tuple[str, frozenset[str]], float] = {}
        servers = [("primary", primary), *([("backup", backup)] if backup else [])]
        self._feeds = [Feed(name, address, self._registry, times.answer_seconds) for name, address in servers]
        self._sessions = [open_session(feed, self._registry, self._select) for feed in self._feeds]

    async def start(self) -> None:
        """Connect to the servers and keep them connected; returns at once."""
        for session in self._sessions:
            session.start()

    async def stop(self) -> None:
        """Close every session."""
        await asyncio.gather(*(session.stop() for session in self._sessions))
        if self._close is not None:
            await self._close()

    def watch(self, targets: TargetSet) -> None:
        """Subscribe to what these targets need; what is already subscribed stays undisturbed.

        Raises ``OverflowError`` when the targets need more statistics than can be held (some two million).
        """
        self.prepare(targets)()

    def prepare(self, targets: TargetSet) -> Callable[[], None]:
        """Do of :meth:`watch` what takes long, on any thread; what is returned does the rest, on the loop's.

        Nothing else may be watched between the two. Raises as :meth:`watch`.
        """
        registry = self._registry.copied()
        change = registry.assign(queues_of(targets), agents_of(targets))
        rooms = [room_for(registry.size) if registry.size > self._registry.size else None for _ in self._feeds]
        prepared = _Prepared(registry, change, layout(targets, self._names, registry), change.slots(), rooms)
        return partial(self._watch, targets, prepared)

    def _watch(self, targets: TargetSet, prepared: _Prepared) -> None:
        registry, change, where, slots, rooms = prepared
        known = slots[slots < self._registry.size]
        self._registry.become(registry)
        self._targets = targets
        self._layout = where
        if not len(slots):
            return
        self._increments.resize(self._registry.size, known)
        now = boot_seconds()
        for feed, session, room in zip(self._feeds, self._sessions, rooms, strict=True):
            feed.changed(slots, now, added=bool(change.added), room=room)
            session.send(change)
        log.info("statistics.watching", targets=len(targets.targets), statistics=len(self._registry))

    def snapshot(self, stale_after_seconds: float) -> Snapshot:
        """The newest state of all targets, rows in the order of the watched target set.

        Without a server that was ever heard of, every row is zero and not valid. Reactive statistics the server cannot
        give read as 0 and do not make a row invalid.
        """
        now = boot_seconds()
        active = self._select() or 0
        feed = self._feeds[active]
        columns = self._layout.columns
        totals, completed = self._increments.read(self._feeds, active, self._layout, now)
        staffing = self._sum_staffing(feed)
        waiting, waiting_valid = feed.numbers(columns.current)
        waiting_all, waiting_all_valid = feed.numbers(columns.current_all)
        handle = np.full(len(waiting), np.nan)
        if columns.handle_time is not None:
            seconds, known = feed.numbers(columns.handle_time)
            handle = np.where(known & (seconds > 0), seconds, np.nan)
        stamp = feed.freshness.stamp
        return Snapshot(
            taken_at=stamp if np.isfinite(stamp) else time.time(),
            logged_in=staffing.logged_in,
            capable=staffing.capable,
            ready=staffing.ready,
            busy=staffing.busy,
            waiting=np.where(waiting_valid, waiting, 0.0),
            accepted=totals[0],
            abandoned=totals[1],
            completed=completed,
            reactive_waiting=np.where(waiting_all_valid & waiting_valid, np.maximum(waiting_all - waiting, 0.0), 0.0),
            reactive_entered=np.maximum(totals[3] - totals[2], 0.0),
            handle_seconds=handle,
            valid=self._valid(feed, staffing, now, stale_after_seconds),
            shared=staffing.shared,
            age_seconds=feed.freshness.age_seconds(now),
        )

    def channel_capacity(self, media: str, groups: frozenset[str], stale_after_seconds: float) -> float | None:
        """What ready agents of these groups can take now, each agent once; no groups: all of the medium.

        None where that is not known: the statistics are older than the limit, or there is no server.
        """
        feed = self._feeds[self._select() or 0]
        if not feed.fresh(boot_seconds(), stale_after_seconds):
            return None
        table, asked = feed.table, (media, groups)
        basis = (table, table.agents_version, self._layout)
        if not _same(basis, self._capacity_basis) or len(self._capacities) >= _MOST_CAPACITIES:
            self._capacity_basis, self._capacities = basis, {}
        if asked not in self._capacities:
            self._capacities[asked] = sum_ready(table, media, self._layout.agents_of(media, groups))
        return self._capacities[asked]

    @property
    def warmed_up(self) -> bool:
        """True once every subscription of the watched targets has had its first value, or an invalid."""
        active = self._select()
        return active is not None and self._feeds[active].answered(boot_seconds())

    @property
    def health(self) -> tuple[ServerHealth, ...]:
        """The servers of the pair, primary first."""
        now = boot_seconds()
        return tuple(feed.health(now) for feed in self._feeds)

    @property
    def active(self) -> str | None:
        """``primary`` or ``backup``: the server the snapshots are read from; None before the first was heard of."""
        active = self._select()
        return None if active is None else self._feeds[active].name

    @property
    def invalid(self) -> tuple[InvalidValue, ...]:
        """Statistics the active server says it cannot give, with its reasons; at most a thousand."""
        found = []
        for slot, reason in self._feeds[self._select() or 0].table.reasons.items():
            subject = self._registry.at(slot)
            if subject is not None:
                found.append(InvalidValue(subject.object_id, subject.statistic, subject.filter, reason))
        return tuple(found)

    def _select(self) -> int | None:
        now = boot_seconds()
        silence = self._silence_seconds
        chosen = choose([feed.rank(now, silence) for feed in self._feeds], self._active)
        if chosen != self._active and chosen is not None:
            health = self._feeds[chosen].health(now)
            log.info("statistics.switched", server=health.name, address=health.address, mode=health.mode)
            self._active = chosen
        return self._active

    def _sum_staffing(self, feed: Feed) -> Staffing:
        """Sums over the agents, anew only when an agent, the server or the targets changed."""
        key = (feed.table, feed.table.agents_version, self._layout)
        if self._staffing is None or not _same(key, self._staffing[0]):
            self._staffing = (key, sum_staffing(self._layout.roster, feed.table))
        return self._staffing[1]

    def _valid(self, feed: Feed, staffing: Staffing, now: float, stale_after_seconds: float) -> BoolArray:
        columns = self._layout.columns
        known = [feed.valid(each) for each in (columns.current, columns.accepted, columns.abandoned)]
        valid: BoolArray = known[0] & known[1] & known[2] & (staffing.known_ratio >= self._least_known_ratio)
        return valid & feed.fresh(now, stale_after_seconds)


def _same(left: _Basis, right: _Basis | None) -> bool:
    """Whether nothing has changed; tables and layouts never change without becoming others."""
    return right is not None and left[0] is right[0] and left[1] == right[1] and left[2] is right[2]
