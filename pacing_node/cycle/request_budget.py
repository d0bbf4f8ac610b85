"""How many requests partial pushes may use: what the full ones leave of a budget and of the platform's limit. Pure."""

from __future__ import annotations

import math
from collections import deque

WINDOW_SECONDS = 60.0
"""The budget holds for any stretch of this length."""


class RequestBudget:
    """Counts the requests of full and partial pushes; only partial ones ever wait for it. Times in seconds."""

    def __init__(self) -> None:
        self._sent: deque[tuple[float, int]] = deque()
        self._count = 0
        self._left: int | None = None
        self._window_ends = 0.0
        self._not_before = 0.0

    def sent(self, now: float, requests: int) -> None:
        """A push took so many requests."""
        self._sent.append((now, requests))
        self._count += requests
        self._forget(now)

    def told(self, now: float, left: int | None, window_seconds: float) -> None:
        """The platform takes ``left`` more requests in its window, which ends after so many seconds; None: unknown."""
        self._left, self._window_ends = left, now + window_seconds

    def wait(self, until: float) -> None:
        """The platform asked a partial push to wait."""
        self._not_before = max(self._not_before, until)

    def allows(self, now: float, per_minute: int, *, full_requests: int, refresh_seconds: float) -> bool:
        """Whether a partial push may use a request now.

        It leaves, of what the platform takes in its window, what the full pushes of that time need, and one more full
        push: ``full_requests`` each, one every ``refresh_seconds``.
        """
        self._forget(now)
        if now < self._not_before or self._count + 1 > per_minute:
            return False
        if self._left is None or now >= self._window_ends:
            return True
        pushes = math.ceil((self._window_ends - now) / refresh_seconds) + 1
        return self._left - 1 >= pushes * full_requests

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - WINDOW_SECONDS:
            self._count -= self._sent.popleft()[1]
