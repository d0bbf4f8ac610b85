"""The model in real time: model seconds follow the clock, times a speed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.model import ContactCentre

TICK_SECONDS = 0.05
_EVENTS_AT_ONCE = 2_000


class LiveCentre:
    """Keeps a model up to date. Starts to count when it is created."""

    def __init__(self, centre: ContactCentre, speed: float = 1.0) -> None:
        self.centre = centre
        self.speed = speed
        """Model seconds per second of the clock."""
        self._started = time.monotonic()
        self._offset = centre.now

    def advance(self) -> None:
        """Bring the model up to this moment."""
        self.centre.run_until(self._model_time())

    async def run(self) -> None:
        """Keep the model up to date until cancelled; a backlog is worked off in pieces."""
        while True:
            done = self.centre.run_until(self._model_time(), _EVENTS_AT_ONCE)
            await asyncio.sleep(TICK_SECONDS if done else 0.0)

    def _model_time(self) -> float:
        return self._offset + (time.monotonic() - self._started) * self.speed
