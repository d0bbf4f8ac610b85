"""A standby's way to the engagement platform, kept open: its first push waits for no token and no connection.

What a process does for the first time takes longest: the first request of all loads modules for ten milliseconds and
more, on the event loop. So that happens when the node has started, and never in the middle of a hand-over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cluster.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.engagement.platform import EngagementPlatform

EVERY_SECONDS = 30.0
"""Less than the time for which servers and balancers commonly keep an idle connection (60 s and more)."""


class WarmWay:
    """Keeps the way of one node open while another one pushes."""

    def __init__(self, platform: EngagementPlatform, leads: Callable[[], bool], budget_seconds: float) -> None:
        """``leads`` returns whether this node is master; one attempt takes no longer than ``budget_seconds``."""
        self._platform = platform
        self._leads = leads
        self._budget_seconds = budget_seconds

    async def run(self) -> None:
        """Warm up now and again until cancelled. The pushes of a master keep its way open by themselves."""
        while True:
            if not self._leads():
                await self._platform.warm_up(self._budget_seconds)
            await asyncio.sleep(EVERY_SECONDS)

    def at_once(self) -> None:
        """The master may be gone, and this node may be the next: a connection that was closed is opened anew."""
        spawn("warm-up", self._platform.warm_up(self._budget_seconds), finite=True)
