"""A statistics server of a hostile bridge: steady values until it is told to send what no contact centre has."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import grpc

from cluster import addresses
from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2 as pb
from contact_center.v1 import statistics_pb2_grpc as pb_grpc
from simulator.attack.ground import Ground
from simulator.harness.harness_error import HarnessError
from simulator.harness.node_files import HOST
from simulator.harness.ports import choose_quiet
from simulator.harness.proxy_wiring import ProxyWiring

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from simulator.harness.arena import Arena
    from simulator.harness.node_files import NodePlan

    Values = Callable[[Mapping[int, pb.Subscription], int], Iterator[pb.SubscribeResponse]]

_STEADY_SECONDS = 0.5
_HOSTILE_SECONDS = 0.25
"""Pause between two breaths; the server shares a process with what measures, which must not be short of time."""
_MOST = 2**32 - 1
_OTHER_KIND = {pb.OBJECT_TYPE_QUEUE: pb.OBJECT_TYPE_AGENT, pb.OBJECT_TYPE_AGENT: pb.OBJECT_TYPE_QUEUE}
_NUMBERS = (float("nan"), float("inf"), float("-inf"), 1.7e308, -1.7e308, -1.0, 2.0**53 + 2, 5e-324, -0.0, 1e18)
_TIMES = (float("nan"), float("inf"), -1.0, 1e300, 0.0)


def _numbers(subscriptions: Mapping[int, pb.Subscription], make: Callable[[int], float]) -> Iterator[pb.StatisticValue]:
    for reference, each in subscriptions.items():
        if each.object_type == pb.OBJECT_TYPE_QUEUE:
            yield pb.StatisticValue(reference=reference, number=make(reference))


def _agents(
    subscriptions: Mapping[int, pb.Subscription], make: Callable[[int], pb.AgentState]
) -> Iterator[pb.StatisticValue]:
    for reference, each in subscriptions.items():
        if each.object_type == pb.OBJECT_TYPE_AGENT:
            yield pb.StatisticValue(reference=reference, agent_state=make(reference))


def _answer(values: Iterator[pb.StatisticValue], server_time: float | None = None) -> pb.SubscribeResponse:
    taken = time.time() if server_time is None else server_time
    return pb.SubscribeResponse(values=pb.StatisticValues(server_time=taken, snapshot=True, values=values))


def _state(server_time: float | None = None, mode: int = pb.SERVER_MODE_PRIMARY) -> pb.SubscribeResponse:
    now = time.time() if server_time is None else server_time
    state = pb.ServerState(server="bridge", mode=pb.ServerMode.ValueType(mode), server_time=now, available=True)
    return pb.SubscribeResponse(server_state=state)


def _ready_agent(_: int) -> pb.AgentState:
    return pb.AgentState(status=pb.AGENT_STATUS_READY, media=_media(1, 0))


def steady(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Agents who are ready, queues that move a little."""
    yield _state()
    yield _answer(_numbers(subscriptions, lambda _: float(batch % 3)))
    yield _answer(_agents(subscriptions, _ready_agent))


