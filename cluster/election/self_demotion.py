"""Self-demotion: after several failures in a row, step down if a standby reports that it could act.

The election alone would leave such a master in place for ever: its session is in the best of health. A master that by
the standbys' check could act itself tries once more first: an outage that is over for everybody needs no other master.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster import tasks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.mastership import Term

log = structlog.get_logger(__name__)


class SelfDemotion:
    """Counts failures in a row of one term and, past a limit, asks the standbys whether they could do better."""

    def __init__(
        self,
        failures_allowed: int,
        ask_standbys: Callable[[], Awaitable[Sequence[str]]],
        why_unable: Callable[[], Awaitable[str | None]],
        resign: Callable[[], Awaitable[bool]],
    ) -> None:
        """``ask_standbys`` returns the names of those that could act; ``why_unable`` says why this member could not, by
        the same check, None when it could; ``resign`` steps down and begins the cooldown.
        """
        self._failures_allowed = failures_allowed
        self._ask_standbys = ask_standbys
        self._why_unable = why_unable
        self._resign = resign
        self._epoch = 0
        self._failures = 0
        self._well_at: int | None = None
        """Failures in a row when by its own check this member could act again; None without such a check."""
        self._asking: asyncio.Task[None] | None = None

    def report(self, term: Term, *, succeeded: bool) -> None:
        """An action of this term has reached its target, or has not."""
        if term.epoch != self._epoch:
            self._epoch, self._failures, self._well_at = term.epoch, 0, None
        self._failures = 0 if succeeded else self._failures + 1
        self._well_at = None if succeeded else self._well_at
        asking = self._asking is not None and not self._asking.done()
        if self._failures >= self._failures_allowed and not asking and not term.ended.is_set():
            self._asking = tasks.spawn("self-demotion", self._give_way(term), finite=True)

    async def stop(self) -> None:
        """Ask no more."""
        await tasks.cancel(self._asking)

    async def _give_way(self, term: Term) -> None:
        able, why_unable = await asyncio.gather(self._ask_standbys(), self._why_unable())
        # The answer took its time: what it was asked for may be over.
        if not able or term.ended.is_set() or self._failures < self._failures_allowed:
            return
        if why_unable is None and not self._tried_again():
            log.info("leadership.tries_again", epoch=term.epoch, failures=self._failures, able=list(able))
            return
        log.warning("leadership.self_demoted", epoch=term.epoch, failures=self._failures, able=list(able))
        await self._resign()

    def _tried_again(self) -> bool:
        """Whether an action that began after this member was found well has failed."""
        if self._well_at is None:
            self._well_at = self._failures
        # The first failure since then can be that of an action that was under way.
        return self._failures > self._well_at + 1
