"""One session with a Statistics API v3 server: CometD for what changes, REST for what is subscribed, one cookie jar."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from cluster.clock import boot_seconds
from cluster.outside_text import load_json
from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as wire
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError
from pacing_node.statistics.api_values import (
    SERVICE,
    UPDATES,
    ApiDefinitions,
    missing,
    read_service_state,
    read_statistics,
)
from pacing_node.statistics.bayeux import BayeuxError, BayeuxEvent, Listener
from pacing_node.statistics.reconnecting_session import ReconnectingSession

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pacing_node.http_client.client import HttpClient
    from pacing_node.statistics.feed import Feed
    from pacing_node.statistics.registry import ObjectsChange, Registry

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """How sessions with Statistics API servers behave. Times in seconds."""

    poll_seconds: float = 2.0
    """Longest time the server is asked to hold a poll: its sign of life."""
    silence_seconds: float = 8.0
    """A server that answers no poll for longer is taken for dead. Above the time it really holds polls."""
    first_delay_seconds: float = 0.2
    longest_delay_seconds: float = 3.0
    answer_seconds: float = 30.0
    """A statistic without a value after this long counts as missing."""
    batch_size: int = 500
    """Statistics of one subscription."""
    max_reply_bytes: int = 16 * 1024 * 1024
    """Longest reply that is read, unpacked: twice what 20,000 agents take at 400 bytes each."""


class StatisticsAuthority(Protocol):
    """Proves to the server who is calling, with credentials that may have to be renewed."""

    async def headers(self, body: bytes, /) -> dict[str, str]:
        """Headers for a request; raises when there are none to be had."""
        ...

    def reject(self, headers: dict[str, str]) -> bool:
        """The server answered 401 to these headers; whether others may work."""
        ...

    async def close(self) -> None:
        """No more headers are needed."""
        ...


class _RefusedError(ValueError):
    """The server answered a request with a status of failure."""


class ApiSession(ReconnectingSession):
    """A session over REST and CometD.

    A subscription of the server holds many statistics and can only be ended whole, so what is removed goes on arriving,
    unread, until its whole subscription is gone.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        registry: Registry,
        settings: ApiSettings,
        definitions: ApiDefinitions,
        client: Callable[[], HttpClient],
        authority: StatisticsAuthority | None,
        on_change: Callable[[], object],
    ) -> None:
        """``client`` makes an HTTP client with fixed credentials and an empty cookie jar; ``authority`` adds others."""
        super().__init__(
            feed,
            first_delay_seconds=settings.first_delay_seconds,
            longest_delay_seconds=settings.longest_delay_seconds,
            on_change=on_change,
        )
        self._registry = registry
        self._settings = settings
        self._definitions = definitions
        self._make_client = client
        self._authority = authority
        self._orders: asyncio.Queue[tuple[Sequence[int], Sequence[int]]] = asyncio.Queue()
        self._open = False
        self._trouble = ""
        self._back_again = False
        self._pushed: set[int] | None = None  # references that got a newer value while a peek is in progress
        self._agents: dict[int, bool] = {}
        self._subscriptions: dict[str, set[int]] = {}

    def send(self, change: ObjectsChange) -> None:
        """Tell the server what to add and to drop; without a session there is nothing to do: it starts with all."""
        if self._open:
            self._orders.put_nowait(change)

    async def _attempt(self) -> str:
        worker = None
        try:
            async with self._make_client() as client:
                listener = Listener()
                await self._begin(client, listener)
                worker = spawn(f"statistics-{self._feed.name}-subscriber", self._subscribe_all(client), finite=True)
                await self._listen(client, listener, worker)
        except BayeuxError as failure:
            return str(failure)
        except TimeoutError:
            return f"no answer within {self._settings.silence_seconds:g} s"
        except (*REQUEST_FAILURES, ValueError, RecursionError) as failure:
            return f"{type(failure).__name__}: {failure}"[:300]
        finally:
            self._open = False
            await cancel(worker)
        return "closed"

    async def _begin(self, client: HttpClient, listener: Listener) -> None:
        listener.read_handshake(await self._call(client, "POST", "notifications", listener.handshake()))
        channels = listener.subscribe((UPDATES, SERVICE))
        events = listener.read_subscribe(await self._call(client, "POST", "notifications", channels))
        self._feed.opened(boot_seconds())
        self._agents.clear()
        self._subscriptions.clear()
        self._orders = asyncio.Queue()
        self._orders.put_nowait((self._registry.references(), ()))
        self._open = True
        self._trouble, self._back_again, self._pushed = "", False, None
        self._alive(available=True)
        self._take(events)

    async def _listen(self, client: HttpClient, listener: Listener, worker: asyncio.Task[None]) -> None:
        """Poll until the session ends; a subscriber that fails ends it too."""
        while not worker.done():
            document = await self._call(client, "POST", "notifications", listener.connect(self._settings.poll_seconds))
            connected = listener.read_connect(document)
            self._alive(available=None)
            self._take(connected.events)
            if self._back_again:
                raise BayeuxError("the service was unavailable and is back: everything is subscribed anew")
            await asyncio.sleep(connected.pause_seconds)
        raise BayeuxError(self._trouble or "subscribing failed")

    async def _subscribe_all(self, client: HttpClient) -> None:
        """Carry out orders, one after the other."""
        size = self._settings.batch_size
        while True:
            added, removed = await self._orders.get()
            try:
                await self._unsubscribe(client, removed)
                for start in range(0, len(added), size):
                    await self._subscribe(client, added[start : start + size])
            except (*REQUEST_FAILURES, ValueError, RecursionError) as failure:
                self._trouble = f"subscribing failed: {type(failure).__name__}: {failure}"[:300]
                return

    async def _subscribe(self, client: HttpClient, added: Sequence[int]) -> None:
        requests = []
        for reference in added:
            subject = self._registry.subject(reference)
            if subject is None:
                continue  # dropped again while the order waited
            request = self._definitions.request(reference, subject)
            if request is None:
                self._feed.take_values(0.0, [missing(reference)], boot_seconds())
            else:
                self._agents[reference] = subject.agent
                requests.append(request)
        if not requests:
            return
        operation = f"pacing-{added[0]}"
        body = {"operationId": operation, "data": {"statistics": requests}}
        data = _data(await self._call(client, "POST", "subscriptions", body))
        identity = data.get("subscriptionId")
        if not isinstance(identity, str) or not identity.replace("-", "").replace("_", "").isalnum():
            raise ValueError("a subscription without a usable subscriptionId")
        self._subscriptions[identity] = {reference for reference in added if reference in self._agents}
        self._take([BayeuxEvent(UPDATES, data)])
        self._pushed = set()
        peek = _data(await self._call(client, "GET", f"subscriptions/{identity}/statistic-values"))
        newer, self._pushed = self._pushed, None
        values = [each for each in read_statistics(peek, self._agents) if each.reference not in newer]
        self._feed.take_values(0.0, values, boot_seconds())

    async def _unsubscribe(self, client: HttpClient, removed: Sequence[int]) -> None:
        gone = set(removed)
        for reference in gone:
            self._agents.pop(reference, None)
        for identity, references in list(self._subscriptions.items()):
            references.difference_update(gone)
            if not references:
                del self._subscriptions[identity]
                try:
                    await self._call(client, "DELETE", f"subscriptions/{identity}")
                except _RefusedError as failure:
                    # What arrives of it is not read any more; the session of all others is worth more.
                    log.info("statistics.not_unsubscribed", server=self._feed.name, error=str(failure))

    def _alive(self, *, available: bool | None) -> None:
        """A sign of life; its own clock is not known, so only this node's counts."""
        before = (self._feed.connected, self._feed.available)
        state = wire.ServerState(available=self._feed.available if available is None else available)
        self._feed.take_state(state, boot_seconds())
        if (self._feed.connected, self._feed.available) != before:
            log.info("statistics.server_state", server=self._feed.name, available=self._feed.available)
            self._on_change()

    def _take(self, events: Sequence[BayeuxEvent]) -> None:
        for event in events:
            if event.channel == UPDATES:
                values = read_statistics(event.data, self._agents)
                self._feed.take_values(0.0, values, boot_seconds())
                if self._pushed is not None:
                    self._pushed.update(each.reference for each in values)
            elif event.channel == SERVICE:
                available = read_service_state(event.data)
                if available is not None:
                    self._back_again = self._back_again or (available and not self._feed.available)
                    self._alive(available=available)

    async def _call(self, client: HttpClient, method: str, path: str, body: object = None) -> object:
        """One request; the JSON of its answer. Raises what ``HttpClient.request`` raises."""
        url = f"{self._feed.address.rstrip('/')}/{path}"
        async with asyncio.timeout(self._settings.silence_seconds):
            proof = await self._proof()
            try:
                answer = await client.request(method, url, json=body, headers=proof)
            except UnreadableAnswerError as error:
                raise ValueError(f"{method} {path}: {error}") from None
        if answer.status == 401 and self._authority is not None:
            self._authority.reject(proof)
        if answer.status >= 300:
            raise _RefusedError(f"{method} {path}: HTTP {answer.status}")
        return load_json(answer.body) if answer.body.strip() else None

    async def _proof(self) -> dict[str, str]:
        """Headers of the authority, if there is one. Raises ``ValueError`` with its reason when it has none."""
        if self._authority is None:
            return {}
        try:
            return await self._authority.headers(b"")
        except Exception as failure:
            raise ValueError(f"no credentials: {failure}") from None


def _data(document: object) -> dict[str, object]:
    """The data of a REST answer whose status is good. Raises ``ValueError``."""
    if not isinstance(document, dict):
        raise ValueError("the reply is no object")
    status = document.get("status")
    code = status.get("code") if isinstance(status, dict) else None
    if code is not None and code != 0:
        message = status.get("message") if isinstance(status, dict) else ""
        raise ValueError(f"status {code}: {message}"[:300])
    data = document.get("data")
    return data if isinstance(data, dict) else {}
