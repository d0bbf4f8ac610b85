"""One server of the statistics pair: a gRPC server whose totals count from its own start."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING

from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as pb
from contact_center.v1 import statistics_pb2_grpc as pb_grpc
from simulator.model import Agent, Target
from simulator.servers.faults.fault_board import ClockSkew, StatisticsInvalid, StatisticsSilent, StatisticsUnavailable
from simulator.servers.grpc_server import started
from simulator.servers.statistics.statistics_session import StatisticsSession
from simulator.servers.statistics.statistics_values import NO_DATA, Catalogue, Invalid, QueueStatistic, Value, totals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc

    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.live_centre import LiveCentre


class StatisticsServer(pb_grpc.StatisticsServiceServicer):
    """Serves sessions while it is up. Its place in the pair (primary or backup) is fixed, its mode is not."""

    def __init__(self, place: str, live: LiveCentre, board: FaultBoard, host: str, *, head_start: int = 0) -> None:
        self.place = place
        self.name = f"statistics-{place}"
        self.mode = pb.SERVER_MODE_BACKUP if place == "backup" else pb.SERVER_MODE_PRIMARY
        self.port = 0
        self.jump = head_start
        """Added to every total: what this server counted before the model began, and jumps."""
        self.doubts = 0
        """Grows whenever values may differ without anything having happened in the centre."""
        self._live = live
        self._board = board
        self._host = host
        self._catalogue = Catalogue(live.centre)
        self._sessions: dict[StatisticsSession, tuple[int, bool] | None] = {}
        self._server: grpc.aio.Server | None = None
        self._base: dict[Target, tuple[int, ...]] = {}
        live.centre.observe(self)

    @property
    def up(self) -> bool:
        """Whether it serves."""
        return self._server is not None

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one). Raises OSError when it is taken."""
        add = partial(pb_grpc.add_StatisticsServiceServicer_to_server, self)
        self._server, self.port = await started("statistics", add, self._host, port)

    async def stop(self) -> None:
        """Break every session and close the port."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(0)

    def restart_counts(self) -> None:
        """Count totals from this moment, as a server does that has just started."""
        self.jump = 0
        self._base = {target: totals(target) for target in self._live.centre.targets}

    def set_mode(self, mode: pb.ServerMode.ValueType) -> None:
        """Take another mode and tell every session at once."""
        self.mode = mode
        self.wake()

    def wake(self) -> None:
        """Look at every value and at the state again."""
        self.doubts += 1
        for session in self._sessions:
            session.doubt_everything()

    # What a session asks.

    @property
    def silent(self) -> bool:
        """Whether it keeps quiet for the moment."""
        return any(fault.server in {self.place, "both"} for fault in self._board.active(StatisticsSilent))

    @property
    def available(self) -> bool:
        """Whether it has its sources."""
        return not any(fault.server in {self.place, "both"} for fault in self._board.active(StatisticsUnavailable))

    def advance(self) -> None:
        """Bring the model up to date."""
        self._live.advance()

    def clock(self) -> float:
        """The server's clock, Unix time in seconds."""
        return time.time() + sum(fault.skew_seconds for fault in self._board.active(ClockSkew))

    def find(self, subscription: pb.Subscription) -> tuple[Agent | Target, QueueStatistic | None] | Invalid:
        """What a subscription asks for."""
        return self._catalogue.find(subscription)

    def read(self, subject: Agent | Target, statistic: QueueStatistic | None) -> Value:
        """The value of a statistic now."""
        object_id = subject.user_name if isinstance(subject, Agent) else subject.spec.object_id
        for fault in self._board.active(StatisticsInvalid):
            if fault.server in {self.place, "both"} and (not fault.objects or object_id in fault.objects):
                return Invalid("source lost")
        if isinstance(subject, Agent):
            return subject.reading
        number = statistic.read(subject) if statistic is not None else None
        if number is None or statistic is None:
            return NO_DATA
        if statistic.total is None:
            return number
        base = self._base.get(subject)
        return number + self.jump - (base[statistic.total] if base is not None else 0)

    def state(self, session: StatisticsSession, clock: float) -> pb.ServerState:
        """The state to send to a session, remembered as sent."""
        mode, available = self._sessions[session] = self._mode_now()
        return pb.ServerState(
            server=self.name, mode=pb.ServerMode.ValueType(mode), server_time=clock, available=available
        )

    def state_changed(self, session: StatisticsSession) -> bool:
        """Whether mode or availability differ from what the session was sent."""
        return self._sessions.get(session) != self._mode_now()

    # What the model reports.

    def agent_changed(self, agent: Agent) -> None:
        """Mark the agent for every session."""
        for session in self._sessions:
            session.changed.add(agent)

    def target_changed(self, target: Target) -> None:
        """Mark the queue for every session."""
        for session in self._sessions:
            session.changed.add(target)

    # What a client calls.

    async def Subscribe(  # noqa: N802 - the name is the contract's
        self,
        request_iterator: AsyncIterator[pb.SubscribeRequest],
        context: grpc.aio.ServicerContext[pb.SubscribeRequest, pb.SubscribeResponse],  # noqa: ARG002 - given by gRPC
    ) -> AsyncIterator[pb.SubscribeResponse]:
        """One session; it ends when the client goes or the server stops."""
        session = StatisticsSession(self)
        self._sessions[session] = None

        async def read() -> None:
            async for request in request_iterator:
                await session.subscribe(request)

        reader = spawn(f"{self.name}.reader", read(), finite=True)
        try:
            async for message in session.messages():
                yield message
        finally:
            del self._sessions[session]
            await asyncio.shield(cancel(reader))

    def _mode_now(self) -> tuple[int, bool]:
        return int(self.mode), self.available
