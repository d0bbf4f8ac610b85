"""Clients of the simulator's gRPC feeds."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc

from contact_center.v1 import statistics_pb2 as pb
from contact_center.v1 import statistics_pb2_grpc as pb_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PROACTIVE = "PACS_Proactive_Interaction"
PATIENCE_SECONDS = 10.0


def agent(reference: int, user_name: str) -> pb.Subscription:
    return pb.Subscription(
        reference=reference, object_type=pb.OBJECT_TYPE_AGENT, object_id=user_name, statistic="AgentState"
    )


def queue(reference: int, object_id: str, statistic: str, only: str = PROACTIVE) -> pb.Subscription:
    return pb.Subscription(
        reference=reference, object_type=pb.OBJECT_TYPE_QUEUE, object_id=object_id, statistic=statistic, filter=only
    )


class Feed:
    """One session: keeps the newest value of each reference, and every message in order."""

    def __init__(self, call: Any) -> None:
        self._call = call
        self.values: dict[int, pb.StatisticValue] = {}
        self.states: list[pb.ServerState] = []
        self.messages: list[pb.SubscribeResponse] = []

    async def send(self, *add: pb.Subscription, remove: tuple[int, ...] = (), interval_milliseconds: int = 50) -> None:
        request = pb.SubscribeRequest(add=add, remove=remove, interval_milliseconds=interval_milliseconds)
        await self._call.write(request)

    async def read(self) -> pb.SubscribeResponse:
        message = await self._call.read()
        assert message is not grpc.aio.EOF
        self.messages.append(message)
        if message.HasField("server_state"):
            self.states.append(message.server_state)
        for value in message.values.values:
            self.values[value.reference] = value
        return message

    async def read_until(self, condition: Callable[[], bool]) -> None:
        """Read until the condition holds."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                await self.read()

    async def for_seconds(self, seconds: float) -> list[pb.SubscribeResponse]:
        """Read for a while; what came. The session is at its end then."""
        before = len(self.messages)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.read()
        except TimeoutError:
            return self.messages[before:]

    @property
    def mode(self) -> int | None:
        return self.states[-1].mode if self.states else None

    def number(self, reference: int) -> float | None:
        value = self.values.get(reference)
        return value.number if value is not None and value.HasField("number") else None


@asynccontextmanager
async def session(address: str) -> AsyncIterator[Feed]:
    """A session with the statistics server at ``address``."""
    async with grpc.aio.insecure_channel(address) as channel:
        call = pb_grpc.StatisticsServiceStub(channel).Subscribe(wait_for_ready=True, timeout=60)
        yield Feed(call)
        call.cancel()
