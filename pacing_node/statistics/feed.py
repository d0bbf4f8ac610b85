"""What one server of the pair has said so far: values, totals, mode and age. Pure; the session does the talking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.choice import ServerRank
from pacing_node.statistics.counters import Totals
from pacing_node.statistics.freshness import Freshness
from pacing_node.statistics.statistics_source import ServerHealth
from pacing_node.statistics.table import VALID, ValueTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray
    from pacing_node.statistics.registry import Registry

_MODES = {wire.SERVER_MODE_PRIMARY: "primary", wire.SERVER_MODE_BACKUP: "backup"}


class Feed:
    """State of one server, from the opening of a session to its end and beyond: the last values stay until the next."""

    def __init__(self, name: str, address: str, registry: Registry, answer_seconds: float) -> None:
        self.name = name
        self.address = address
        self._registry = registry
        self._answer_seconds = answer_seconds
        self._asked_at = 0.0
        self._warm = False
        self.connected = False
        self.available = False
        self.mode = "unknown"
        self.error = "not connected yet"
        self.table = ValueTable(registry.size)
        self.totals = Totals(registry.size)
        self.freshness = Freshness()

    def opened(self, now: float) -> None:
        """A new session starts: all subscriptions are sent anew and nothing said before counts."""
        self.table = ValueTable(self._registry.size)
        self.totals = Totals(self._registry.size)
        self.freshness = Freshness()
        self.available = False
        self.mode = "unknown"
        self._asked_at = now
        self._warm = False

    def closed(self, error: str) -> None:
        """The session ended; ``error`` says why, for people."""
        self.connected = False
        self.available = False
        self.mode = "unknown"
        self.error = error

    def changed(self, slots: IntArray, now: float, *, added: bool, room: FloatArray | None = None) -> None:
        """Subscriptions in these slots were added or removed; ``added``: some were added.

        ``room`` is for the totals, where there are more slots than before.
        """
        known = slots[slots < len(self.table.state)]  # of others nothing can be known
        self.table.resize(self._registry.size)
        self.totals.resize(self._registry.size, room)
        self.table.forget(known)
        self.totals.forget(known)
        if added:
            self._asked_at = now

    def take_state(self, state: wire.ServerState, now: float) -> None:
        """A ServerState came."""
        self.freshness.heard(now, state.server_time)
        self.connected = True
        self.available = state.available
        self.mode = _MODES.get(state.mode, "unknown")
        self.error = "" if state.available else "the server has lost its sources"

    def take_values(self, stamp: float, values: Iterable[wire.StatisticValue], now: float) -> None:
        """Values came, stamped with the server's clock."""
        self.freshness.heard(now, stamp)
        self.table.apply(values, self._registry)

    def answered(self, now: float) -> bool:
        """Whether every subscription has its first value or an invalid, or had long enough to get one."""
        if not self.connected:
            return False
        if now - self._asked_at >= self._answer_seconds:
            return True
        return self.table.heard >= len(self._registry)

    def fresh(self, now: float, stale_after_seconds: float) -> bool:
        """Whether what it said is what is: the server is there, has its sources, and was heard within the limit."""
        return self.connected and self.available and self.freshness.age_seconds(now) <= stale_after_seconds

    def rank(self, now: float, silence_seconds: float) -> ServerRank:
        """What speaks for and against this server now."""
        age = self.freshness.age_seconds(now)
        self._warm = self._warm or self.answered(now)
        usable = self.connected and self.available and age <= silence_seconds
        return ServerRank(usable, self._warm and self.connected, self.mode, age)

    def valid(self, slots: IntArray) -> BoolArray:
        """Which of these slots have a value."""
        valid: BoolArray = self.table.state[slots] == VALID
        return valid

    def numbers(self, slots: IntArray) -> tuple[FloatArray, BoolArray]:
        """Values of these slots, and which of them are valid."""
        return self.table.number[slots], self.valid(slots)

    def health(self, now: float) -> ServerHealth:
        """The server as the port shows it."""
        age = self.freshness.age_seconds(now)
        return ServerHealth(self.name, self.address, self.connected, self.mode, age, self.error)