def extreme_numbers(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Infinity, no number, the largest, the smallest and negative numbers, everywhere in turn."""
    yield _state()
    yield _answer(_numbers(subscriptions, lambda reference: _NUMBERS[(reference + batch) % len(_NUMBERS)]))
    yield _answer(_agents(subscriptions, _ready_agent))


def extreme_agents(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Agents with four thousand million hands, more in hand than they have, and states there are none of.

    One in two hundred has free hands: the simulated visitors of more would be a load of their own.
    """
    states = [
        pb.AgentState(status=pb.AGENT_STATUS_BUSY, media=_media(_MOST, _MOST) * 50),
        pb.AgentState(status=pb.AgentStatus.ValueType(77), media=_media(1, _MOST)),
        pb.AgentState(status=pb.AGENT_STATUS_BUSY, media=[pb.MediaCapacity(media="chat\x1b[2J\n" * 50, maximum=1)]),
        pb.AgentState(),
    ]
    free = pb.AgentState(status=pb.AGENT_STATUS_READY, media=_media(_MOST, 0))

    def state(reference: int) -> pb.AgentState:
        return states[(reference + batch) % len(states)] if reference % 200 else free

    yield _state()
    yield _answer(_agents(subscriptions, state))
    yield _answer(_numbers(subscriptions, lambda _: 1.0))


def _media(maximum: int, in_use: int) -> list[pb.MediaCapacity]:
    return [
        pb.MediaCapacity(media=name, maximum=maximum, in_use=in_use, routable=in_use < maximum)
        for name in ("chat", "voice")
    ]


def extreme_times(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Clocks that show no time, and modes there are none of."""
    yield _state(_TIMES[batch % len(_TIMES)], mode=batch % 5)
    yield _answer(_numbers(subscriptions, lambda _: 1.0), _TIMES[batch % len(_TIMES)])
    yield _state()
    yield from steady(subscriptions, batch)


def strange_references(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Values nobody has asked for, of the wrong kind, and none at all."""
    swapped = {
        reference: pb.Subscription(object_type=_OTHER_KIND[each.object_type])
        for reference, each in subscriptions.items()
        if each.object_type in _OTHER_KIND
    }
    yield _state()
    yield _answer(pb.StatisticValue(reference=_MOST - number, number=1.0) for number in range(1000))
    yield _answer(_numbers(swapped, lambda _: 1.0))
    yield _answer(_agents(swapped, _ready_agent))
    yield _answer(pb.StatisticValue(reference=reference) for reference in subscriptions)
    yield pb.SubscribeResponse()
    yield from steady(subscriptions, batch)


def flood(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """Every value ten times in each breath."""
    for offset in range(10):
        yield from steady(subscriptions, batch + offset)


def oversized(subscriptions: Mapping[int, pb.Subscription], batch: int) -> Iterator[pb.SubscribeResponse]:
    """A message of 12 MB a second."""
    yield from steady(subscriptions, batch)
    if batch % 4 == 0:
        reason = pb.InvalidStatistic(reason="r" * 12_000_000)
        yield _answer(iter([pb.StatisticValue(reference=next(iter(subscriptions), 1), invalid=reason)]))


HOSTILE: dict[str, Values] = {
    values.__name__: values
    for values in (
        extreme_numbers,
        extreme_agents,
        extreme_times,
        strange_references,
        flood,
        oversized,
    )
}
"""What it can send, by name."""


class HostileStatistics(pb_grpc.StatisticsServiceServicer):
    """The server; all nodes are given the same."""

    def __init__(self) -> None:
        self.port = choose_quiet(1)[0]
        self.sent = 0
        """Messages of the hostile kind."""
        self._values: Values = steady
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Serve."""
        self._server = grpc.aio.server()
        pb_grpc.add_StatisticsServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(addresses.join(HOST, self.port))
        await self._server.start()

    async def stop(self) -> None:
        """End all sessions."""
        if self._server is not None:
            await self._server.stop(0)

    def turn(self, values: Values) -> None:
        """Send this from now on."""
        self._values = values

    async def Subscribe(  # noqa: N802 - the name in the contract
        self, requests: AsyncIterator[pb.SubscribeRequest], _: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.SubscribeResponse]:
        """One session."""
        subscriptions: dict[int, pb.Subscription] = {}
        reading = spawn("hostile.subscriptions", _read(requests, subscriptions), finite=True)
        try:
            for batch in itertools.count():
                for message in self._values(dict(subscriptions), batch):
                    self.sent += self._values is not steady
                    yield message
                await asyncio.sleep(_STEADY_SECONDS if self._values is steady else _HOSTILE_SECONDS)
        finally:
            await cancel(reading)


async def _read(requests: AsyncIterator[pb.SubscribeRequest], subscriptions: dict[int, pb.Subscription]) -> None:
    async for request in requests:
        subscriptions.update({each.reference: each for each in request.add})
        for reference in request.remove:
            subscriptions.pop(reference, None)


class StatisticsWiring(ProxyWiring):
    """The usual proxies, and the hostile statistics server."""

    def __init__(self) -> None:
        super().__init__()
        self.statistics = HostileStatistics()
        self._serving = False

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """Start the server with the first node's proxies; the hosts the node is to use."""
        if not self._serving:
            self._serving = True
            await self.statistics.start()
        return await super().hosts(plan, hosts)

    async def stop(self) -> None:
        """End everything."""
        await super().stop()
        await self.statistics.stop()


def statistics_of(arena: Arena) -> HostileStatistics:
    """The hostile server of a ground. Raises HarnessError on another ground."""
    if not isinstance(arena.wiring, StatisticsWiring):
        raise HarnessError("this needs a ground with a hostile statistics server")
    return arena.wiring.statistics


def _equipment(_: Path) -> Mapping[str, Any]:
    wiring = StatisticsWiring()
    section = {"kind": "bridge", "primary": addresses.join(HOST, wiring.statistics.port)}
    return {"wiring": wiring, "cluster_extra": lambda _: {"statServer": section}}


HOSTILE_STATISTICS = Ground("hostile-statistics", equipment=_equipment)
