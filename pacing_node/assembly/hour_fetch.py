"""A node that has just started, or heard nothing for a while, asks the others for the last hour."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import structlog

from cluster.backoff import Backoff
from cluster.errors import UnavailableError
from cluster.outside_text import one_line
from pacing_node.monitoring.hour_pieces import TOPIC, HourTaker, pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.member import ClusterMember
    from cluster.records import MemberInfo
    from pacing_node.monitoring.last_hour import LastHour

log = structlog.get_logger(__name__)

PAUSE_SECONDS = (0.5, 60.0)
"""First and longest pause before asking again those that did not answer."""
LONGEST_SECONDS = 60.0
"""Of one member's answer, all pieces together."""


class HourFetch:
    """Hands the last hour of this node to members that ask, and asks them for theirs."""

    def __init__(self, member: ClusterMember, hour: LastHour, enter_newest: Callable[[float], None]) -> None:
        """``enter_newest`` enters the newest record again if it is newer than this moment; Unix seconds."""
        self._member = member
        self._hour = hour
        self._enter_newest = enter_newest
        self._news = asyncio.Event()
        member.topics.keep(TOPIC, lambda: pieces(hour))
        member.on_change.add(self._news.set)

    async def run(self) -> None:
        """Ask whenever something is missing that another member may have, for ever."""
        backoff = Backoff(*PAUSE_SECONDS)
        asked: tuple[float | None, frozenset[str]] | None = None
        while True:
            self._news.clear()
            others = sorted(self._others(), key=lambda each: each.started_at)
            here = (self._hour.complete_since, frozenset(each.incarnation for each in others))
            if here != asked and not await self._ask(others):
                await asyncio.sleep(backoff.next_seconds())
                continue
            asked = (self._hour.complete_since, here[1])
            backoff.reset()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_SECONDS[1]):
                    await self._news.wait()

    def _others(self) -> list[MemberInfo]:
        own = self._member.info.name
        return [each for each in self._member.members() if each.name != own and each.clustering]

    async def _ask(self, others: list[MemberInfo]) -> bool:
        """Ask one after the other, the one that is there for longest first; whether all that is known is here now."""
        answered = True
        for member in others:
            try:
                if await self._take_from(member):
                    log.info("last_hour.taken", member=member.name, complete_since=self._hour.complete_since)
            except (UnavailableError, ValueError) as failure:
                log.debug("last_hour.not_taken", member=member.name, error=one_line(failure))
                answered = False
        return answered

    async def _take_from(self, member: MemberInfo) -> bool:
        """Take the hour of one member if it reaches further back; whether it did."""
        taker = HourTaker(self._hour)
        async with contextlib.aclosing(self._member.fetch(member, TOPIC, LONGEST_SECONDS)) as found:
            async for piece in found:
                if not taker.take(piece):
                    break
        if taker.done:
            self._enter_newest(self._hour.newest_at)
        return taker.done
