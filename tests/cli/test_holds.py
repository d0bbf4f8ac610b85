"""`pacing hold`, `release` and `stop` give their orders to the API, and say what was so before and after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from typer import Typer
from typer.testing import CliRunner

from pacing_node.api.http_server import HttpServer
from pacing_node.cli.holds import register
from tests.support.api_site import ApiSite

TARGET = "A - chat"


@pytest.fixture
async def site() -> AsyncIterator[tuple[ApiSite, str]]:
    site = ApiSite()
    site.pace()
    server = HttpServer("127.0.0.1", 0)
    await server.start(site.app)
    yield site, f"http://127.0.0.1:{server.port}"
    await server.stop()


async def pacing(url: str, *arguments: str) -> tuple[int, str]:
    app = Typer()
    register(app)
    result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--url", url])
    return result.exit_code, result.output


async def test_a_target_is_held_and_released(site: tuple[ApiSite, str]) -> None:
    node, url = site
    status, said = await pacing(url, "hold", TARGET, "--why", "line down", "--for", "30m")
    assert (status, list(node.holds.holds.targets)) == (0, [TARGET])
    assert f"before: {TARGET}: not held" in said
    assert "by anybody: line down" in said
    status, said = await pacing(url, "release", TARGET, "--why", "line is back")
    assert (status, dict(node.holds.holds.targets)) == (0, {})
    assert f"after:  {TARGET}: not held" in said


async def test_everything_is_stopped_and_released(site: tuple[ApiSite, str]) -> None:
    node, url = site
    status, said = await pacing(url, "stop", "--why", "wrong offer")
    assert status == 0
    assert node.holds.holds.stop is not None
    assert "after:  all targets: no invitations until released, by anybody: wrong offer" in said
    status, _ = await pacing(url, "release", "--all", "--why", "offer is right")
    assert (status, node.holds.holds.stop) == (0, None)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("hold", "Nobody", "--why", "x"), 4, "unknown target"),
        (("hold", TARGET.lower(), "--why", "x"), 4, f'"{TARGET}" differs from "{TARGET.lower()}"'),
        (("release", f" {TARGET}", "--why", "x"), 4, f'no hold of it; "{TARGET}" differs'),
        (("hold", TARGET, "--why", " "), 1, "body.why"),
        (("hold", TARGET), 2, "--why"),
        (("release", "--why", "x"), 2, "name one target, or --all"),
        (("stop", "--why", "x", "--for", "soon"), 2, "30m"),
    ],
)
async def test_an_order_that_cannot_be_used_says_why(
    site: tuple[ApiSite, str], arguments: tuple[str, ...], status: int, words: str
) -> None:
    node, url = site
    ended, said = await pacing(url, *arguments)
    assert ended == status
    assert words in said
    assert (dict(node.holds.holds.targets), node.holds.holds.stop) == ({}, None)
