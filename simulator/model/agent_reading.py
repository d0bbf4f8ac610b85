"""What an agent's statistics say: status by the contact centre's numbers, capacity in use for each medium."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Status(IntEnum):
    """Agent status by the numbers of the contact centre's agent states."""

    READY = 4
    NOT_READY = 8
    AFTER_CALL_WORK = 9
    BUSY = 20
    LOGGED_OUT = 23

    @property
    def at_work(self) -> bool:
        """Ready, busy or in after-call work."""
        return self in _AT_WORK


_AT_WORK = frozenset({Status.READY, Status.BUSY, Status.AFTER_CALL_WORK})


class MediaReading(NamedTuple):
    """Capacity of an agent for one medium."""

    media: str
    maximum: int
    in_use: int
    routable: bool


class AgentReading(NamedTuple):
    """State of an agent as the statistic AgentState reports it."""

    status: Status
    media: tuple[MediaReading, ...]

    @property
    def logged_in(self) -> bool:
        """Logged in, in whatever state."""
        return self.status is not Status.LOGGED_OUT

    def routable(self, media: str) -> bool:
        """Whether the agent would be given one more interaction of the medium now."""
        return any(entry.routable for entry in self.media if entry.media == media)

    def slots(self, media: str) -> tuple[int, int]:
        """(ready, busy) slots of the medium; (0, 0) when the agent is not at work or may not do it."""
        if self.status.at_work:
            for entry in self.media:
                if entry.media == media:
                    ready = entry.maximum - entry.in_use if entry.routable else 0
                    return ready, entry.maximum - ready
        return 0, 0

    @property
    def load(self) -> float:
        """Share of the capacity in use, 0..1, over all media: the largest of in_use / maximum."""
        return max((entry.in_use / entry.maximum for entry in self.media if entry.maximum), default=0.0)
