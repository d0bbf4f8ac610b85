"""Sources of configuration objects over TLS: whom they trust, and what they say of files that do not fit."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
import trustme
from pydantic import SecretStr

from contact_center.v1 import configuration_pb2 as pb
from contact_center.v1 import configuration_pb2_grpc as pb_grpc
from pacing_node.objects.bridge_source import BridgeSettings, BridgeSource
from pacing_node.objects.gws_source import GwsSource
from pacing_node.objects.object_model import ConfigurationObjects
from pacing_node.objects.sources import ConfigurationSource
from pacing_node.options.connections import ServerTls
from pacing_node.options.errors import ConfigurationError
from pacing_node.tls import channel_credentials, client_context
from tests.support.configuration_platform import PASSWORD, USER, platform_server
from tests.support.waiting import until

QUICK = BridgeSettings(first_delay_seconds=0.02, longest_delay_seconds=0.1)


class Files:
    """Two authorities; the server's certificate is signed by the first."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ours, self.other = trustme.CA(), trustme.CA()
        self.server = self.ours.issue_cert("127.0.0.1", "localhost")
        self.client = self.ours.issue_cert("node-1")
        self.ours.cert_pem.write_to_path(str(directory / "ours.pem"))
        self.other.cert_pem.write_to_path(str(directory / "other.pem"))
        self.client.cert_chain_pems[0].write_to_path(str(directory / "client.pem"))
        self.client.private_key_pem.write_to_path(str(directory / "client.key"))

    def tls(self, authority: str = "ours.pem", *, own: bool = True) -> ServerTls:
        certificate = self.directory / "client.pem" if own else None
        private_key = self.directory / "client.key" if own else None
        return ServerTls(authorities=self.directory / authority, certificate=certificate, private_key=private_key)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class Bridge(pb_grpc.ConfigurationServiceServicer):
    """Answers once and keeps the stream open."""

    async def Watch(
        self, request: pb.WatchRequest, context: grpc.aio.ServicerContext[pb.WatchRequest, pb.WatchResponse]
    ) -> AsyncIterator[pb.WatchResponse]:
        yield pb.WatchResponse(version="1", objects=pb.ConfigurationObjects(switches=[pb.Switch(name="sw")]))
        await asyncio.sleep(3600)


@contextlib.asynccontextmanager
async def bridge(files: Files) -> AsyncIterator[str]:
    """A bridge that asks its clients for a certificate."""
    server = grpc.aio.server()
    pb_grpc.add_ConfigurationServiceServicer_to_server(Bridge(), server)
    pair = (files.server.private_key_pem.bytes(), files.server.cert_chain_pems[0].bytes())
    credentials = grpc.ssl_server_credentials([pair], files.ours.cert_pem.bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


@contextlib.asynccontextmanager
async def following(source: ConfigurationSource) -> AsyncIterator[list[ConfigurationObjects]]:
    seen: list[ConfigurationObjects] = []
    task = asyncio.create_task(source.run(seen.append))
    try:
        yield seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def bridge_source(address: str, tls: ServerTls | None) -> BridgeSource:
    return BridgeSource((address,), settings=QUICK, credentials=lambda: channel_credentials(tls))


async def test_a_bridge_is_spoken_to_over_tls_with_a_certificate_of_ones_own(files: Files) -> None:
    async with bridge(files) as address, following(bridge_source(address, files.tls())) as seen:
        await until(lambda: seen)

        assert [switch.name for switch in seen[0].switches] == ["sw"]


@pytest.mark.parametrize("kind", ["other authority", "no certificate", "plain text"])
async def test_a_bridge_that_is_not_trusted_or_does_not_trust_is_not_read(files: Files, kind: str) -> None:
    tls = {
        "other authority": files.tls("other.pem"),
        "no certificate": files.tls(own=False),
        "plain text": None,
    }[kind]

    async with bridge(files) as address:
        source = bridge_source(address, tls)
        async with following(source) as seen:
            await until(lambda: source.status.problems)

            assert source.status.problems[0].startswith(f"{address}: UNAVAILABLE")
            assert seen == []


async def test_a_missing_file_is_named_and_tried_again(files: Files) -> None:
    authority = files.directory / "ours.pem"
    away = authority.rename(files.directory / "away.pem")

    async with bridge(files) as address:
        source = bridge_source(address, files.tls())
        async with following(source) as seen:
            await until(lambda: source.status.problems)
            assert source.status.problems == (
                f"{authority}: found no such file or directory; allowed: a readable file in PEM format",
            )

            away.rename(authority)
            await until(lambda: seen)


def gws_source(url: str, tls: ServerTls | None) -> GwsSource:
    return GwsSource((url,), user=USER, password=SecretStr(PASSWORD), poll_seconds=0.05, tls=tls)


def server_context(files: Files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files.server.configure_cert(context)
    context.load_verify_locations(cadata=files.ours.cert_pem.bytes().decode())
    context.verify_mode = ssl.CERT_REQUIRED
    return context


async def test_the_platform_interface_is_read_over_https(files: Files) -> None:
    async with platform_server(server_context(files)) as server:
        source = gws_source(server.url, files.tls())
        async with following(source) as seen:
            await until(lambda: seen)

            assert server.url.startswith("https://")
            assert len(seen[0].virtual_queues) == 2


@pytest.mark.parametrize("authority", ["other.pem", None])
async def test_a_platform_that_is_not_trusted_is_not_read(files: Files, authority: str | None) -> None:
    async with platform_server(server_context(files)) as server:
        source = gws_source(server.url, files.tls(authority) if authority else None)
        async with following(source) as seen:
            await until(lambda: source.status.problems)

            assert "CERTIFICATE_VERIFY_FAILED" in source.status.problems[0]
            assert seen == []
            assert server.requests == []


def test_a_file_that_holds_something_else_is_named(files: Files) -> None:
    (files.directory / "text.pem").write_text("not a certificate")

    with pytest.raises(ConfigurationError, match=r"text\.pem.*; allowed: certificates and keys in PEM format"):
        client_context(files.tls("text.pem"))
    with pytest.raises(ConfigurationError, match=r"gone\.pem.*found no such file or directory"):
        client_context(files.tls("gone.pem"))
