"""The platform configuration interface: its records as objects, over real sockets, and saved replies as a file."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
import typer
from pydantic import SecretStr
from starlette.responses import JSONResponse, PlainTextResponse, Response
from typer.testing import CliRunner

from pacing_node.cli import config
from pacing_node.discovery.discover import discover
from pacing_node.objects.gws_source import GwsSource
from pacing_node.objects.object_files import load_objects, objects_of
from pacing_node.objects.object_model import ConfigurationObjects
from pacing_node.objects.packed_items import PackedDocument
from pacing_node.objects.platform_credentials import engagement_credentials
from pacing_node.objects.platform_import import import_replies
from pacing_node.objects.platform_objects import objects_from_platform
from pacing_node.objects.sources import configuration_source
from pacing_node.options.connections import ConfigServer
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.yaml_documents import parse_document
from tests.support.configuration_platform import PASSWORD, USER, PlatformServer, platform_server, records
from tests.support.waiting import until

RULES = "capacity_rules: [{name: two-chats, media: {chat: 2}}]\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def shown(objects: ConfigurationObjects) -> list[tuple[str, tuple[str, ...], tuple[str, ...], float]]:
    return [(item.name, item.groups, item.agents, item.goal_percent) for item in discover(objects).targets]


EXPECTED = [
    ("VQ_Chat - chat", ("Chat",), ("ana", "ben"), 3.0),
    ("VQ_Sales - chat", ("Spanish",), ("ana",), 4.0),
]


def test_records_become_objects_and_targets() -> None:
    rule = objects_of([PackedDocument(parse_document(RULES, "rules.yaml"))])
    objects = objects_from_platform(records(), "1", "Environment", [{"name": "two-chats", "media": {"chat": "2"}}])

    assert shown(objects) == EXPECTED
    assert objects.capacity_rules == rule.capacity_rules
    assert [agent.user_name for agent in objects.agents] == ["ana", "ben", "gone"]
    assert objects.agents[0].skills == {"Spanish": 7}
    assert [agent.capacity_rule for agent in objects.agents] == ["two-chats", "two-chats", ""]
    assert [queue.number for queue in objects.virtual_queues] == ["VQ_Chat", "VQ_Sales"]
    assert engagement_credentials(objects).base_service_url == "https://api/"
    assert [finding.code for finding in discover(objects).findings] == ["agents_in_several_groups"]


def test_numbers_may_come_as_numbers() -> None:
    def as_numbers(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: as_numbers(item) for key, item in value.items()}
        if isinstance(value, list):
            return [as_numbers(item) for item in value]
        return int(value) if isinstance(value, str) and value.isdigit() else value

    assert shown(objects_from_platform(as_numbers(records()), "1")) == EXPECTED


def test_references_that_lead_nowhere_become_findings() -> None:
    broken = records()
    broken["agent-groups"][0]["agentDBIDs"].append("999")
    broken["agent-groups"][0]["groupInfo"]["routeDNDBIDs"].append("998")
    broken["dns"][0]["name"] = "Chat"

    findings = discover(objects_from_platform(broken, "1")).findings

    assert {(item.code, item.where) for item in findings} >= {
        ("unknown_agent", 'agent group "Chat"'),
        ("unknown_queue", 'agent group "Chat"'),
        ("alias_differs_from_number", 'virtual queue "VQ_Chat"@chat-switch'),
        ("unknown_capacity_rule", 'agent "ana"'),
    }


def test_damaged_records_never_end_in_anything_but_objects() -> None:
    chance = random.Random(2)
    values: list[Any] = [None, "", "x", 7, -1, 1.5, True, [], {}, [None], {"key": 1}, [{"key": "a"}], "9" * 30]

    def damage(value: Any) -> Any:
        if chance.random() < 0.08:
            return chance.choice(values)
        if isinstance(value, dict):
            return {key: damage(item) for key, item in value.items() if chance.random() > 0.03}
        return [damage(item) for item in value] if isinstance(value, list) else value

    for _ in range(3000):
        damaged = {kind: [damage(item) for item in items] for kind, items in records().items()}
        discover(objects_from_platform(damaged, "1"))


class Follower:
    def __init__(self, source: GwsSource) -> None:
        self.source = source
        self.seen: list[ConfigurationObjects] = []


@contextlib.asynccontextmanager
async def following(*urls: str, password: str = PASSWORD, rules: Path | None = None) -> AsyncIterator[Follower]:
    follower = Follower(
        GwsSource(urls, "Environment", user=USER, password=SecretStr(password), poll_seconds=0.05, capacity_rules=rules)
    )
    task = asyncio.create_task(follower.source.run(follower.seen.append))
    try:
        yield follower
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def server() -> AsyncIterator[PlatformServer]:
    async with platform_server() as running:
        yield running


async def test_the_configuration_is_read_and_its_changes_followed(server: PlatformServer, rules: Path) -> None:
    async with following(server.url, rules=rules) as follower:
        await until(lambda: len(follower.seen) == 1)
        assert shown(follower.seen[0]) == EXPECTED

        changed = records()
        changed["dns"][0]["userProperties"] = {"pacing": {"media": "chat", "optimizationGoal": "7"}}
        server.records = changed
        await until(lambda: len(follower.seen) == 2)

        assert discover(follower.seen[1]).targets[0].goal_percent == 7.0
        assert follower.source.status.connected


async def test_an_unchanged_configuration_is_handed_on_once(server: PlatformServer) -> None:
    async with following(server.url) as follower:
        await until(lambda: server.requests.count("transactions") > 4)

        assert len(follower.seen) == 1


@pytest.mark.parametrize(("paging", "page_limit"), [(True, 1000), (True, 1), (True, 2), (False, 0)])
async def test_every_page_is_read_however_the_server_pages(
    server: PlatformServer, paging: bool, page_limit: int
) -> None:
    server.paging, server.page_limit = paging, page_limit

    async with following(server.url) as follower:
        await until(lambda: len(follower.seen) == 1)

        assert shown(follower.seen[0]) == EXPECTED


async def test_a_server_that_never_comes_to_an_end_is_left(
    server: PlatformServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pacing_node.objects.platform_client.MAX_PAGES", 2)
    server.page_limit = 1

    async with following(server.url) as follower:
        await until(lambda: bool(follower.source.status.problems))

        assert follower.source.status.problems[0].endswith("/dns: more than 2 pages")


ANSWERS: list[tuple[Response, str]] = [
    (JSONResponse({"statusCode": 4, "statusMessage": "internal"}, 500), "HTTP 500, statusCode 4 internal"),
    (JSONResponse({"statusCode": 6}, 404), "HTTP 404, statusCode 6"),
    (JSONResponse({"statusCode": 0}), "no list 'switches' in the reply"),
    (JSONResponse({"statusCode": 0, "switches": {}}), "no list 'switches' in the reply"),
    (JSONResponse(["switches"]), "HTTP 200 with no object as its body"),
    (PlainTextResponse("<html>", 200), "HTTP 200 with a body that is not JSON"),
    (PlainTextResponse("busy", 503), "HTTP 503 with a body that is not JSON"),
    (PlainTextResponse('{"statusCode": 0, "switches": [', 200), "HTTP 200 with a body that is not JSON"),
]


@pytest.mark.parametrize(("answer", "said"), ANSWERS)
async def test_a_bad_answer_keeps_the_objects_and_says_why(server: PlatformServer, answer: Response, said: str) -> None:
    async with following(server.url) as follower:
        await until(lambda: len(follower.seen) == 1)
        server.answer = answer
        await until(lambda: not follower.source.status.connected)

        place = "/api/v2/platform/configuration/"
        (problem,) = follower.source.status.problems
        assert problem.startswith(f"{server.url}: {place}")
        assert problem.endswith(said)
        assert len(follower.seen) == 1

        server.answer = None
        await until(lambda: follower.source.status.connected)
        assert len(follower.seen) == 1


async def test_wrong_credentials_are_said_without_showing_them(server: PlatformServer) -> None:
    with structlog.testing.capture_logs() as logged:
        async with following(server.url, password="wrong-secret") as follower:
            await until(lambda: bool(follower.source.status.problems))

            assert follower.source.status.problems[0].endswith("HTTP 401: the user or the password was refused")
    assert "wrong-secret" not in repr(logged) + repr(follower.source.status)


async def test_the_backup_is_read_while_the_primary_is_away(server: PlatformServer) -> None:
    async with platform_server() as backup, following(server.url, backup.url) as follower:
        await until(lambda: len(follower.seen) == 1)
        assert backup.requests == []
        await server.stop()
        await until(lambda: backup.requests.count("transactions") > 2)

        assert follower.source.status.connected
        assert follower.source.status.place == backup.url
        assert len(follower.seen) == 1


async def test_a_broken_file_of_capacity_rules_is_named(server: PlatformServer, rules: Path) -> None:
    rules.write_text("capacity_rules: none\n")

    async with following(server.url, rules=rules) as follower:
        await until(lambda: bool(follower.source.status.problems))

        assert follower.source.status.problems == (
            f"{rules}:1:1: capacity_rules: found no list; allowed: a list of capacity rules",
        )


def test_the_kind_gws_chooses_this_adapter() -> None:
    options = ConfigServer(kind="gws", primary="gws1:8080", backup="gws2:8080", scheme="http", user="u")

    status = configuration_source(options, "Environment").status

    assert (status.kind, status.place) == ("gws", "http://gws1:8080")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    directory = tmp_path / "replies"
    directory.mkdir()
    for kind, items in records().items():
        (directory / f"{kind}.json").write_text(json.dumps({"statusCode": 0, kind: items}))
    return directory


def test_saved_replies_become_a_file_that_gives_the_same_targets(saved: Path, rules: Path, tmp_path: Path) -> None:
    target = tmp_path / "objects.yaml"
    target.write_text(import_replies(saved, "Environment", rules))

    objects = load_objects(target)

    assert objects.findings == ()
    assert objects.tenant == "Environment"
    assert shown(objects) == EXPECTED
    assert engagement_credentials(objects).password.get_secret_value() == "hush"


def test_a_file_with_the_list_alone_is_a_reply_too(saved: Path) -> None:
    (saved / "dns.json").write_text(json.dumps(records()["dns"]))

    assert "VQ_Sales" in import_replies(saved)


def test_every_problem_of_the_replies_is_said_at_once(saved: Path) -> None:
    (saved / "persons.json").unlink()
    (saved / "dns.json").write_text("{")
    (saved / "skills.json").write_text('{"statusCode": 6}')

    with pytest.raises(ConfigurationError) as caught:
        import_replies(saved)

    assert str(caught.value).splitlines() == [
        f"{saved}/dns.json: found a text that is not JSON; allowed: a saved reply",
        f"{saved}/skills.json: skills: found no list; allowed: a reply with a list 'skills', or the list",
        f"{saved}/persons.json: found no such file or directory; allowed: a readable file",
    ]


def test_the_command_writes_a_file_for_its_owner_only_and_checks_it(saved: Path, rules: Path, tmp_path: Path) -> None:
    app = typer.Typer()
    config.register(app)
    target = tmp_path / "objects.yaml"

    result = CliRunner().invoke(app, ["config", "import", str(saved), "--to", str(target), "--rules", str(rules)])

    assert result.exit_code == 0, result.output
    assert target.stat().st_mode & 0o777 == 0o600
    assert f"{target}: objects: well" in result.stdout
    assert "hush" not in result.output
