"""A statistics server of a hostile bridge: steady values until it is told to send what no contact centre has.

It works in a process of its own, ``python -m simulator.attack.hostile_statistics PORT``. Orders come on its standard
input, a line each: ``turn VALUES``, ``calm``, and ``count``, which is answered with the number of hostile messages.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from typing import TYPE_CHECKING

import grpc

from cluster import addresses
from cluster.tasks import cancel, spawn
from contact_center.v1 import statistics_pb2_grpc as pb_grpc
from simulator.attack.hostile_values import HOSTILE, steady
from simulator.attack.ordered_process import OrderedProcess, obey
from simulator.harness.node_files import HOST
from simulator.harness.ports import choose_quiet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Any

    from contact_center.v1 import statistics_pb2 as pb
    from simulator.attack.hostile_values import Values

_STEADY_SECONDS = 0.5
_HOSTILE_SECONDS = 0.25
"""Pause between two breaths."""


class HostileStatistics:
    """One port, and the process behind it; all nodes are given the same."""

    def __init__(self) -> None:
        self.port = choose_quiet(1)[0]
        self._process = OrderedProcess(__name__)

    async def start(self) -> None:
        """Serve. Raises HarnessError when it cannot."""
        await self._process.start(str(self.port))
        await self.sent()

    async def stop(self) -> None:
        """End all sessions."""
        await self._process.stop()

    def turn(self, values: str) -> None:
        """Send the values of this name from now on."""
        self._process.order(f"turn {values}")

    def calm(self) -> None:
        """Send steady values again."""
        self._process.order("calm")

    async def sent(self) -> int:
        """How many messages of the hostile kind were sent. Raises HarnessError when the process has ended."""
        return int(await self._process.ask("count"))


class _Servicer(pb_grpc.StatisticsServiceServicer):
    """The work of the process."""

    def __init__(self) -> None:
        self._sent = 0
        self._values: Values = steady

    def take(self, words: list[str]) -> str | None:
        """Carry out one order; its answer, if it has one."""
        match words:
            case ["turn", name]:
                self._values = HOSTILE[name]
            case ["calm"]:
                self._values = steady
            case ["count"]:
                return str(self._sent)
        return None

    async def Subscribe(  # noqa: N802 - the name in the contract
        self, requests: AsyncIterator[pb.SubscribeRequest], _: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.SubscribeResponse]:
        """One session."""
        subscriptions: dict[int, pb.Subscription] = {}
        reading = spawn("hostile.subscriptions", _read(requests, subscriptions), finite=True)
        try:
            for batch in itertools.count():
                for message in self._values(dict(subscriptions), batch):
                    self._sent += self._values is not steady
                    yield message
                await asyncio.sleep(_STEADY_SECONDS if self._values is steady else _HOSTILE_SECONDS)
        finally:
            await cancel(reading)


async def _read(requests: AsyncIterator[pb.SubscribeRequest], subscriptions: dict[int, pb.Subscription]) -> None:
    async for request in requests:
        subscriptions.update({each.reference: each for each in request.add})
        for reference in request.remove:
            subscriptions.pop(reference, None)


async def main(port: int) -> None:
    """Serve at a port, and obey until the standard input ends."""
    server, servicer = grpc.aio.server(), _Servicer()
    pb_grpc.add_StatisticsServiceServicer_to_server(servicer, server)
    server.add_insecure_port(addresses.join(HOST, port))
    await server.start()
    await obey(servicer.take)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
