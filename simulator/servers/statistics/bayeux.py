"""The Bayeux protocol with long polling, as far as a client of notifications needs it: handshake, connect, subscribe,
unsubscribe, disconnect. Messages of a client wait until its next connect.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

HOLD_SECONDS = 25.0
"""A connect with nothing to tell is answered after this."""
MOST_WAITING = 5_000
"""Messages kept for a client that does not connect; the oldest are dropped."""
_ADVICE = {"reconnect": "retry", "interval": 0, "timeout": int(HOLD_SECONDS * 1000)}
_UNKNOWN = {"error": "402::Unknown client", "advice": {"reconnect": "handshake", "interval": 0}}

Message = dict[str, Any]


@dataclass(slots=True)
class _Client:
    """A client since its handshake."""

    channels: set[str] = field(default_factory=set)
    waiting: deque[Message] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    news: asyncio.Event = field(default_factory=asyncio.Event)
    connected_before: bool = False


class Bayeux:
    """The clients of one session."""

    def __init__(self) -> None:
        self._clients: dict[str, _Client] = {}

    @staticmethod
    def parse(body: bytes) -> list[Message]:
        """Messages of a request body. Raises ValueError when it has none."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ValueError("the body is not JSON") from error
        messages = document if isinstance(document, list) else [document]
        if not messages or not all(isinstance(m, dict) and isinstance(m.get("channel"), str) for m in messages):
            raise ValueError("the body must be a list of Bayeux messages")
        return messages

    def publish(self, channel: str, data: dict[str, Any]) -> None:
        """Keep a message for every client that subscribed to the channel."""
        for client in self._clients.values():
            if channel in client.channels:
                client.waiting.append({"channel": channel, "data": data})
                client.news.set()

    def release(self) -> None:
        """Answer every connect that is held, now."""
        for client in self._clients.values():
            client.news.set()

    async def handle(self, messages: list[Message], service_data: Callable[[], dict[str, Any]]) -> list[Message]:
        """Replies to the messages, and what waits for their clients. A connect is held while there is nothing to tell.

        ``service_data`` is sent on the service channel right after a subscription to it.
        """
        replies: list[Message] = []
        for message in messages:
            reply = self._reply(message)
            if "id" in message:
                reply["id"] = message["id"]
            client = self._clients.get(str(message.get("clientId")))
            if client is not None and reply["successful"]:
                await self._attend(client, message, replies, service_data)
            replies.append(reply)
        return replies

    def _reply(self, message: Message) -> Message:
        channel = message["channel"]
        if channel == "/meta/handshake":
            return self._handshake(message)
        client_id = str(message.get("clientId"))
        reply = {"channel": channel, "clientId": client_id}
        client = self._clients.get(client_id)
        if client is None:
            return reply | {"successful": False} | _UNKNOWN
        if channel == "/meta/connect":
            return reply | {"successful": True, "advice": _ADVICE}
        if channel == "/meta/disconnect":
            del self._clients[client_id]
            client.news.set()
            return reply | {"successful": True}
        if channel in {"/meta/subscribe", "/meta/unsubscribe"}:
            return reply | self._change_channels(client, channel, message.get("subscription"))
        return reply | {"successful": False, "error": f"404:{channel}:Unknown channel"}

    def _handshake(self, message: Message) -> Message:
        reply = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}
        if "long-polling" not in (message.get("supportedConnectionTypes") or ()):
            failed = {"successful": False, "error": "400::No common connection type"}
            return reply | failed | {"advice": {"reconnect": "none"}}
        client_id = secrets.token_hex(12)
        self._clients[client_id] = _Client()
        return reply | {"successful": True, "clientId": client_id, "advice": _ADVICE}

    @staticmethod
    def _change_channels(client: _Client, channel: str, wanted: object) -> Message:
        listed = wanted if isinstance(wanted, list) else [wanted]
        names = [name for name in listed if isinstance(name, str) and name.startswith("/")]
        if len(names) < len(listed):
            return {"successful": False, "error": "403::Invalid subscription", "subscription": wanted}
        if channel == "/meta/subscribe":
            client.channels.update(names)
        else:
            client.channels.difference_update(names)
        return {"successful": True, "subscription": wanted}

    @staticmethod
    async def _attend(
        client: _Client, message: Message, replies: list[Message], service_data: Callable[[], dict[str, Any]]
    ) -> None:
        """Hold a connect, or greet a new subscriber of the service channel."""
        channel = message["channel"]
        if channel == "/meta/subscribe" and "service" in str(message.get("subscription")):
            client.waiting.append({"channel": "/statistics/v3/service", "data": service_data()})
            client.news.set()
        if channel != "/meta/connect":
            return
        if client.connected_before and not client.waiting:
            client.news.clear()
            await _wait(client.news, _patience(message))
        client.connected_before = True
        replies.extend(client.waiting)
        client.waiting.clear()


def _patience(message: Message) -> float:
    """How long a connect is held: as long as the client asks for in its advice, at most ``HOLD_SECONDS``."""
    advice = message.get("advice")
    asked = advice.get("timeout") if isinstance(advice, dict) else None
    return min(HOLD_SECONDS, max(0.0, asked / 1000.0)) if isinstance(asked, int | float) else HOLD_SECONDS


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
