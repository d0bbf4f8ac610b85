"""Channels to servers of others get along with the default settings of gRPC."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest

import pacing_node
from contact_center.v1 import configuration_pb2 as pb
from contact_center.v1 import configuration_pb2_grpc as rpc
from pacing_node.objects.bridge_source import BridgeSettings, BridgeSource
from pacing_node.runtime.server_channels import LEAST_PING_SECONDS, OPTIONS
from simulator.servers.grpc_server import SERVER_OPTIONS
from tests.support.waiting import still, until


class Bridge(rpc.ConfigurationServiceServicer):
    """A configuration server that counts connections and stays silent after the objects."""

    def __init__(self) -> None:
        self.connections = 0

    async def Watch(self, request: pb.WatchRequest, context: Any) -> AsyncIterator[pb.WatchResponse]:
        self.connections += 1
        yield pb.WatchResponse(version="1", objects=pb.ConfigurationObjects())
        await asyncio.Event().wait()


def test_no_ping_is_sooner_than_a_default_server_takes() -> None:
    options = dict(OPTIONS)

    # Defaults of gRPC Core (Python), Go (MinTime) and Java (permitKeepAliveTime): five minutes, and only during calls.
    assert options["grpc.keepalive_time_ms"] >= (LEAST_PING_SECONDS + 30) * 1000
    assert options["grpc.keepalive_permit_without_calls"] == 0
    assert LEAST_PING_SECONDS == 300


def test_no_other_module_of_the_node_opens_channels_with_options_of_its_own() -> None:
    code = Path(pacing_node.__file__).parent
    named = {file.name for file in code.rglob("*.py") if "keepalive_time" in file.read_text()}

    assert named == {"server_channels.py"}


def test_the_simulator_judges_pings_as_a_default_server_does() -> None:
    assert not [name for name, _ in SERVER_OPTIONS if "ping" in name or "keepalive" in name]


@pytest.mark.slow
async def test_a_server_with_default_settings_keeps_the_connection() -> None:
    bridge, server = Bridge(), grpc.aio.server()
    rpc.add_ConfigurationServiceServicer_to_server(bridge, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    source = BridgeSource((f"127.0.0.1:{port}",), settings=BridgeSettings(silence_seconds=60.0))
    running = asyncio.ensure_future(source.run(lambda _: None))
    await until(lambda: source.status.connected)
    # With pings every two seconds the server broke off after six.
    await still(lambda: bridge.connections == 1 and source.status.connected, 12.0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await server.stop(0)
