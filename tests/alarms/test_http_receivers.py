"""Alertmanager and the webhook: what they are sent, and what becomes of refusals."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import pytest

from pacing_node.alarms.alarm_book import Alarm, AlarmEvent
from pacing_node.alarms.http_sinks import FORGET_SECONDS, AlertmanagerSink, WebhookSink
from pacing_node.alarms.machine import Transition
from pacing_node.delivery.outbox import DeliveryError
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from tests.alarms.web import Web
from tests.support.alarm_parts import alarm, cleared, raised
from tests.support.listening import listening


@asynccontextmanager
async def served(status: int = 200, body: bytes = b"{}") -> AsyncIterator[Web]:
    async with Web(status, body) as web:
        yield web


async def test_a_webhook_gets_one_document_per_event() -> None:
    async with served() as web:
        sink = WebhookSink(web.url + "/hook?x=1", cluster="demo", token="hush")
        await sink.deliver([raised(), cleared()])
        await sink.close()

    first, second = (json.loads(request.body) for request in web.requests)
    assert first == {
        "event": "raised",
        "id": "PacingRequestsFailed/engagement platform/1000.000",
        "condition": "PacingRequestsFailed",
        "object": "engagement platform",
        "severity": "critical",
        "scope": "cluster",
        "cluster": "demo",
        "raised_by": "n1",
        "sent_by": "n1",
        "raised_at": 1000.0,
        "cleared_at": None,
        "value": 3.0,
        "threshold": 3.0,
        "unit": "pushes",
        "message": "PacingRequestsFailed on engagement platform: 3 pushes, threshold 3 pushes (HTTP 503)",
    }
    assert (second["event"], second["id"], second["cleared_at"], second["sent_by"]) == (
        "cleared",
        first["id"],
        1060.0,
        "n2",
    )
    keys = [request.headers["idempotency-key"] for request in web.requests]
    assert keys == [f"demo/{first['id']}/raised", f"demo/{first['id']}/cleared"]
    assert {request.headers["authorization"] for request in web.requests} == {"Bearer hush"}
    assert {request.path for request in web.requests} == {"/hook?x=1"}


@pytest.mark.parametrize("kind", ["webhook", "alertmanager"])
@pytest.mark.parametrize("part", ["status", "headers", "body", "chunks"])
async def test_an_answer_that_comes_a_byte_at_a_time_is_cut_by_its_time(
    monkeypatch: pytest.MonkeyPatch, kind: str, part: str
) -> None:
    monkeypatch.setattr("pacing_node.alarms.http_sinks.ANSWER_SECONDS", 0.3)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
    whole = {
        "status": b"",
        "headers": b"HTTP/1.1 200 OK\r\nX: ",
        "body": head,
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    }[part]
    then = {"status": b"HTTP/1.1 ", "headers": b"x", "body": b"x", "chunks": b"1\r\nx\r\n"}[part]
    closed = asyncio.Event()

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole)
        for byte in itertools.cycle(then):
            writer.write(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), 0.02)
                break
        closed.set()

    async with listening(trickle) as server:
        made = {"webhook": WebhookSink, "alertmanager": AlertmanagerSink}[kind](server.url, cluster="demo")
        with pytest.raises(DeliveryError, match=r"^no whole answer within 0\.3 s$") as given_up:
            await made.deliver([raised()])
        assert not given_up.value.permanent, "it is told again later"
        await closed.wait()
        await made.close()


async def test_an_object_of_any_name_can_be_told() -> None:
    name = 'Grüße "1" \\ \u2028 - chat'
    event = AlarmEvent(Transition.RAISED, alarm("PacingResponseTargetError", name), 1.0, "n1")
    async with served() as web:
        sink = WebhookSink(web.url, cluster="demo")
        await sink.deliver([event])
        await sink.close()

    assert json.loads(web.requests[0].body)["object"] == name


async def test_alertmanager_gets_the_same_labels_at_raise_and_clear_from_whichever_node() -> None:
    async with served() as web:
        sink = AlertmanagerSink(web.url + "/", cluster="demo")
        await sink.deliver([raised(), cleared()])
        await sink.close()

    assert web.requests[0].path == "/api/v2/alerts"
    first, second = json.loads(web.requests[0].body)
    assert first["labels"] == second["labels"]
    assert first["labels"] == {
        "alertname": "PacingRequestsFailed",
        "cluster": "demo",
        "object": "engagement platform",
        "severity": "critical",
        "scope": "cluster",
    }
    assert first["startsAt"] == second["startsAt"]
    assert _seconds(first["endsAt"]) - _seconds(first["startsAt"]) == FORGET_SECONDS
    assert _seconds(second["endsAt"]) - _seconds(second["startsAt"]) == 60.0


async def test_what_every_node_raises_has_the_same_labels_and_key_from_each() -> None:
    events = [
        AlarmEvent(Transition.RAISED, Alarm("NoMaster", "demo", node, at, 15.0, 15.0, "", "epoch-7"), at, node)
        for node, at in (("n1", 1000.0), ("n2", 1003.0))
    ]
    async with served() as web:
        alertmanager, webhook = AlertmanagerSink(web.url, cluster="c"), WebhookSink(web.url, cluster="c")
        for event in events:
            await alertmanager.deliver([event])
            await webhook.deliver([event])
        await alertmanager.close()
        await webhook.close()
    alerts, documents = web.requests[0::2], web.requests[1::2]
    labels = [json.loads(each.body)[0]["labels"] for each in alerts]
    assert labels[0] == labels[1]
    assert "node" not in labels[0]
    assert {json.loads(each.body)["id"] for each in documents} == {"NoMaster/demo/epoch-7"}
    assert documents[0].headers["idempotency-key"] == documents[1].headers["idempotency-key"]


async def test_alarms_of_a_node_carry_its_name_as_a_label() -> None:
    event = AlarmEvent(Transition.RAISED, Alarm("EventLoopLag", "n3", "n3", 1.0, 2.0, 1.0), 1.0, "n3")
    async with served() as web:
        sink = AlertmanagerSink(web.url, cluster="demo")
        await sink.deliver([event])
        await sink.close()

    assert json.loads(web.requests[0].body)[0]["labels"]["node"] == "n3"


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (413, True), (422, True), (401, False), (404, False), (408, False), (429, False), (503, False)],
)
async def test_only_a_refusal_that_will_not_change_is_final(status: int, permanent: bool) -> None:
    async with served(status, b"because") as web:
        sink = WebhookSink(web.url, cluster="demo", token="hush")
        with pytest.raises(DeliveryError, match=f"HTTP {status}: because") as caught:
            await sink.deliver([raised()])
        await sink.close()

    assert caught.value.permanent is permanent


async def test_what_a_receiver_says_is_cut_short_and_its_token_is_covered() -> None:
    async with served(500, b"Bearer hush\nis wrong " + b"x" * 1_000_000) as web:
        sink = WebhookSink(web.url, cluster="demo", token="hush")
        with pytest.raises(DeliveryError, match=r"HTTP 500: Bearer \*\*\* is wrong x+$") as caught:
            await sink.deliver([raised()])
        await sink.close()

    assert len(str(caught.value)) < 250


async def test_an_answer_that_never_ends_ends_the_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacing_node.alarms.http_sinks.ANSWER_SECONDS", 0.3)

    ended = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        ended.set()

    async with listening(drip) as server:
        sink = WebhookSink(server.url, cluster="demo")
        with pytest.raises(DeliveryError, match=r"no whole answer within 0\.3 s") as caught:
            await sink.deliver([raised()])
        await sink.close()
        async with asyncio.timeout(30):
            await ended.wait()

    assert not caught.value.permanent


async def test_nobody_listening_is_tried_again_and_no_secret_is_told() -> None:
    async with served() as web:
        url = web.url
    sink = WebhookSink(url, cluster="demo", token="hush")

    with pytest.raises(DeliveryError) as caught:
        await sink.deliver([raised()])
    await sink.close()

    assert not caught.value.permanent
    assert "hush" not in str(caught.value) + sink.name


async def test_the_simulated_centre_takes_alarms() -> None:
    async with Simulator(load_scenario("demo"), SimulatorOptions()) as simulator:
        url = f"{simulator.addresses['http']}/simulator/alarms"
        sink = WebhookSink(url, cluster="demo")
        await sink.deliver([raised(), cleared()])
        await sink.close()
        async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
            listed: dict[str, Any] = (await client.get(url)).json()

    assert [entry["body"]["event"] for entry in listed["alarms"]] == ["raised", "cleared"]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
