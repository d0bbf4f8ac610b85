"""Commands reach a node over HTTPS with a private authority, by several addresses, and as the user's file says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from pacing_node.api.http_server import HttpServer
from pacing_node.cli.app import build_app
from pacing_node.cli.client_options import ClientFiles, client_options, full_url
from pacing_node.options.environment import RESERVED
from pacing_node.tls import TlsFiles

VARIABLES = (
    "PACING_URL",
    "PACING_CLIENT_CA",
    "PACING_CLIENT_CERTIFICATE",
    "PACING_CLIENT_PRIVATE_KEY",
    "SSL_CERT_FILE",
)
PAGE: dict[str, Any] = {"history": []}


async def history(_request: Request) -> Response:
    return JSONResponse(PAGE)


async def cluster(_request: Request) -> Response:
    page = {"cluster": "c", "mode": "standalone", "master": "n", "epoch": 1, "answered_by": "n", "members": []}
    return JSONResponse(page | {"history": []})


APP = Starlette(routes=[Route("/history", history), Route("/cluster", cluster)])


@pytest.fixture(autouse=True)
def nothing_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def client_certificate(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    certificate = authority.issue_cert("operator@site")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    return tmp_path / "client.pem", tmp_path / "client.key"


Serve = Callable[..., Any]


@pytest.fixture
async def serve(authority: trustme.CA, ca: Path, tmp_path: Path) -> AsyncIterator[Serve]:
    servers: list[HttpServer] = []

    async def start(*, secure: bool = True, ask_clients: bool = False, address: str = "127.0.0.1") -> int:
        certificate = authority.issue_cert("127.0.0.1", "localhost", "::1")
        certificate.private_key_pem.write_to_path(str(tmp_path / "node.key"))
        certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "node.pem"))
        files = TlsFiles(tmp_path / "node.pem", tmp_path / "node.key", ca if ask_clients else None)
        server = HttpServer(address, 0, files if secure else None)
        await server.start(APP)
        servers.append(server)
        return server.port

    yield start
    for server in servers:
        await server.stop()


async def run(*arguments: object) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, build_app(), [str(each) for each in arguments])


async def test_without_the_authority_the_command_says_what_to_name(serve: Serve) -> None:
    result = await run("history", "--url", f"https://127.0.0.1:{await serve()}")

    assert result.exit_code == 3
    assert "CERTIFICATE_VERIFY_FAILED" in result.stderr
    assert "name the authorities with --ca" in result.stderr


@pytest.mark.parametrize("command", ["history", "list"])
async def test_the_authority_is_named_on_the_command_line(serve: Serve, ca: Path, command: str) -> None:
    assert (await run(command, "--url", f"https://127.0.0.1:{await serve()}", "--ca", ca)).exit_code == 0


async def test_every_command_that_asks_a_node_takes_the_files(ca: Path) -> None:
    commands = (["list"], ["history"], ["targets"], ["explain", "x"], ["step-down"], ["pause"], ["resume"])
    for command in commands:
        result = await run(*command, "--url", "https://127.0.0.1:1", "--ca", ca)
        assert result.exit_code == 3, result.output


@pytest.mark.parametrize("variable", ["PACING_CLIENT_CA", "SSL_CERT_FILE"])
async def test_the_authority_comes_from_the_environment(
    serve: Serve, ca: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(ca))
    assert (await run("history", "--url", f"https://127.0.0.1:{await serve()}")).exit_code == 0


async def test_a_node_that_asks_for_a_certificate_is_shown_one(
    serve: Serve, ca: Path, client_certificate: tuple[Path, Path]
) -> None:
    url, (certificate, key) = f"https://127.0.0.1:{await serve(ask_clients=True)}", client_certificate
    assert (await run("history", "--url", url, "--ca", ca)).exit_code == 3
    shown = await run("history", "--url", url, "--ca", ca, "--certificate", certificate, "--private-key", key)
    assert shown.exit_code == 0


async def test_everything_comes_from_the_users_file(
    serve: Serve, ca: Path, client_certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    certificate, key = client_certificate
    file = tmp_path / "config" / "agent-pacing" / "config.yaml"
    file.parent.mkdir(parents=True)
    port = await serve(ask_clients=True)
    file.write_text(
        f"client: {{url: 'https://127.0.0.1:1, https://127.0.0.1:{port}', ca: {ca}, "
        f"certificate: {certificate}, privateKey: {key}}}\n"
    )
    assert (await run("history")).exit_code == 0
    # What the command line names wins.
    assert (await run("history", "--url", "https://127.0.0.1:1")).exit_code == 3

    file.write_text("client: {urls: x}\n")
    refused = await run("history")
    assert refused.exit_code == 2
    assert f"{file}:1:10: client.urls: found an unknown key; allowed: did you mean url?" in refused.stderr


@pytest.mark.parametrize("files", [("ca",), ("certificate",), ("certificate", "private-key")])
async def test_a_file_that_cannot_be_used_is_said_in_one_line(files: tuple[str, ...], tmp_path: Path) -> None:
    words = [word for name in files for word in (f"--{name}", str(tmp_path / "gone.pem"))]
    result = await run("history", "--url", "https://127.0.0.1:1", *words)

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "gone.pem" in result.stderr or "both, or none" in result.stderr


async def test_the_first_address_that_answers_is_asked(serve: Serve) -> None:
    port = await serve(secure=False)
    assert (await run("history", "--url", f"127.0.0.1:1, http://127.0.0.1:{port}")).exit_code == 0
    silent = await run("history", "--url", "127.0.0.1:1,127.0.0.1:2")
    assert silent.exit_code == 3
    assert "no answer from http://127.0.0.1:1/history" in silent.stderr
    assert "no answer from http://127.0.0.1:2/history" in silent.stderr


async def test_a_plain_address_at_an_https_port_is_hinted_at(serve: Serve) -> None:
    result = await run("history", "--url", f"127.0.0.1:{await serve()}")

    assert result.exit_code == 3
    assert "if the node speaks HTTPS, write https://" in result.stderr


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("node1", "http://node1:8080"),
        ("node1:80", "http://node1:80"),
        ("node1/pacing/", "http://node1:8080/pacing"),
        ("fd00::1", "http://[fd00::1]:8080"),
        ("[fd00::1]", "http://[fd00::1]:8080"),
        ("[fd00::1]:80", "http://[fd00::1]:80"),
        ("10.0.0.1", "http://10.0.0.1:8080"),
        ("https://node1/", "https://node1"),
    ],
)
def test_an_address_needs_no_scheme(text: str, full: str) -> None:
    assert full_url(text, secure=False) == full
    assert full_url(text, secure=True) == full.replace("http://", "https://")


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="allowed is an address with http:// or https://, or without a scheme"):
        full_url("ftp://node1", secure=False)


def test_without_anything_this_machine_is_asked() -> None:
    assert client_options("", ClientFiles(), {}).url == ("http://127.0.0.1:8080",)


def test_a_node_does_not_take_the_variables_of_the_commands_for_its_own() -> None:
    assert all(name.startswith(RESERVED) for name in VARIABLES if name.startswith("PACING_"))
