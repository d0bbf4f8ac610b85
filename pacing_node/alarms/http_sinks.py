"""Alarms over HTTP: Alertmanager's v2 interface, and a webhook with a JSON document of our own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cluster.outside_text import one_line
from pacing_node.alarms.conditions import Scope
from pacing_node.alarms.machine import Transition
from pacing_node.delivery.outbox import DeliveryError
from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.http_client.request_failures import REQUEST_FAILURES, described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.alarms.alarm_book import AlarmEvent

CONNECT_SECONDS = 5.0
REPEAT_SECONDS = 60.0
"""How often an alarm that is still raised is sent to Alertmanager again."""
FORGET_SECONDS = 300.0
"""How long Alertmanager keeps an alarm that nobody repeats: then no node of the cluster is alive."""
ANSWER_SECONDS = 10.0
"""Longest time for one document, its answer included."""
_NEVER = frozenset({400, 409, 410, 411, 413, 414, 415, 422, 431})
"""Statuses that speak of the document. All others can change: a receiver moves, a token is corrected."""
_MOST_BYTES = 4096


class _Receiver:
    """Where documents are posted to."""

    def __init__(self, url: str, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        settings = ClientSettings(_MOST_BYTES, ANSWER_SECONDS, connect_seconds=CONNECT_SECONDS)
        self._url, self._token = url, token
        self._client = HttpClient(settings, headers=headers)

    async def post(self, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send one document. Raises DeliveryError, permanent when the receiver will never take it."""
        content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode(errors="replace")
        headers = {"Content-Type": "application/json", **(headers or {})}
        try:
            answer = await self._client.request("POST", self._url, content=content, headers=headers, cut=True)
        except TimeoutError:
            raise DeliveryError(f"no whole answer within {ANSWER_SECONDS:g} s") from None
        except REQUEST_FAILURES as error:
            raise DeliveryError(described(error)) from None
        if not answer.good:
            words = one_line(answer.body.decode(errors="replace"))
            words = words.replace(self._token, "***") if self._token else words
            raise DeliveryError(f"HTTP {answer.status}: {words}", permanent=answer.status in _NEVER)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()


class AlertmanagerSink:
    """Alarms as alerts. Labels are the same at raise and clear, on whichever node, so Alertmanager knows them again."""

    batch = 100
    repeat_seconds = REPEAT_SECONDS

    def __init__(self, url: str, *, cluster: str) -> None:
        """``url`` is the address of Alertmanager without the path of the interface."""
        self.name = f"alertmanager {urlsplit(url).netloc}"
        self._cluster = cluster
        self._receiver = _Receiver(url.rstrip("/") + "/api/v2/alerts")

    async def deliver(self, events: Sequence[AlarmEvent]) -> None:
        """Send a batch as one list of alerts. Raises DeliveryError."""
        await self._receiver.post([self._alert(event) for event in events])

    def _alert(self, event: AlarmEvent) -> dict[str, Any]:
        alarm = event.alarm
        labels = {
            "alertname": alarm.condition,
            "cluster": self._cluster,
            "object": alarm.object,
            "severity": alarm.severity.value,
            "scope": alarm.scope.value,
        }
        if alarm.scope is Scope.NODE:
            labels["node"] = alarm.node
        raised = event.transition is Transition.RAISED
        return {
            "labels": labels,
            "annotations": {"summary": event.summary, "description": alarm.definition.meaning},
            "startsAt": _time(alarm.raised_at),
            "endsAt": _time(event.at + FORGET_SECONDS if raised else event.at),
        }

    async def close(self) -> None:
        """Close connections."""
        await self._receiver.close()


class WebhookSink:
    """Alarms as JSON documents, one request each."""

    batch = 1
    repeat_seconds = None

    def __init__(self, url: str, *, cluster: str, token: str | None = None) -> None:
        """``token`` is sent as a bearer token."""
        self.name = f"webhook {urlsplit(url).netloc}"
        self._cluster = cluster
        self._receiver = _Receiver(url, token)

    async def deliver(self, events: Sequence[AlarmEvent]) -> None:
        """Send one document per event. Raises DeliveryError."""
        for event in events:
            key = f"{self._cluster}/{event.alarm.identity}/{event.transition.value}"
            headers = {"Idempotency-Key": key.encode("ascii", "backslashreplace").decode()}
            await self._receiver.post(alarm_document(event, self._cluster), headers)

    async def close(self) -> None:
        """Close connections."""
        await self._receiver.close()


def alarm_document(event: AlarmEvent, cluster: str) -> dict[str, Any]:
    """The document of the webhook; its fields only grow."""
    alarm = event.alarm
    return {
        "event": event.transition.value,
        "id": alarm.identity,
        "condition": alarm.condition,
        "object": alarm.object,
        "severity": alarm.severity.value,
        "scope": alarm.scope.value,
        "cluster": cluster,
        "raised_by": alarm.node,
        "sent_by": event.node,
        "raised_at": alarm.raised_at,
        "cleared_at": None if event.transition is Transition.RAISED else event.at,
        "value": alarm.value,
        "threshold": alarm.threshold,
        "unit": alarm.definition.unit,
        "message": event.summary,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
