"""Where alarms go: the port, the log, and syslog. Sinks over HTTP are in ``http_sinks``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import structlog

from pacing_node.alarms.conditions import AlarmSeverity
from pacing_node.alarms.machine import Transition
from pacing_node.delivery.syslog import SyslogMessage, SyslogSeverity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.alarms.alarm_book import Alarm, AlarmEvent
    from pacing_node.delivery.syslog_sender import SyslogSender

log = structlog.get_logger(__name__)

_SYSLOG_LEVELS = {
    AlarmSeverity.CRITICAL: SyslogSeverity.CRITICAL,
    AlarmSeverity.MAJOR: SyslogSeverity.ERROR,
    AlarmSeverity.MINOR: SyslogSeverity.WARNING,
    AlarmSeverity.WARNING: SyslogSeverity.WARNING,
}


class Sink(Protocol):
    """A receiver of alarms."""

    @property
    def name(self) -> str:
        """Kind and place, for logs and pages; never a secret."""
        ...

    @property
    def batch(self) -> int:
        """Most events in one delivery."""
        ...

    @property
    def repeat_seconds(self) -> float | None:
        """How often a raised alarm must be sent again, because the receiver forgets it; None for never."""
        ...

    async def deliver(self, events: Sequence[AlarmEvent]) -> None:
        """Tell events in their order. Raises DeliveryError."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def describe(event: AlarmEvent) -> dict[str, str]:
    """The parts of an event as text."""
    alarm = event.alarm
    return {
        "event": event.transition.value,
        "condition": alarm.condition,
        "object": alarm.object,
        "severity": alarm.severity.value,
        "scope": alarm.scope.value,
        "raised_by": alarm.node,
        "value": f"{alarm.value:.6g}",
        "threshold": f"{alarm.threshold:.6g}",
        "unit": alarm.definition.unit,
    }


def describe_alarm(alarm: Alarm) -> dict[str, Any]:
    """An active alarm for pages."""
    return {
        "id": alarm.identity,
        "condition": alarm.condition,
        "object": alarm.object,
        "severity": alarm.severity.value,
        "scope": alarm.scope.value,
        "raised_by": alarm.node,
        "raised_at": alarm.raised_at,
        "value": alarm.value,
        "threshold": alarm.threshold,
        "unit": alarm.definition.unit,
        "text": alarm.text,
        "newest_text": alarm.newest_text or alarm.text,
    }


def write_to_log(event: AlarmEvent) -> None:
    """The log as a sink: it needs no queue and cannot be down."""
    if event.repeated:
        return
    parts = describe(event)
    parts["alarm"] = parts.pop("event")
    level = log.error if event.transition is Transition.RAISED else log.info
    level(f"alarm.{event.transition.value}", **parts, message=event.summary)


class SyslogSink:
    """Alarms as syslog messages, for Message Server's successors and everything else that collects logs."""

    batch = 100
    repeat_seconds = None

    def __init__(self, sender: SyslogSender, *, host: str, cluster: str, name: str = "syslog") -> None:
        """``host`` is this node's name in the messages."""
        self.name = name
        self._sender = sender
        self._host = host
        self._cluster = cluster

    async def deliver(self, events: Sequence[AlarmEvent]) -> None:
        """Send one message per event. Raises DeliveryError."""
        await self._sender.deliver([self._message(event) for event in events])

    def _message(self, event: AlarmEvent) -> SyslogMessage:
        raised = event.transition is Transition.RAISED
        return SyslogMessage(
            level=_SYSLOG_LEVELS[event.alarm.severity] if raised else SyslogSeverity.NOTICE,
            at=event.at,
            host=self._host,
            kind=f"alarm.{event.transition.value}",
            text=f"alarm {event.transition.value}: {event.summary}",
            data=describe(event) | {"cluster": self._cluster, "id": event.alarm.identity},
        )

    async def close(self) -> None:
        """Close the connection."""
        await self._sender.close()
