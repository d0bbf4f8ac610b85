"""How often the mastership is handed over by order. Pure; times in seconds on any clock that never goes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection


class HandOverLimit:
    """Whether a term of this node may be ended by an order already.

    A hand-over is not followed by another one at once: neither by this node, nor by the one it has handed over to. So a
    loop of orders moves the mastership once in an interval, however many nodes there are.
    """

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._ordered_at: float | None = None
        self._began_at = 0.0
        self._previous: str | None = None

    def began(self, at: float, previous: str | None) -> None:
        """A term of this node has begun, after one of the member ``previous``; None when there was no other."""
        self._began_at, self._previous = at, previous

    def carried_out(self, at: float) -> None:
        """The node has stepped down by order."""
        self._ordered_at = at

    def seconds_left(self, at: float, members: Collection[str]) -> float:
        """How long an order must still wait; 0 when it need not.

        A previous master that is no member any more has not been ordered to step down: it was stopped, or lost.
        """
        since = [] if self._ordered_at is None else [self._ordered_at]
        if self._previous is not None and self._previous in members:
            since.append(self._began_at)
        return max((moment + self._interval_seconds - at for moment in since), default=0.0)
