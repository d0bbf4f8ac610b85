"""What several tests of alarms share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pacing_node.alarms.alarm_book import Alarm, AlarmEvent, Reading
from pacing_node.alarms.machine import Transition

READINGS = Mapping[str, Mapping[str, Reading]]


def alarm(name: str = "PacingRequestsFailed", item: str = "engagement platform", at: float = 1000.0) -> Alarm:
    return Alarm(name, item, "n1", at, 3.0, 3.0, "HTTP 503")


def raised(name: str = "PacingRequestsFailed", item: str = "engagement platform", at: float = 1000.0) -> AlarmEvent:
    return AlarmEvent(Transition.RAISED, alarm(name, item, at), at, "n1")


def cleared(name: str = "PacingRequestsFailed", item: str = "engagement platform", at: float = 1000.0) -> AlarmEvent:
    return AlarmEvent(Transition.CLEARED, alarm(name, item, at), at + 60.0, "n2")


@dataclass
class GivenReadings:
    """Readings the test sets; ``shared`` is None while the node is not master."""

    own: dict[str, dict[str, Reading]] = field(default_factory=dict)
    shared: dict[str, dict[str, Reading]] | None = None
    asked: int = 0
    """How often the readings of the node were taken."""

    def node(self, now: float, late_seconds: float) -> READINGS:
        self.asked += 1
        return self.own

    def cluster(self, now: float) -> READINGS | None:
        return self.shared

    def close(self) -> None: ...


@dataclass
class Collecting:
    """A sink that keeps what it is told."""

    name: str = "collecting"
    batch: int = 10
    repeat_seconds: float | None = None
    told: list[AlarmEvent] = field(default_factory=list)
    closed: bool = False

    async def deliver(self, events: Sequence[AlarmEvent]) -> None:
        self.told += events

    async def close(self) -> None:
        self.closed = True

    @property
    def transitions(self) -> list[tuple[str, str, str]]:
        return [(event.transition.value, event.alarm.condition, event.alarm.object) for event in self.told]
