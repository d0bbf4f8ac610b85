"""The model's own clock: a heap of events, run in order of time."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Timeline:
    """Events to come. Two events of the same time run in the order in which they were scheduled."""

    def __init__(self) -> None:
        self.now = 0.0
        """Model time in seconds from the start."""
        self._heap: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._scheduled = 0

    def at(self, time: float, action: Callable[..., None], *args: Any) -> None:
        """Run ``action(*args)`` at ``time``, or now if that is past."""
        self._scheduled += 1
        heapq.heappush(self._heap, (max(time, self.now), self._scheduled, action, args))

    def after(self, seconds: float, action: Callable[..., None], *args: Any) -> None:
        """Run ``action(*args)`` in ``seconds``."""
        self.at(self.now + seconds, action, *args)

    def run_until(self, time: float, most_events: int | None = None) -> bool:
        """Run what is due up to ``time``, at most ``most_events``; True when nothing is left to do before ``time``."""
        left = -1 if most_events is None else most_events
        while self._heap and self._heap[0][0] <= time:
            if left == 0:
                return False
            left -= 1
            self.now, _, action, args = heapq.heappop(self._heap)
            action(*args)
        self.now = max(self.now, time)
        return True
