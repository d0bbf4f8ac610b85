"""A pair of servers and a source that reads them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.bridge_session import SessionSettings
from pacing_node.statistics.bridge_statistics import bridge_statistics
from tests.statistics.server import Server, serving

QUICK = SessionSettings(
    silence_seconds=10.0,
    first_delay_seconds=0.05,
    longest_delay_seconds=0.2,
    interval_milliseconds=0,
    connect_seconds=2.0,
)


IMPATIENT = replace(QUICK, silence_seconds=1.0)
"""For tests of silence; on a busy machine a server can seem silent to these that is not."""


@pytest.fixture
async def pair():
    async with serving(Server(), Server(wire.SERVER_MODE_BACKUP)) as servers:
        yield servers


@asynccontextmanager
async def reading(pair, settings):
    primary, backup = pair
    statistics = bridge_statistics(primary.address, backup.address, settings=settings)
    await statistics.start()
    yield statistics
    await statistics.stop()


@pytest.fixture
async def source(pair):
    async with reading(pair, QUICK) as statistics:
        yield statistics


@pytest.fixture
async def impatient_source(pair):
    async with reading(pair, IMPATIENT) as statistics:
        yield statistics
