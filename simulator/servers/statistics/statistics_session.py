"""One session of the statistics feed: what a client subscribed to, and what it has been sent."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from contact_center.v1 import statistics_pb2 as pb
from simulator.servers.statistics.statistics_values import Invalid, Value, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from simulator.model import Agent, Target
    from simulator.servers.statistics.statistics_values import QueueStatistic

SIGN_OF_LIFE_SECONDS = 0.4
DEFAULT_INTERVAL_SECONDS = 0.25
SHORTEST_INTERVAL_SECONDS = 0.05
VALUES_AT_ONCE = 1_000
"""Values of one message; between two messages other work of the process gets its turn."""
BATCHES_AT_ONCE = 10
"""Messages of first values before updates and signs of life get their turn."""


class SessionServer(Protocol):
    """What a session asks of the server it belongs to."""

    @property
    def silent(self) -> bool:
        """Whether it sends nothing although it is up."""
        ...

    def clock(self) -> float:
        """The server's own clock, Unix time in seconds."""
        ...

    def advance(self) -> None:
        """Bring the model up to now."""
        ...

    def find(self, subscription: pb.Subscription) -> tuple[Agent | Target, QueueStatistic | None] | Invalid:
        """What a subscription stands for, or why it stands for nothing."""
        ...

    def read(self, subject: Agent | Target, statistic: QueueStatistic | None) -> Value:
        """The value of a statistic now."""
        ...

    def state(self, session: StatisticsSession, clock: float) -> pb.ServerState:
        """The state to send to a session, remembered as sent."""
        ...

    def state_changed(self, session: StatisticsSession) -> bool:
        """Whether mode or availability differ from what the session was sent."""
        ...


class StatisticsSession:
    """Subscriptions by reference, and the references of each object. The model marks objects as changed."""

    def __init__(self, server: SessionServer) -> None:
        self._server = server
        self._subscribed: dict[int, tuple[Agent | Target, QueueStatistic | None] | Invalid] = {}
        self._references: dict[Agent | Target, list[int]] = {}
        self._sent: dict[int, Value] = {}
        self._fresh: deque[int] = deque()
        self._interval = DEFAULT_INTERVAL_SECONDS
        self.changed: set[Agent | Target] = set()
        self.wake = asyncio.Event()
        """Set when something is to be sent before the interval is over: a subscription, another mode."""

    def request(self, request: pb.SubscribeRequest) -> None:
        """Take the subscriptions of a request."""
        if request.interval_milliseconds:
            self._interval = max(SHORTEST_INTERVAL_SECONDS, request.interval_milliseconds / 1000.0)
        for reference in request.remove:
            self._remove(reference)

    async def subscribe(self, request: pb.SubscribeRequest) -> None:
        """Take a request, in pieces when it is long."""
        self.request(request)
        subscriptions = iter(request.add)
        while batch := list(islice(subscriptions, VALUES_AT_ONCE)):
            for subscription in batch:
                self._add(subscription)
            self.wake.set()
            await asyncio.sleep(0)

    def doubt_everything(self) -> None:
        """Look at every value again with the next update."""
        self.changed.update(self._references)
        self.wake.set()

    async def messages(self) -> AsyncIterator[pb.SubscribeResponse]:
        """What the client is sent, without end: its state first, then values and signs of life."""
        current = self._server.clock()
        yield self._state(current)
        next_update = time.monotonic()
        next_state = next_update + SIGN_OF_LIFE_SECONDS
        while True:
            self.wake.clear()
            if not self._server.silent:
                self._server.advance()
                for values in islice(self._first_values(), BATCHES_AT_ONCE):
                    yield values
                    await asyncio.sleep(0)
                now = time.monotonic()
                if not self.changed:
                    current = self._server.clock()
                elif now >= next_update:
                    current = self._server.clock()
                    next_update = now + self._interval
                    for values in self._updates(current):
                        yield values
                        await asyncio.sleep(0)
                if now >= next_state or self._server.state_changed(self):
                    next_state = now + SIGN_OF_LIFE_SECONDS
                    yield self._state(current)
            now = time.monotonic()
            await self._pause(min(next_state, next_update if next_update > now else now + self._interval))

    async def _pause(self, until: float) -> None:
        if self._fresh and not self._server.silent:
            return
        try:
            async with asyncio.timeout(max(SHORTEST_INTERVAL_SECONDS, until - time.monotonic())):
                await self.wake.wait()
        except TimeoutError:
            return

    def _add(self, subscription: pb.Subscription) -> None:
        reference = subscription.reference
        self._remove(reference)
        found = self._server.find(subscription)
        self._subscribed[reference] = found
        if not isinstance(found, Invalid):
            self._references.setdefault(found[0], []).append(reference)
        self._fresh.append(reference)

    def _remove(self, reference: int) -> None:
        found = self._subscribed.pop(reference, None)
        self._sent.pop(reference, None)
        if found is not None and not isinstance(found, Invalid):
            references = self._references[found[0]]
            references.remove(reference)
            if not references:
                del self._references[found[0]]

    def _first_values(self) -> Iterator[pb.SubscribeResponse]:
        while self._fresh:
            batch = [self._fresh.popleft() for _ in range(min(len(self._fresh), VALUES_AT_ONCE))]
            news = {reference: self._value(reference) for reference in batch if reference in self._subscribed}
            self._sent.update(news)
            yield self._values(news, self._server.clock(), snapshot=True)

    def _updates(self, clock: float) -> Iterator[pb.SubscribeResponse]:
        """What changed since the client was last sent it, read in one instant."""
        changed, self.changed = self.changed, set()
        news: dict[int, Value] = {}
        for subject in changed:
            for reference in self._references.get(subject, ()):
                value = self._value(reference)
                if reference in self._sent and value != self._sent[reference]:
                    news[reference] = value
        self._sent.update(news)
        pairs = iter(news.items())
        while batch := dict(islice(pairs, VALUES_AT_ONCE)):
            yield self._values(batch, clock, snapshot=False)

    def _value(self, reference: int) -> Value:
        found = self._subscribed[reference]
        return found if isinstance(found, Invalid) else self._server.read(*found)

    @staticmethod
    def _values(news: dict[int, Value], clock: float, *, snapshot: bool) -> pb.SubscribeResponse:
        values = pb.StatisticValues(server_time=clock, snapshot=snapshot, values=encode(news.items()))
        return pb.SubscribeResponse(values=values)

    def _state(self, clock: float) -> pb.SubscribeResponse:
        return pb.SubscribeResponse(server_state=self._server.state(self, clock))
