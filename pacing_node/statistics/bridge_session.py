"""One gRPC session with one server of the pair: connect, subscribe, listen, and again when it breaks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import grpc
import numpy as np
import structlog

from cluster.clock import boot_seconds
from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as wire
from contact_center.v1 import statistics_pb2_grpc as rpc
from pacing_node.runtime.server_channels import open_channel
from pacing_node.statistics.reconnecting_session import ReconnectingSession
from pacing_node.statistics.silence_watch import SilenceWatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from pacing_node.statistics.feed import Feed
    from pacing_node.statistics.registry import ObjectsChange, Registry
    from pacing_node.statistics.subscription_requests import SubscriptionRequests

_References: TypeAlias = "Sequence[int] | NDArray[np.uint32]"
_Order: TypeAlias = "tuple[_References, Sequence[int]]"
"""References to add and to remove."""

log = structlog.get_logger(__name__)

_SLICE = 2000  # values taken over before other tasks get their turn: some milliseconds of work


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How sessions with the statistics servers behave. Times in seconds."""

    silence_seconds: float = 3.0
    """A server that says nothing for longer is taken for dead; it has to speak once a second."""
    connect_seconds: float = 5.0
    """Longest wait for a connection and the first message."""
    first_delay_seconds: float = 0.1
    """Wait before the first reconnection; doubles with every failure, with jitter."""
    longest_delay_seconds: float = 2.0
    """Cap of that wait: a server that returns is found within it."""
    answer_seconds: float = 15.0
    """A statistic without a value after this long counts as missing and is not waited for any more."""
    interval_milliseconds: int = 500
    """Shortest time between two updates the server is asked for."""
    batch_size: int = 1000
    """Subscriptions in one request."""
    max_message_bytes: int = 8 * 1024 * 1024
    """Longest message that is read: five times the values of 20,000 agents; a node holds about five copies at worst."""


class BridgeSession(ReconnectingSession):
    """A session over this project's own feed."""

    def __init__(
        self,
        feed: Feed,
        *,
        registry: Registry,
        settings: SessionSettings,
        requests: SubscriptionRequests,
        credentials: Callable[[], grpc.ChannelCredentials | None],
        on_change: Callable[[], object],
    ) -> None:
        """``requests`` are those of all sessions of the pair."""
        super().__init__(
            feed,
            first_delay_seconds=settings.first_delay_seconds,
            longest_delay_seconds=settings.longest_delay_seconds,
            on_change=on_change,
        )
        self._registry = registry
        self._settings = settings
        self._made = requests
        self._credentials = credentials
        self._outbox: asyncio.Queue[_Order] = asyncio.Queue()
        self._open = False

    def send(self, change: ObjectsChange) -> None:
        """Tell the server what to add and to drop; without a session there is nothing to do: it starts with all."""
        if self._open:
            self._outbox.put_nowait(change)

    async def _attempt(self) -> str:
        try:
            async with self._channel() as channel:
                await self._converse(channel)
        except grpc.aio.AioRpcError as failure:
            return f"{failure.code().name}: {failure.details()}"[:300]
        except TimeoutError:
            return f"silent for more than {self._settings.silence_seconds} s"
        except (OSError, ValueError, RuntimeError) as failure:  # unreadable certificates, an impossible address
            return f"{type(failure).__name__}: {failure}"[:300]
        finally:
            self._open = False
        return "closed by the server"

    async def _converse(self, channel: grpc.aio.Channel) -> None:
        call = rpc.StatisticsServiceStub(channel).Subscribe(None)
        self._feed.opened(boot_seconds())
        self._outbox = asyncio.Queue()
        self._open = True
        self._outbox.put_nowait((self._registry.reference_column(), ()))
        writer = spawn(f"statistics-{self._feed.name}-writer", self._write(call, self._outbox), finite=True)
        loop = asyncio.get_running_loop()
        limit = asyncio.timeout(None)
        watch = SilenceWatch(self._settings.connect_seconds, lambda: limit.reschedule(loop.time()))
        try:
            async with limit:
                while isinstance(message := await call.read(), wire.SubscribeResponse):
                    watch.heard(self._settings.silence_seconds)
                    await self._take(message)
                    if writer.done() and not writer.cancelled() and writer.exception() is not None:
                        # Without it nothing is subscribed any more, however well the server speaks.
                        raise RuntimeError(f"subscribing failed: {type(writer.exception()).__name__}")
        finally:
            watch.stop()
            call.cancel()
            await cancel(writer)

    async def _write(
        self,
        call: grpc.aio.StreamStreamCall[wire.SubscribeRequest, wire.SubscribeResponse],
        outbox: asyncio.Queue[_Order],
    ) -> None:
        while True:
            order = await outbox.get()
            try:
                for request in self._requests(*order):
                    await call.write(request)
            except (grpc.aio.AioRpcError, grpc.aio.UsageError, asyncio.InvalidStateError):
                return  # the reader sees the end of the call and says why

    async def _take(self, message: wire.SubscribeResponse) -> None:
        now = boot_seconds()
        kind = message.WhichOneof("message")
        if kind == "server_state":
            before = (self._feed.connected, self._feed.available, self._feed.mode)
            self._feed.take_state(message.server_state, now)
            after = (self._feed.connected, self._feed.available, self._feed.mode)
            if after != before:
                log.info("statistics.server_state", server=self._feed.name, mode=after[2], available=after[1])
                self._on_change()
        elif kind == "values":
            values = message.values.values
            for start in range(0, len(values), _SLICE):
                self._feed.take_values(message.values.server_time, values[start : start + _SLICE], now)
                if start + _SLICE < len(values):
                    await asyncio.sleep(0)

    def _requests(self, added: _References, removed: Sequence[int]) -> Iterator[wire.SubscribeRequest]:
        size = self._settings.batch_size
        for start in range(0, max(len(added), len(removed)), size):
            numbers = _numbers(added[start : start + size])
            yield self._made.request(self._registry, numbers, removed[start : start + size])

    def _channel(self) -> grpc.aio.Channel:
        limit = (("grpc.max_receive_message_length", self._settings.max_message_bytes),)
        return open_channel(self._feed.address, self._credentials(), limit)


def _numbers(references: _References) -> Sequence[int]:
    return references.tolist() if isinstance(references, np.ndarray) else references
