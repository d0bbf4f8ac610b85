"""The statistics feed of a lean centre: first values once, then what changed, at the interval the client asks for."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as pb
from contact_center.v1 import statistics_pb2_grpc as pb_grpc
from simulator.servers.grpc_server import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    import grpc

    from simulator.servers.lean.lean_centre import LeanAgent, LeanCentre, LeanQueue

VALUES_AT_ONCE = 1_000
"""Values of one message."""
_PROACTIVE = "PACS_Proactive_Interaction"
_FIELDS = {
    "PACS_VQ_Current": "waiting",
    "PACS_VQ_Accepted": "accepted",
    "PACS_VQ_Abandoned": "abandoned",
    "PACS_VQ_Entered": "entered",
}
"""Numbers of a queue by their statistic. All interactions are proactive, so a filter changes nothing."""


class LeanStatistics(pb_grpc.StatisticsServiceServicer):
    """One server; every session is told all the same changes."""

    def __init__(self, centre: LeanCentre, place: str, host: str) -> None:
        self._centre = centre
        self._host = host
        self._name = f"statistics-{place}"
        self._mode = pb.SERVER_MODE_BACKUP if place == "backup" else pb.SERVER_MODE_PRIMARY
        self._sessions: set[_Session] = set()
        self._server: grpc.aio.Server | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one). Raises OSError when it is taken."""
        add = partial(pb_grpc.add_StatisticsServiceServicer_to_server, self)
        self._server, self.port = await started("statistics", add, self._host, port)

    async def stop(self) -> None:
        """Break every session and close the port."""
        if self._server is not None:
            await self._server.stop(0)

    def changed(self, agent: LeanAgent, counted: Sequence[str]) -> None:
        """Tell every session of an agent, and of what its queue counted."""
        for session in self._sessions:
            session.agents_changed[agent.user_name] = agent
            if counted:
                session.queues_changed.setdefault(agent.queue.object_id, set()).update(counted)

    async def Subscribe(  # noqa: N802 - the name is the contract's
        self,
        request_iterator: AsyncIterator[pb.SubscribeRequest],
        context: grpc.aio.ServicerContext[pb.SubscribeRequest, pb.SubscribeResponse],  # noqa: ARG002 - given by gRPC
    ) -> AsyncIterator[pb.SubscribeResponse]:
        """One session; it ends when the client goes or the server stops."""
        session = _Session(self._centre)
        self._sessions.add(session)
        reader = spawn(f"{self._name}.reader", session.read(request_iterator), finite=True)
        try:
            while True:
                yield self._state()
                for message in session.messages():
                    yield message
                    await asyncio.sleep(0)
                await session.pause()
        finally:
            self._sessions.discard(session)
            await asyncio.shield(cancel(reader))

    def _state(self) -> pb.SubscribeResponse:
        state = pb.ServerState(server=self._name, mode=self._mode, server_time=time.time(), available=True)
        return pb.SubscribeResponse(server_state=state)


class _Session:
    """What one client subscribed to, and what it has not been sent yet."""

    def __init__(self, centre: LeanCentre) -> None:
        self._centre = centre
        self._agents: dict[str, int] = {}
        self._queues: dict[str, list[tuple[int, str]]] = {}
        self._fresh: list[pb.StatisticValue] = []
        self._interval = 0.5
        self._wake = asyncio.Event()
        self.agents_changed: dict[str, LeanAgent] = {}
        self.queues_changed: dict[str, set[str]] = {}

    async def read(self, requests: AsyncIterator[pb.SubscribeRequest]) -> None:
        """Take subscriptions as they come; what is removed is no longer sent."""
        async for request in requests:
            if request.interval_milliseconds:
                self._interval = request.interval_milliseconds / 1000.0
            self._drop(set(request.remove))
            for subscription in request.add:
                self._fresh.append(self._add(subscription))
            self._wake.set()
            await asyncio.sleep(0)

    async def pause(self) -> None:
        """Wait for the interval, or until there are new subscriptions."""
        self._wake.clear()
        if self._fresh:
            return
        try:
            async with asyncio.timeout(self._interval):
                await self._wake.wait()
        except TimeoutError:
            return

    def messages(self) -> Iterator[pb.SubscribeResponse]:
        """First values, then what changed since the last call."""
        fresh, self._fresh = self._fresh, []
        agents, self.agents_changed = self.agents_changed, {}
        queues, self.queues_changed = self.queues_changed, {}
        news = [_agent(self._agents[name], each) for name, each in agents.items() if name in self._agents]
        for name, fields in queues.items():
            queue, subscribed = self._centre.queues[name], self._queues.get(name, ())
            news.extend(_number(reference, queue, field) for reference, field in subscribed if field in fields)
        for snapshot, values in ((True, fresh), (False, news)):
            for start in range(0, len(values), VALUES_AT_ONCE):
                batch = values[start : start + VALUES_AT_ONCE]
                message = pb.StatisticValues(server_time=time.time(), snapshot=snapshot, values=batch)
                yield pb.SubscribeResponse(values=message)

    def _add(self, subscription: pb.Subscription) -> pb.StatisticValue:
        reference, name = subscription.reference, subscription.object_id
        if subscription.object_type == pb.OBJECT_TYPE_AGENT and name in self._centre.agents:
            self._agents[name] = reference
            return _agent(reference, self._centre.agents[name])
        queue, field = self._centre.queues.get(name), _FIELDS.get(subscription.statistic)
        if queue is None or field is None or subscription.filter not in {"", _PROACTIVE}:
            return pb.StatisticValue(reference=reference, invalid=pb.InvalidStatistic(reason="not known here"))
        self._queues.setdefault(name, []).append((reference, field))
        return _number(reference, queue, field)

    def _drop(self, references: set[int]) -> None:
        if not references:
            return
        self._agents = {name: each for name, each in self._agents.items() if each not in references}
        for name, kept in self._queues.items():
            self._queues[name] = [each for each in kept if each[0] not in references]


def _number(reference: int, queue: LeanQueue, field: str) -> pb.StatisticValue:
    return pb.StatisticValue(reference=reference, number=float(getattr(queue, field)))


def _agent(reference: int, agent: LeanAgent) -> pb.StatisticValue:
    status = pb.AGENT_STATUS_BUSY if agent.busy else pb.AGENT_STATUS_READY
    media = [pb.MediaCapacity(media=agent.media, maximum=1, in_use=int(agent.busy), routable=not agent.busy)]
    return pb.StatisticValue(reference=reference, agent_state=pb.AgentState(status=status, media=media))
