"""Which statistic is asked for next, and when: one request each, spread evenly over the refresh. Pure."""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_PAUSE_SECONDS = 2.0
"""However few statistics there are, the server is heard of this often."""


class Schedule:
    """Takes its references in turn, each once per refresh.

    A server that answers more slowly than that is asked as it answers: what was missed is not made up for, so the
    refresh grows longer and the load does not. New references come first, unspaced, so that their first values are
    there soon.
    """

    def __init__(self, refresh_seconds: float) -> None:
        self._refresh_seconds = refresh_seconds
        self._turn: deque[int] = deque()
        self._first: deque[int] = deque()
        self._resting: list[tuple[float, int]] = []
        self._known: set[int] = set()
        self._next_at = 0.0

    def __len__(self) -> int:
        return len(self._known)

    def add(self, references: Iterable[int]) -> None:
        """Ask for these from now on, and first of all."""
        new = [reference for reference in references if reference not in self._known]
        self._known.update(new)
        self._first.extend(new)

    def drop(self, references: Iterable[int]) -> None:
        """Ask for these no more."""
        self._known.difference_update(references)

    def take(self, now: float) -> tuple[int | None, float]:
        """The reference whose time has come; without one, None and the seconds until there may be.

        A reference taken must be given back by ``done``.
        """
        while self._resting and self._resting[0][0] <= now:
            self._first.append(heapq.heappop(self._resting)[1])
        reference = self._pop(self._first)
        if reference is not None:
            return reference, 0.0
        if now < self._next_at:
            return None, self._next_at - now
        reference = self._pop(self._turn)
        self._next_at = max(self._next_at, now - self._pause) + self._pause
        return reference, 0.0 if reference is not None else self._pause

    def done(self, reference: int, now: float, rest_seconds: float = 0.0) -> None:
        """The answer for a reference is here; it has its next turn, after a rest if one is given."""
        if reference not in self._known:
            return
        if rest_seconds > 0:
            heapq.heappush(self._resting, (now + rest_seconds, reference))
        else:
            self._turn.append(reference)

    @property
    def _pause(self) -> float:
        return min(LONGEST_PAUSE_SECONDS, self._refresh_seconds / max(1, len(self._known) - len(self._resting)))

    def _pop(self, references: deque[int]) -> int | None:
        while references:
            reference = references.popleft()
            if reference in self._known:
                return reference
        return None
