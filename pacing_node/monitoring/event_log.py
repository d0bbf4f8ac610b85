"""The newest events of a node, for those who follow them: numbered, bounded, and resumable."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_EVENTS = 1000
"""Events that are kept; who was away for longer reads everything anew."""


class EventKind(StrEnum):
    """What has happened."""

    CYCLE = "cycle"
    LEADERSHIP = "leadership"
    ALARM = "alarm"
    CONFIGURATION = "configuration"
    HOLD = "hold"
    RESYNC = "resync"
    """Events are missing: what is known is to be read anew."""


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """One event."""

    number: int
    kind: EventKind
    data: str
    """JSON, on one line."""
    frame: bytes
    """The event as streams send it, made once for all of them."""


class EventLog:
    """Keeps the newest events, and wakes those who wait for the next."""

    def __init__(self) -> None:
        self.incarnation = secrets.token_hex(4)
        """Distinguishes the numbers of this process from those of others."""
        self.state = object()
        """Another object after every event but those of cycles: what was made from one is true until then."""
        self._events: deque[NodeEvent] = deque(maxlen=MOST_EVENTS)
        self._newest = 0
        self._changed = asyncio.Event()

    @property
    def newest(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self._newest

    @property
    def oldest_id(self) -> str:
        """The id to go on from for a caller who wants all that is kept."""
        return f"{self.incarnation}-{self._events[0].number - 1 if self._events else self._newest}"

    def add(self, kind: EventKind, data: Mapping[str, object]) -> None:
        """Something has happened; ``data`` is completed by ``at``, Unix time in seconds."""
        self._newest += 1
        text = json.dumps({"at": round(time.time(), 3), **data}, separators=(",", ":"))
        self._events.append(NodeEvent(self._newest, kind, text, self.frame(self._newest, kind, text)))
        if kind is not EventKind.CYCLE:
            self.state = object()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def frame(self, number: int, kind: EventKind, data: str) -> bytes:
        """An event as server-sent events have it."""
        return f"id: {self.incarnation}-{number}\nevent: {kind.value}\ndata: {data}\n\n".encode()

    def place(self, last_event_id: str) -> int | None:
        """The number to go on from for a caller who has seen ``last_event_id``; None when events are missing."""
        incarnation, _, number = last_event_id.partition("-")
        if incarnation != self.incarnation or not number.isascii() or not number.isdigit() or len(number) > 15:
            return None
        oldest = self._events[0].number if self._events else 1
        return int(number) if oldest - 1 <= int(number) <= self._newest else None

    def since(self, number: int) -> Sequence[NodeEvent] | None:
        """The events after this number, in their order; None when some of them are no longer kept."""
        if self._events and number < self._events[0].number - 1:
            return None
        newer = min(self._newest - number, len(self._events))
        return [self._events[place] for place in range(-newer, 0)]

    async def wait(self, number: int, seconds: float) -> None:
        """Wait for an event after this number, so long at most."""
        changed = self._changed
        if self._newest > number:
            return
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return
