"""The HTTP port: a taken one is an error with its number; HTTPS with the node's own certificate; an orderly end."""

from __future__ import annotations

import ssl
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pacing_node.api.http_server import HttpServer
from pacing_node.tls import TlsFiles
from tests.support.waiting import until


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def files(authority: trustme.CA, directory: Path, *, ask_clients: bool = False) -> TlsFiles:
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(str(directory / "key.pem"))
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(directory / "cert.pem"), append=number > 0)
    authority.cert_pem.write_to_path(str(directory / "authority.pem"))
    asked = directory / "authority.pem" if ask_clients else None
    return TlsFiles(directory / "cert.pem", directory / "key.pem", asked)


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_a_taken_port_is_named_before_anything_else_starts() -> None:
    first = HttpServer("127.0.0.1", 0)
    with pytest.raises(OSError, match=rf"cannot listen on 127.0.0.1 port {first.port}: Address already in use"):
        HttpServer("127.0.0.1", first.port)
    await first.stop()


async def test_it_answers_until_it_is_stopped_and_frees_its_port() -> None:
    server = HttpServer("127.0.0.1", 0)
    await server.start(APP)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=30.0) as client:
        assert (await client.get("/")).text == "hello"
    port = server.port
    await server.stop()
    again = HttpServer("127.0.0.1", port)
    await again.stop()


async def test_the_date_of_answers_moves_on() -> None:
    server = HttpServer("127.0.0.1", 0)
    await server.start(APP)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        dates: set[str] = set()

        async def two_dates() -> bool:
            dates.add((await client.get("/")).headers["Date"])
            return len(dates) > 1

        await until(two_dates, what="another date")
    await server.stop()
    assert all(abs(parsedate_to_datetime(each).timestamp() - time.time()) < 300.0 for each in dates)


async def test_https_with_the_nodes_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    server = HttpServer("127.0.0.1", 0, files(authority, tmp_path))
    await server.start(APP)
    async with httpx.AsyncClient(verify=trusting(authority), trust_env=False, timeout=30.0) as client:
        assert (await client.get(f"https://localhost:{server.port}/")).text == "hello"
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as stranger:
        with pytest.raises(httpx.ConnectError, match="certificate"):
            await stranger.get(f"https://localhost:{server.port}/")
    await server.stop()


async def test_clients_without_a_certificate_are_refused_when_authorities_are_named(
    authority: trustme.CA, tmp_path: Path
) -> None:
    server = HttpServer("127.0.0.1", 0, files(authority, tmp_path, ask_clients=True))
    await server.start(APP)
    context = trusting(authority)
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=30.0) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"https://localhost:{server.port}/")
    authority.issue_cert("operator@example.org").configure_cert(context)
    async with httpx.AsyncClient(verify=context, trust_env=False, timeout=30.0) as client:
        assert (await client.get(f"https://localhost:{server.port}/")).text == "hello"
    await server.stop()


async def test_a_certificate_that_cannot_be_read_is_an_error_at_the_start(tmp_path: Path) -> None:
    server = HttpServer("127.0.0.1", 0, TlsFiles(tmp_path / "none.pem", tmp_path / "none.key"))
    with pytest.raises(OSError, match="No such file"):
        await server.start(APP)
    await server.stop()
