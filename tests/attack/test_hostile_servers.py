"""Hostile servers work in processes of their own, and obey from the first order to the last."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import grpc
import pytest

from contact_center.v1 import statistics_pb2 as pb
from contact_center.v1 import statistics_pb2_grpc as pb_grpc
from simulator.attack.hostile_statistics import HostileStatistics
from simulator.attack.ordered_process import OrderedProcess
from simulator.harness.harness_error import HarnessError

LISTENS = "0A"
"""State of a listening socket in the kernel's table."""


async def test_a_statistics_server_turns_hostile_and_back_outside_of_the_measuring_process():
    server = HostileStatistics()
    await server.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as own:
            assert listens(os.getpid(), own.getsockname()[1])
        assert not listens(os.getpid(), server.port), "what it sends would be a load of the measuring process"
        queue = pb.Subscription(reference=7, object_type=pb.OBJECT_TYPE_QUEUE)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            session = pb_grpc.StatisticsServiceStub(channel).Subscribe()
            await session.write(pb.SubscribeRequest(add=[queue]))
            assert (await values_of(session))[0].number in {0.0, 1.0, 2.0}
            assert await server.sent() == 0
            server.turn("strange_references")
            while 7 in {value.reference for value in await values_of(session)}:
                pass
            assert await server.sent() > 0
            server.calm()
            while [value.reference for value in await values_of(session)] != [7]:
                pass
    finally:
        await server.stop()


async def test_orders_to_a_process_that_was_not_started_or_has_ended_are_errors():
    process = OrderedProcess("simulator.attack.hostile_statistics")
    with pytest.raises(HarnessError, match="was not started"):
        process.order("calm")
    await process.start("no port")
    with pytest.raises(HarnessError, match="has ended"):
        await process.ask("count")
    await process.stop()


async def values_of(session: grpc.aio.StreamStreamCall) -> list[pb.StatisticValue]:
    """The next values of a session that are not none."""
    while True:
        answer = await session.read()
        if answer.values.values:
            return list(answer.values.values)


def listens(pid: int, port: int) -> bool:
    """Whether a process holds a listening socket at a port."""
    tables = [Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:] for name in ("tcp", "tcp6")]
    rows = [row.split() for table in tables for row in table]
    inodes = {row[9] for row in rows if row[3] == LISTENS and int(row[1].rsplit(":", 1)[1], 16) == port}
    links = list(Path(f"/proc/{pid}/fd").iterdir())
    return bool(
        {f"socket:[{inode}]" for inode in inodes} & {str(link.readlink()) for link in links if link.is_symlink()}
    )
