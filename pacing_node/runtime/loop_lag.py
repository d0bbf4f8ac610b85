"""How late the event loop is: a timer that should fire on time, and by how much it did not."""

from __future__ import annotations

import asyncio

from pacing_node.runtime.distribution import Distribution

INTERVAL_SECONDS = 0.5


class LoopLag:
    """Measures the lag of the running event loop until its task is cancelled."""

    def __init__(self) -> None:
        self.last_seconds = 0.0
        self.seconds = Distribution()
        """All measurements."""

    async def run(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + INTERVAL_SECONDS
            await asyncio.sleep(INTERVAL_SECONDS)
            self.last_seconds = max(loop.time() - due, 0.0)
            self.seconds.observe(self.last_seconds)
