"""A pair of servers and a source that reads them."""

from __future__ import annotations

import pytest

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.bridge_session import SessionSettings
from pacing_node.statistics.bridge_statistics import bridge_statistics
from tests.statistics.server import Server, serving

QUICK = SessionSettings(
    silence_seconds=1.0,
    first_delay_seconds=0.05,
    longest_delay_seconds=0.2,
    interval_milliseconds=0,
    connect_seconds=2.0,
)


@pytest.fixture
async def pair():
    async with serving(Server(), Server(wire.SERVER_MODE_BACKUP)) as servers:
        yield servers


@pytest.fixture
async def source(pair):
    primary, backup = pair
    statistics = bridge_statistics(primary.address, backup.address, settings=QUICK)
    await statistics.start()
    yield statistics
    await statistics.stop()
