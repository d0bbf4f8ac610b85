"""Statistics API v3: definitions asked for, and values read. The one place that knows its fields. Pure.

Documented are the envelope and that a value is a number, a tree, or an object with ``intValue`` and ``stringValue``.
The tree of an agent's state is inferred: ``{"status", "media": [{"media", "maximum", "inUse", "routable"}]}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from cluster.outside_text import one_line
from contact_center.v1 import statistics_pb2 as wire

if TYPE_CHECKING:
    from pacing_node.statistics.registry import Subject

UPDATES, SERVICE = "/statistics/v3/updates", "/statistics/v3/service"

Definition: TypeAlias = str | Mapping[str, object]
"""Name of a statistic the server knows, or its definition."""

_PROACTIVE = "PACS_Proactive_Interaction"
_STATUSES = {
    "WaitForNextCall": wire.AGENT_STATUS_READY,
    "NotReadyForNextCall": wire.AGENT_STATUS_NOT_READY,
    "AfterCallWork": wire.AGENT_STATUS_AFTER_CALL_WORK,
    "LoggedOut": wire.AGENT_STATUS_LOGGED_OUT,
}
_MOST_MEDIA = 32
_IMPOSSIBLE = 2**32 - 1


@dataclass(frozen=True, slots=True)
class ApiDefinitions:
    """How the site's server knows each statistic, by (statistic, filter); what is missing is not asked for."""

    queue: Mapping[tuple[str, str], Definition] = field(
        default_factory=lambda: {
            ("PACS_VQ_Current", _PROACTIVE): "PACS_VQ_Current",
            ("PACS_VQ_Accepted", _PROACTIVE): "PACS_VQ_Accepted",
            ("PACS_VQ_Abandoned", _PROACTIVE): "PACS_VQ_Abandoned",
        }
    )
    """The provisioned statistics count proactive interactions by themselves; further ones are the site's."""
    agent_state: Definition = "AgentState"
    queue_type: str = "Queue"
    agent_type: str = "Agent"

    def request(self, reference: int, subject: Subject) -> dict[str, object] | None:
        """The entry of a subscription; None when the site has no such statistic."""
        definition = self.agent_state if subject.agent else self.queue.get((subject.statistic, subject.filter))
        if definition is None:
            return None
        kind = "name" if isinstance(definition, str) else "definition"
        return {
            "statisticId": str(reference),
            "objectId": subject.object_id,
            "objectType": self.agent_type if subject.agent else self.queue_type,
            kind: definition,
        }


def missing(reference: int) -> wire.StatisticValue:
    """The value of a statistic the site does not have."""
    return wire.StatisticValue(reference=reference, invalid=wire.InvalidStatistic(reason="no definition configured"))


def read_statistics(data: object, agents: Mapping[int, bool]) -> list[wire.StatisticValue]:
    """Values of an answer's or event's ``data.statistics``; ``agents`` says which references are agents'."""
    entries = data.get("statistics") if isinstance(data, dict) else None
    found = []
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        reference = _reference(entry.get("statisticId"))
        if reference is not None and reference in agents and "value" in entry:
            found.append(read_value(reference, entry["value"], entry.get("error"), agent=agents[reference]))
    return found


def read_service_state(data: object) -> bool | None:
    """Whether the service says it is available; None when it says nothing of it."""
    state = data.get("serviceState") if isinstance(data, dict) else None
    return {"Available": True, "Unavailable": False}.get(state) if isinstance(state, str) else None


def read_value(reference: int, value: object, error: object, *, agent: bool) -> wire.StatisticValue:
    """A number or an agent's state; invalid with the error given, or because it can be neither."""
    read = wire.StatisticValue(reference=reference)
    if agent:
        state = _agent_state(value)
        if state is not None:
            read.agent_state.CopyFrom(state)
            return read
    else:
        number = _number(value)
        if number is not None:
            read.number = number
            return read
    read.invalid.reason = one_line(error) if isinstance(error, str) and error else "a value that cannot be read"
    return read


def _number(value: object) -> float | None:
    if isinstance(value, dict):
        value = value.get("intValue")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not -1e300 < value < 1e300:
        return None
    return float(value)


def _agent_state(value: object) -> wire.AgentState | None:
    if not isinstance(value, dict):
        return None
    status = value.get("status")
    if isinstance(status, str):
        status = _STATUSES.get(status, wire.AGENT_STATUS_BUSY if status.startswith("Call") else None)
    if isinstance(status, bool) or not isinstance(status, int) or not 0 < status < 1000:
        return None
    media = value.get("media")
    state = wire.AgentState()
    state.status = wire.AgentStatus.ValueType(status)
    for entry in (media if isinstance(media, list) else ())[:_MOST_MEDIA]:
        if isinstance(entry, dict) and isinstance(entry.get("media"), str):
            state.media.add(
                media=one_line(entry["media"]),
                maximum=_count(entry.get("maximum")),
                in_use=_count(entry.get("inUse")),
                routable=entry.get("routable") is True,
            )
    return state


def _count(value: object) -> int:
    """A number of interactions; one that is none becomes more than anybody has, which is not believed."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _IMPOSSIBLE:
        return _IMPOSSIBLE
    return int(value) if value == int(value) else _IMPOSSIBLE


def _reference(text: object) -> int | None:
    if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= 10:
        return int(text)
    return None
