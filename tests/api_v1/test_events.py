"""Who follows the events of a node hears each once, goes on where they were, and is told when some are missing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cluster.access.roles import AccessRole
from cluster.access.tokens import TokenBook
from pacing_node.api.http_server import HttpServer
from pacing_node.api.v1 import event_routes
from pacing_node.monitoring import event_log
from pacing_node.monitoring.event_log import EventKind, EventLog
from tests.support.api_site import ApiSite

Event = tuple[str, str, dict[str, object]]


@asynccontextmanager
async def serving(site: ApiSite) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a real port: a stream has no end that a client in memory would wait for."""
    server = HttpServer("127.0.0.1", 0)
    await server.start(site.app)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=20.0) as client:
            yield client
    finally:
        await server.stop()


@asynccontextmanager
async def following(client: httpx.AsyncClient, last: str = "", **headers: str) -> AsyncIterator[AsyncIterator[Event]]:
    given = {**headers, **({"Last-Event-ID": last} if last else {})}
    async with client.stream("GET", "/api/v1/events", headers=given) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        lines = answer.aiter_lines()
        assert (await anext(lines)).startswith("retry:")
        yield events_of(lines)


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if name and value:
            fields[name] = value
        elif "event" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


async def test_events_come_as_they_happen_and_a_follower_goes_on_where_it_was(site: ApiSite) -> None:
    async with serving(site) as client:
        site.event_log.add(EventKind.CYCLE, {"epoch": 1})
        async with following(client) as events:
            site.event_log.add(EventKind.CYCLE, {"epoch": 2})
            last, kind, data = await anext(events)
            assert (kind, data["epoch"]) == ("cycle", 2)
        site.event_log.add(EventKind.ALARM, {"active": 1})
        site.event_log.add(EventKind.LEADERSHIP, {"epoch": 3})
        async with following(client, last) as events:
            assert [(await anext(events))[1] for _ in range(2)] == ["alarm", "leadership"]


@pytest.mark.parametrize(
    ("file", "option"),
    [
        ("haproxy/haproxy.cfg", r"^    timeout server (\d+)s$"),
        ("nginx/agent-pacing.conf", r"proxy_read_timeout (\d+)s;"),
    ],
)
def test_our_balancers_wait_longer_than_a_stream_says_nothing(file: str, option: str) -> None:
    operators = re.split(r"# --- pages of operators.*", Path("deploy", file).read_text())
    first_in_force = re.search(option, operators[0 if "haproxy" in file else 1], re.MULTILINE)
    assert first_in_force is not None
    assert int(first_in_force[1]) >= 2 * event_routes.HEARTBEAT_SECONDS


@pytest.mark.parametrize("last", ["other-1", "{incarnation}-0", "{incarnation}-99", "{incarnation}-x", "nonsense"])
async def test_a_follower_that_missed_events_is_told_so(
    site: ApiSite, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr(event_log, "MOST_EVENTS", 2)
    site.event_log._events = type(site.event_log._events)(maxlen=2)
    for epoch in range(3):
        site.event_log.add(EventKind.CYCLE, {"epoch": epoch})
    async with (
        serving(site) as client,
        following(client, last.format(incarnation=site.event_log.incarnation)) as events,
    ):
        assert (await anext(events))[1] == "resync"


async def test_a_stream_ends_when_its_token_is_revoked(site: ApiSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_routes, "HEARTBEAT_SECONDS", 0.05)
    site.reads = "viewer"
    bearer = f"Bearer {site.token(AccessRole.VIEWER)}"
    async with serving(site) as client:
        assert (await client.get("/api/v1/events")).status_code == 401
        async with following(client, Authorization=bearer) as events:
            site.control.tokens = TokenBook()
            assert [event async for event in events] == []


async def test_streams_are_bounded_and_end_with_their_callers(site: ApiSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_routes, "MOST_STREAMS", 1)
    async with serving(site) as client:
        async with following(client):
            assert (await client.get("/api/v1/events")).status_code == 503
        async with asyncio.timeout(30.0):
            while not await free(client):
                await asyncio.sleep(0)


async def free(client: httpx.AsyncClient) -> bool:
    async with client.stream("GET", "/api/v1/events") as answer:
        return answer.status_code == 200


async def test_whoever_waits_is_woken_by_the_next_event() -> None:
    log = EventLog()
    waiting = asyncio.ensure_future(log.wait(0, 60.0))
    await asyncio.sleep(0)
    log.add(EventKind.HOLD, {})
    await asyncio.wait_for(waiting, 30.0)


async def test_what_is_kept_is_read_at_once_and_ends_without_following(site: ApiSite) -> None:
    async with serving(site) as client:
        for epoch in (1, 2):
            site.event_log.add(EventKind.CYCLE, {"epoch": epoch})
        answer = await client.get("/api/v1/events", params={"kept": "true", "follow": "false"})
        assert [line for line in answer.text.splitlines() if line.startswith("event:")] == ["event: cycle"] * 2
        assert "event:" not in (await client.get("/api/v1/events", params={"follow": "false"})).text
