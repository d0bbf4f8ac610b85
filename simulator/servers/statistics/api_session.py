"""A session of the statistics API: its subscriptions, and the CometD clients that hear of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.servers.statistics.bayeux import Bayeux
from simulator.servers.statistics.statistics_reading import StatisticsReading, plain
from simulator.servers.statistics.statistics_values import Invalid, Value

if TYPE_CHECKING:
    from simulator.model import Agent, Target
    from simulator.servers.statistics.statistics_reading import Wanted


@dataclass(slots=True)
class Statistic:
    """One statistic of a subscription."""

    statistic_id: str
    name: str
    object_id: str
    object_type: str
    wanted: Wanted | Invalid
    sent: Value | None = None
    """The value the client was sent last."""

    @classmethod
    def read(cls, entry: Any, reading: StatisticsReading) -> Statistic:
        """From an entry of a request: a statistic by ``name``, or by a ``definition`` with ``statisticType`` and
        ``filter``. Raises ValueError for an entry that is not one.
        """
        if not isinstance(entry, dict):
            raise ValueError("a statistic must be an object")
        texts = {key: entry.get(key) for key in ("statisticId", "objectId", "objectType")}
        definition = entry.get("definition")
        name, only = entry.get("name"), None
        if isinstance(definition, dict):
            name, only = name or definition.get("statisticType"), str(definition.get("filter") or "")
        for key, text in (texts | {"name or definition.statisticType": name}).items():
            if not isinstance(text, str) or not text:
                raise ValueError(f"{key} is missing")
        statistic = str(definition.get("statisticType") or name) if isinstance(definition, dict) else str(name)
        object_id, object_type = str(texts["objectId"]), str(texts["objectType"])
        wanted = reading.find(object_type, object_id, statistic, only)
        return cls(str(texts["statisticId"]), str(name), object_id, object_type, wanted)

    def shown(self, value: Value, timestamp: int) -> dict[str, Any]:
        """The statistic with a value, as answers and updates have it; remembered as sent."""
        self.sent = value
        shown: dict[str, Any] = {
            "statisticId": self.statistic_id,
            "name": self.name,
            "objectId": self.object_id,
            "objectType": self.object_type,
            "timestamp": timestamp,
        }
        if isinstance(value, Invalid):
            return shown | {"value": None, "error": value.reason}
        return shown | {"value": plain(value)}


@dataclass(slots=True)
class ApiSession:
    """What one cookie stands for."""

    name: str
    subscriptions: dict[str, list[Statistic]] = field(default_factory=dict)
    subjects: dict[Agent | Target, list[tuple[str, Statistic]]] = field(default_factory=dict)
    """Statistics by the agent or queue they are about, each with the name of its subscription."""
    bayeux: Bayeux = field(default_factory=Bayeux)
    touched_at: float = field(default_factory=time.monotonic)
    """When it was last used, by the monotonic clock."""

    def add(self, name: str, statistics: list[Statistic]) -> None:
        """Open a subscription; one of the same name is replaced."""
        self.remove(name)
        self.subscriptions[name] = statistics
        for statistic in statistics:
            if not isinstance(statistic.wanted, Invalid):
                self.subjects.setdefault(statistic.wanted[0], []).append((name, statistic))

    def remove(self, name: str) -> bool:
        """Close a subscription; False when there is none."""
        if self.subscriptions.pop(name, None) is None:
            return False
        kept = {subject: [pair for pair in pairs if pair[0] != name] for subject, pairs in self.subjects.items()}
        self.subjects = {subject: pairs for subject, pairs in kept.items() if pairs}
        return True
