"""GMS statistics: the form of a request, and what an answer means. The one place that knows its fields. Pure.

Documented are the form fields, one statistic for each request, and 403 with ``message`` and ``exception`` for a bad
definition. Inferred are ``{"value": ...}`` as the answer, the tree of an agent's state (that of the Statistics API),
and that a cached value has its age in the header ``Age`` and is renewed when it is older than the ``max-age`` asked
for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.outside_text import load_json, one_line
from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.api_values import missing, read_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pacing_node.statistics.registry import Subject

_PROACTIVE = "PACS_Proactive_Interaction"
_REFUSALS = frozenset({400, 403})
_LONGEST_AGE = 10**9


@dataclass(frozen=True, slots=True)
class GmsDefinitions:
    """How the site's server knows each statistic, by (statistic, filter): the fields that name it.

    What is missing here is not asked for; what the site does not have is refused by the server and asked for rarely.
    """

    queue: Mapping[tuple[str, str], Mapping[str, str]] = field(
        default_factory=lambda: {
            ("PACS_VQ_Current", _PROACTIVE): {"metric": "PACS_VQ_Current"},
            ("PACS_VQ_Accepted", _PROACTIVE): {"metric": "PACS_VQ_Accepted"},
            ("PACS_VQ_Abandoned", _PROACTIVE): {"metric": "PACS_VQ_Abandoned"},
            ("PACS_VQ_Current", ""): {"statisticType": "PACS_VQ_Current"},
            ("PACS_VQ_Entered", _PROACTIVE): {"statisticType": "PACS_VQ_Entered", "filter": _PROACTIVE},
            ("PACS_VQ_Entered", ""): {"statisticType": "PACS_VQ_Entered"},
            ("PACS_VQ_AverageHandleTime", ""): {"statisticType": "PACS_VQ_AverageHandleTime"},
        }
    )
    """The provisioned statistics count proactive interactions by themselves."""
    agent_state: Mapping[str, str] = field(default_factory=lambda: {"statisticType": "AgentState"})
    queue_type: str = "Queue"
    agent_type: str = "Agent"
    notification_mode: str = "NoNotification"

    def form(self, subject: Subject, tenant: str) -> dict[str, str] | None:
        """Fields of the request for a statistic; None when the site has none."""
        named = self.agent_state if subject.agent else self.queue.get((subject.statistic, subject.filter))
        if named is None:
            return None
        return {
            "objectId": subject.object_id,
            "objectType": self.agent_type if subject.agent else self.queue_type,
            "tenant": tenant,
            "notificationMode": self.notification_mode,
            **named,
        }


@dataclass(frozen=True, slots=True)
class GmsReading:
    """What an answer said."""

    value: wire.StatisticValue
    refused: bool = False
    """The server does not have this statistic: asking again at once is in vain."""


def undefined(reference: int) -> GmsReading:
    """The reading of a statistic the site does not have."""
    return GmsReading(missing(reference), refused=True)


def read_answer(
    reference: int, *, agent: bool, status: int, body: bytes, age: str, longest_age_seconds: float
) -> GmsReading:
    """A value, or the reason why there is none.

    Raises ``ValueError`` for an answer that says nothing about the statistic: the server is not well.
    """
    if status in _REFUSALS:
        return GmsReading(_invalid(reference, _reason(status, body)), refused=True)
    if status != 200:
        raise ValueError(f"HTTP {status}")
    document = load_json(body)
    if not isinstance(document, dict) or "value" not in document:
        raise ValueError("the reply is no object with a value")
    seconds = min(int(age), _LONGEST_AGE) if age.isascii() and age.isdecimal() and len(age) < 20 else 0
    if seconds > longest_age_seconds:
        return GmsReading(_invalid(reference, f"the server's value is {seconds} s old"))
    value = document["value"]
    return GmsReading(read_value(reference, value, "no data yet" if value is None else None, agent=agent))


def overdue(reference: int, seconds: float) -> wire.StatisticValue:
    """The value of a statistic that was not read for so long."""
    return _invalid(reference, f"not read for {seconds:.0f} s")


def _invalid(reference: int, reason: str) -> wire.StatisticValue:
    return wire.StatisticValue(reference=reference, invalid=wire.InvalidStatistic(reason=reason))


def _reason(status: int, body: bytes) -> str:
    """The server's words."""
    try:
        document = load_json(body)
    except (ValueError, RecursionError):
        document = None
    message = document.get("message") if isinstance(document, dict) else None
    text = one_line(message) if isinstance(message, str) else ""
    return f"HTTP {status}: {text}" if text else f"HTTP {status}"
