"""A certificate that is renewed while the node runs is shown in the next handshake; nobody's connection breaks."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from pacing_node.api.http_server import HttpServer
from pacing_node.tls import TlsFiles
from tests.support.waiting import still, until

PATIENCE_SECONDS = 20.0


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


@dataclass
class Site:
    """A running HTTPS port and the directory of its files."""

    server: HttpServer
    authority: trustme.CA
    directory: Path

    def issue(self) -> None:
        """Put a new certificate and key in place."""
        issue(self.authority, self.directory)

    async def connect(self, client: trustme.LeafCert | None = None) -> Connection:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if client is not None:
            client.configure_cert(context)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port, ssl=context)
        return Connection(reader, writer)

    async def serial(self) -> str:
        """Of the certificate a new connection is shown."""
        connection = await self.connect()
        await connection.close()
        return connection.serial


@dataclass
class Connection:
    """One TLS connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def serial(self) -> str:
        return str(self.writer.get_extra_info("peercert")["serialNumber"])

    async def get(self) -> bytes:
        self.writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await self.writer.drain()
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        return await self.reader.readexactly(5)

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


def issue(authority: trustme.CA, directory: Path) -> None:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(str(directory / "key.pem"))
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(directory / "cert.pem"), append=number > 0)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    authority = trustme.CA()
    issue(authority, tmp_path)
    server = HttpServer("127.0.0.1", 0, TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem"), poll_seconds=0.02)
    await server.start(Starlette(routes=[Route("/", hello)]))
    yield Site(server, authority, tmp_path)
    await server.stop()


async def test_an_open_connection_goes_on_and_the_next_one_is_shown_the_new_certificate(site: Site) -> None:
    old = await site.connect()
    assert await old.get() == b"hello"
    with capture_logs() as logs:
        site.issue()
        await until(lambda: any(entry["event"] == "http.certificates_renewed" for entry in logs))
    new = await site.connect()
    assert new.serial != old.serial
    assert await new.get() == b"hello"
    assert await old.get() == b"hello"
    await new.close()
    await old.close()


@pytest.mark.parametrize("damaged", ["cert.pem", "key.pem"])
async def test_a_damaged_file_keeps_the_certificate_before_and_is_told_once(site: Site, damaged: str) -> None:
    before = await site.serial()
    with capture_logs() as logs:
        (site.directory / damaged).write_text("-----BEGIN nonsense")
        await until(lambda: any(entry["event"] == "http.certificates_unusable" for entry in logs))

        def told() -> list[str]:
            return [entry["log_level"] for entry in logs if entry["event"] == "http.certificates_unusable"]

        await still(lambda: told() == ["error"], 0.2)  # several more looks at the same files
        assert await site.serial() == before
        site.issue()
        await until(lambda: any(entry["event"] == "http.certificates_renewed" for entry in logs))
    assert await site.serial() != before


async def test_a_certificate_without_its_key_keeps_the_pair_before(site: Site) -> None:
    before = await site.serial()
    key = (site.directory / "key.pem").read_bytes()
    with capture_logs() as logs:
        site.issue()
        (site.directory / "key.pem").write_bytes(key)
        await until(lambda: any(entry["event"] == "http.certificates_unusable" for entry in logs))
    assert await site.serial() == before


async def test_files_that_are_gone_for_a_while_change_nothing(site: Site) -> None:
    before = await site.serial()
    with capture_logs() as logs:
        (site.directory / "cert.pem").rename(site.directory / "aside.pem")
        await until(lambda: any(entry["event"] == "http.certificates_unusable" for entry in logs))
        assert await site.serial() == before
        (site.directory / "aside.pem").rename(site.directory / "cert.pem")
        # several looks at the same files
        await still(lambda: not any(entry["event"] == "http.certificates_renewed" for entry in logs), 0.2)
    assert await site.serial() == before


async def test_authorities_of_clients_are_renewed_as_well(tmp_path: Path) -> None:
    authority, first, second = trustme.CA(), trustme.CA(), trustme.CA()
    issue(authority, tmp_path)
    clients = tmp_path / "clients.pem"
    first.cert_pem.write_to_path(str(clients))
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem", clients)
    server = HttpServer("127.0.0.1", 0, files, poll_seconds=0.02)
    await server.start(Starlette(routes=[Route("/", hello)]))
    site = Site(server, authority, tmp_path)
    connection = await site.connect(first.issue_cert("operator@example.org"))
    assert await connection.get() == b"hello"
    await connection.close()
    with capture_logs() as logs:
        second.cert_pem.write_to_path(str(clients))
        await until(lambda: any(entry["event"] == "http.certificates_renewed" for entry in logs))
    connection = await site.connect(second.issue_cert("operator@example.org"))
    assert await connection.get() == b"hello"
    await connection.close()
    stranger = await site.connect(first.issue_cert("operator@example.org"))  # TLS 1.3 refuses him after the handshake
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        await stranger.get()
    stranger.writer.transport.abort()
    await server.stop()
