"""The Bayeux protocol, as far as a listener over long polling needs it: messages written and read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HANDSHAKE, CONNECT, SUBSCRIBE = "/meta/handshake", "/meta/connect", "/meta/subscribe"


class BayeuxError(Exception):
    """The server's answer ends the session; the message says why."""


@dataclass(frozen=True, slots=True)
class BayeuxEvent:
    """A message on a channel that was subscribed to."""

    channel: str
    data: object


@dataclass(frozen=True, slots=True)
class BayeuxConnected:
    """Answer to a connect: what came meanwhile, and how long to wait before the next."""

    events: tuple[BayeuxEvent, ...]
    pause_seconds: float


class Listener:
    """One Bayeux client: numbers its messages and keeps its identity."""

    def __init__(self) -> None:
        self._number = 0
        self._client_id = ""

    def handshake(self) -> list[dict[str, object]]:
        """The first message."""
        fields = {"version": "1.0", "minimumVersion": "1.0", "supportedConnectionTypes": ["long-polling"]}
        return [self._message(HANDSHAKE, **fields)]

    def subscribe(self, channels: Sequence[str]) -> list[dict[str, object]]:
        """Messages that subscribe to channels."""
        return [self._message(SUBSCRIBE, clientId=self._client_id, subscription=channel) for channel in channels]

    def connect(self, wait_seconds: float) -> list[dict[str, object]]:
        """The message that is answered when something happened, or after ``wait_seconds`` if the server agrees."""
        advice = {"timeout": int(wait_seconds * 1000)}
        return [self._message(CONNECT, clientId=self._client_id, connectionType="long-polling", advice=advice)]

    def read_handshake(self, document: object) -> None:
        """Take the identity from the answer. Raises ``BayeuxError``."""
        answer = _answer(document, HANDSHAKE)
        client_id = answer.get("clientId")
        if not isinstance(client_id, str) or not client_id:
            raise BayeuxError("handshake: no clientId in the answer")
        self._client_id = client_id

    def read_subscribe(self, document: object) -> tuple[BayeuxEvent, ...]:
        """Check every subscription. Raises ``BayeuxError``."""
        for message in _messages(document):
            if message.get("channel") == SUBSCRIBE and message.get("successful") is not True:
                raise BayeuxError(f"subscribe {message.get('subscription')!r}: {_error(message)}")
        return _events(document)

    def read_connect(self, document: object) -> BayeuxConnected:
        """What came with the answer. Raises ``BayeuxError`` when a new handshake is needed."""
        answer = _answer(document, CONNECT)
        advice = answer.get("advice")
        interval = advice.get("interval") if isinstance(advice, dict) else None
        known = isinstance(interval, (int, float)) and not isinstance(interval, bool) and 0 <= interval <= 60_000
        reconnect = advice.get("reconnect") if isinstance(advice, dict) else None
        if isinstance(reconnect, str) and reconnect in {"handshake", "none"}:
            raise BayeuxError(f"connect: the server advises {reconnect!r}")
        return BayeuxConnected(_events(document), float(interval) / 1000.0 if known and interval else 0.0)

    def _message(self, channel: str, **fields: object) -> dict[str, object]:
        self._number += 1
        return {"channel": channel, "id": str(self._number), **fields}


def _answer(document: object, channel: str) -> dict[str, object]:
    for message in _messages(document):
        if message.get("channel") == channel:
            if message.get("successful") is not True:
                raise BayeuxError(f"{channel.rsplit('/', 1)[1]}: {_error(message)}")
            return message
    raise BayeuxError(f"{channel.rsplit('/', 1)[1]}: no answer to it")


def _events(document: object) -> tuple[BayeuxEvent, ...]:
    return tuple(
        BayeuxEvent(str(message["channel"]), message.get("data"))
        for message in _messages(document)
        if isinstance(message.get("channel"), str) and not str(message["channel"]).startswith("/meta/")
    )


def _messages(document: object) -> list[dict[str, object]]:
    if not isinstance(document, list):
        raise BayeuxError("the answer is no list of messages")
    return [message for message in document if isinstance(message, dict)]


def _error(message: dict[str, object]) -> str:
    error = message.get("error")
    return error[:200] if isinstance(error, str) and error else "refused without a reason"
