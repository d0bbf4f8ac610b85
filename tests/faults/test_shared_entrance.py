"""One address for all nodes: each process is led through its own line, a stranger nowhere."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from simulator.drill.nemesis.receiver import PARTIAL_PERIOD_SECONDS, Pushing, Receiver
from simulator.harness.shared_entrance import SharedEntrance
from tests.support.listening import listening

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the tables of a Linux kernel")

ASK = "import socket,sys; s=socket.create_connection(('127.0.0.1',int(sys.argv[1]))); print(s.recv(9).decode())"


@pytest.fixture
async def doors():
    """Two servers, each of which says its name; their ports."""

    def saying(name):
        async def answer(_, writer):
            writer.write(name)
            await writer.drain()
            writer.close()

        return answer

    async with listening(saying(b"one")) as one, listening(saying(b"two")) as two:
        yield [one.port, two.port]


async def test_each_process_is_led_to_its_own_door(doors):
    ports = {os.getpid(): doors[0]}
    async with SharedEntrance(lambda: ports) as entrance:
        reader, writer = await asyncio.open_connection("127.0.0.1", entrance.port)
        assert await reader.read() == b"one"
        writer.close()
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", f"input();{ASK}", str(entrance.port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        ports[other.pid] = doors[1]
        said, _ = await other.communicate(b"\n")
        assert said.strip() == b"two"


async def test_a_stranger_is_turned_away(doors):
    async with SharedEntrance(lambda: {1: doors[0]}) as entrance:
        reader, writer = await asyncio.open_connection("127.0.0.1", entrance.port)
        try:
            said = await reader.read()
        except ConnectionResetError:
            said = b""
        writer.close()
        assert said == b""


@pytest.mark.parametrize(
    ("pushing", "sections", "said"),
    [
        (Pushing(), {"pacing": {"refreshPeriod": 1, "partialPushes": "off"}}, ""),
        (
            Pushing(partials=True),
            {"pacing": {"refreshPeriod": PARTIAL_PERIOD_SECONDS, "partialPushes": "auto"}},
            ", partial pushes",
        ),
        (
            Pushing(Receiver.CONDITIONAL),
            {
                "pacing": {"refreshPeriod": 1, "partialPushes": "off"},
                "pacingEndpoint": {
                    "kind": "webhook",
                    "url": "http://127.0.0.1:9/webhook-conditional",
                    "fencing": "if-match",
                },
            },
            ", receiver if-match",
        ),
    ],
)
def test_a_run_says_in_the_options_how_it_pushes(pushing, sections, said):
    assert pushing.sections("127.0.0.1", 9)({}) == sections
    assert str(pushing) == said
