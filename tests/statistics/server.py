"""A small statistics server: the contract of the feed over a real gRPC socket, and the ways it can go wrong."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import grpc

from contact_center.v1 import statistics_pb2 as wire
from contact_center.v1 import statistics_pb2_grpc as rpc
from pacing_node.targets import GroupCapacity, PacingTarget, TargetSet
from tests.support.waiting import until

PROACTIVE = "PACS_Proactive_Interaction"


def number(value):
    return wire.StatisticValue(number=value)


def agent(status=wire.AGENT_STATUS_READY, **media):
    """``agent(chat=(maximum, in_use, routable))``."""
    entries = [
        wire.MediaCapacity(media=name, maximum=each[0], in_use=each[1], routable=each[2] if len(each) > 2 else True)
        for name, each in media.items()
    ]
    return wire.StatisticValue(agent_state=wire.AgentState(status=status, media=entries))


def invalid(reason="no such object"):
    return wire.StatisticValue(invalid=wire.InvalidStatistic(reason=reason))


class Server(rpc.StatisticsServiceServicer):
    """Answers subscriptions from ``values``; a value that is not there is 0, or an agent logged out."""

    def __init__(self, mode=wire.SERVER_MODE_PRIMARY, *, clock_offset=0.0, state_seconds=0.2):
        self.mode = mode
        self.available = True
        self.silent = False
        self.clock_offset = clock_offset
        self.frozen_clock = None
        self.state_seconds = state_seconds
        self.values = {}
        self.mute = set()
        self.sessions = []
        self.adds = 0
        self.removes = 0
        self.marks = 0
        self.port = 0
        self.credentials = None
        self._grpc = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def now(self):
        return self.frozen_clock if self.frozen_clock is not None else time.time() + self.clock_offset

    async def start(self, port=0):
        self._grpc = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.http2.min_ping_interval_without_data_ms", 100),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        rpc.add_StatisticsServiceServicer_to_server(self, self._grpc)
        where = f"127.0.0.1:{port}"
        if self.credentials is None:
            self.port = self._grpc.add_insecure_port(where)
        else:
            self.port = self._grpc.add_secure_port(where, self.credentials)
        await self._grpc.start()

    async def stop(self):
        await self._grpc.stop(None)

    async def Subscribe(self, request_iterator, context):
        session = BridgeSession(self)
        self.sessions.append(session)
        ticker = asyncio.create_task(session.tick())
        reader = asyncio.create_task(session.read(request_iterator))
        try:
            while True:
                message = await session.outbox.get()
                if not self.silent:
                    await context.write(message)
        finally:
            ticker.cancel()
            reader.cancel()
            self.sessions.remove(session)

    def state(self):
        return wire.SubscribeResponse(
            server_state=wire.ServerState(
                server="test", mode=self.mode, server_time=self.now(), available=self.available
            )
        )

    def announce(self):
        """Send the state at once, as after a change of mode."""
        for session in self.sessions:
            session.outbox.put_nowait(self.state())

    def set(self, object_id, statistic, value, only=""):
        """Change a value and send it to whoever subscribed to it."""
        self.values[object_id, statistic, only] = value
        for session in self.sessions:
            session.send([each for each, key in session.known.items() if key == (object_id, statistic, only)])

    def totals(self, object_id, **values):
        """Set proactive numbers of a queue: ``totals("Q@s", Accepted=5)``."""
        for name, value in values.items():
            self.set(object_id, f"PACS_VQ_{name}", number(value), PROACTIVE)

    def send(self, message):
        for session in self.sessions:
            session.outbox.put_nowait(message)


class BridgeSession:
    def __init__(self, server):
        self.server = server
        self.outbox = asyncio.Queue()
        self.known = {}
        self.outbox.put_nowait(server.state())

    async def tick(self):
        while True:
            await asyncio.sleep(self.server.state_seconds)
            self.outbox.put_nowait(self.server.state())

    async def read(self, requests):
        async for request in requests:
            for reference in request.remove:
                self.known.pop(reference, None)
                self.server.removes += 1
            for each in request.add:
                self.known[each.reference] = (each.object_id, each.statistic, each.filter)
            self.server.adds += len(request.add)
            if request.add:
                self.send([each.reference for each in request.add], snapshot=True)

    def send(self, references, *, snapshot=False):
        values = []
        for reference in references:
            if self.known[reference][0] in self.server.mute:
                continue
            value = wire.StatisticValue(reference=reference)
            value.MergeFrom(self.server.values.get(self.known[reference]) or self.default(reference))
            values.append(value)
        if values:
            message = wire.StatisticValues(server_time=self.server.now(), snapshot=snapshot, values=values)
            self.outbox.put_nowait(wire.SubscribeResponse(values=message))

    def default(self, reference):
        return agent(wire.AGENT_STATUS_LOGGED_OUT) if self.known[reference][1] == "AgentState" else number(0)


@asynccontextmanager
async def serving(*servers):
    for server in servers:
        await server.start()
    try:
        yield servers
    finally:
        for server in servers:
            await server.stop()


async def counted(source, flow, wanted):
    """Read snapshots until the increments of a flow of the first target add up to ``wanted``; they are never more."""
    total = 0.0

    def arrived():
        nonlocal total
        total += getattr(source.snapshot(10.0), flow)[0]
        assert total <= wanted, f"{flow}: {total} came, {wanted} were to come"
        return total == wanted

    await until(arrived, f"{flow} adds up to {wanted}", state=lambda: f"; it is {total}")


async def nothing_counted(source, server, flow, queue="Sales@sw"):
    """Read snapshots until all that the active server has sent is in them; none of it counts in the flow."""
    server.marks += 1
    server.totals(queue, Current=server.marks)

    def all_read():
        snapshot = source.snapshot(10.0)
        assert getattr(snapshot, flow)[0] == 0
        return snapshot.waiting[0] == server.marks

    await until(all_read, "all that was sent is read")


def target(name="Sales", media="chat", agents=("ann", "bob"), groups=("G",), **changes):
    fields = {
        "name": f"{name} - {media}",
        "queue": name,
        "number": name,
        "switch": "sw",
        "media": media,
        "goal_percent": 3.0,
        "groups": groups,
        "agents": tuple(agents),
    }
    return PacingTarget(**(fields | changes))


def target_set(*targets, version="1", groups=()):
    rows = tuple(sorted(targets, key=lambda each: each.name))
    return TargetSet(version=version, targets=rows, groups=tuple(GroupCapacity(*each) for each in groups))
