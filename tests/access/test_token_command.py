"""Tokens are made, listed and revoked by commands, and hold at a running node within seconds."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cluster.access.audit_log import EVENT
from cluster.access.signed_calls import ClusterSecret
from cluster.member import ClusterMember
from cluster.settings import ClusterSettings
from tests.cli.test_orders import serving
from tests.support.commands import Done, pacing
from tests.support.waiting import until

SECRET = "a secret of the cluster that is long enough"


Run = Callable[..., Awaitable[Done]]


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[ClusterMember]:
    settings = ClusterSettings(
        "only",
        "site",
        None,
        clustering_port=0,
        state_directory=tmp_path / "state",
        cluster_secret=ClusterSecret.parse(SECRET),
    )
    running = ClusterMember(settings, version="1")
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def run(member: ClusterMember, tmp_path: Path) -> AsyncIterator[Run]:
    (tmp_path / "secret").write_text(SECRET + "\n")
    config = tmp_path / "node.yaml"
    config.write_text("name: only\ncluster: site\nzookeeper: none\nstate_directory: state\n")
    server = await serving(member)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PACING_")}

    async def invoke(*words: str, **variables: str) -> Done:
        url = (
            ["--url", f"http://127.0.0.1:{server.port}"]
            if words[0] in {"pause", "resume"}
            else ["--config", str(config)]
        )
        return await pacing(*words, *url, environment=environment | variables, directory=tmp_path)

    yield invoke
    await server.stop()


def known(member: ClusterMember) -> list[str]:
    return [token.name for token in member.access.control.tokens.tokens]


async def test_a_token_is_made_gives_an_order_and_is_revoked(member: ClusterMember, run: Run, tmp_path: Path) -> None:
    made = await run("token", "create", "ops", "--role", "operator", "--for", "1h", "--to", "token")
    assert made.status == 0, made.err
    file = tmp_path / "token"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await until(lambda: known(member) == ["ops"])
    assert (await run("pause")).status == 1
    ordered = await run("pause", "--token-file", "token")
    assert ordered.status == 0, ordered.err
    assert member.paused is not None
    assert (await run("resume", PACING_TOKEN=file.read_text().strip())).status == 0
    (token,) = member.access.control.tokens.tokens
    revoked = await run("token", "revoke", token.id)
    assert (revoked.status, "no token is left" in revoked.err) == (0, True)
    await until(lambda: known(member) == [])
    assert (await run("pause", "--token-file", "token")).status == 1
    assert member.paused is None


async def test_the_secret_of_the_members_gives_orders_too(member: ClusterMember, run: Run) -> None:
    with capture_logs() as events:
        ordered = await run("pause", "--secret-file", "secret")
        assert ordered.status == 0, ordered.err
        assert member.paused is not None
    (event,) = (event for event in events if event["event"] == EVENT)
    assert (event["who"], event["role"], event["proof"]) == ("command", "member", "cluster secret")
    wrong = await run("resume", "--secret-file", "node.yaml")
    assert wrong.status == 2 or "wrong signature" in wrong.err


async def test_neither_the_list_nor_the_file_shows_a_token_again(run: Run, tmp_path: Path) -> None:
    made = await run("token", "create", "screen", "--role", "viewer")
    text = made.out.strip()
    shown = await run("token", "list", "--output", "json")
    (row,) = json.loads(shown.out)
    assert (row["name"], row["role"], row["expired"]) == ("screen", "viewer", False)
    secret = text.rpartition("_")[2]
    kept = (tmp_path / "state" / "site.access-tokens").read_text()
    assert secret not in shown.out + kept
    assert "screen" in (await run("token", "list")).out


@pytest.mark.parametrize(
    "words",
    [
        ("create", "x", "--role", "member"),
        ("create", "x", "--role", "root"),
        ("create", "a\x1b[2J", "--role", "viewer"),
        ("create", "x", "--role", "viewer", "--for", "10y"),
        ("create", "x", "--role", "viewer", "--to", "node.yaml"),
        ("revoke", "0123456789ab"),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(run: Run, words: tuple[str, ...], tmp_path: Path) -> None:
    refused = await run("token", *words)
    assert refused.status in {1, 2, 4}
    assert "Traceback" not in refused.err
    assert "\x1b" not in refused.err
    assert not (tmp_path / "state" / "site.access-tokens").exists()


async def test_a_damaged_list_changes_nothing_and_is_told(member: ClusterMember, run: Run, tmp_path: Path) -> None:
    await run("token", "create", "ops", "--role", "operator")
    await until(lambda: known(member) == ["ops"])
    with capture_logs() as events:
        (tmp_path / "state" / "site.access-tokens").write_text('version 9\n{"tokens": [1]}')
        await until(lambda: [event for event in events if event["event"] == "access.tokens_refused"])
    assert known(member) == ["ops"]
    assert (await run("token", "list")).status == 1
