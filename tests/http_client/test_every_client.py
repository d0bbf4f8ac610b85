"""Every client of the service before the same hostile servers: bounded in memory and time, and with a reason."""

from __future__ import annotations

import asyncio
import tracemalloc
from pathlib import Path

import pytest
import typer
from pydantic import SecretStr

from pacing_node.alarms.http_sinks import WebhookSink
from pacing_node.cli.node_client import ask as ask_a_node
from pacing_node.delivery.outbox import DeliveryError
from pacing_node.doctor.surroundings import who_answers
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.client_credentials import ClientCredentials
from pacing_node.engagement.oauth import TokenError
from pacing_node.engagement.platform import PushStatus
from pacing_node.engagement.webhook import WebhookSettings
from pacing_node.http_client.bodies import MOST_SMALL_CHUNKS
from pacing_node.http_client.client import public_authorities
from pacing_node.objects.platform_client import PlatformClient
from pacing_node.objects.platform_reply import PlatformError
from pacing_node.provisioning.gws_target import GwsTarget
from pacing_node.provisioning.provisioning_target import ProvisioningError
from pacing_node.statistics.api_statistics import api_statistics
from pacing_node.statistics.gms_statistics import gms_statistics
from tests.http_client.hostile import answer, bomb, hostile
from tests.support.alarm_parts import raised
from tests.support.engagement_platform import pushes, token, within
from tests.support.waiting import until

MEBIBYTE = 1024 * 1024


async def ask_for_token(url: str) -> str:
    source = ClientCredentials(url, "id", SecretStr("secret"))
    try:
        with pytest.raises(TokenError) as raised_error:
            await source.headers(b"")
    finally:
        await source.close()
    return str(raised_error.value)


async def push(url: str) -> str:
    platform = BulkPlatform(WebhookSettings(push_url=url))
    outcome = await platform.push(token(), pushes(3), within(10))
    await platform.close()
    assert outcome.status in {PushStatus.INVALID_REPLY, PushStatus.FAILED}
    return outcome.message


async def read_objects(url: str) -> str:
    client = PlatformClient(url.rstrip("/"))
    try:
        with pytest.raises(PlatformError) as raised_error:
            await client.records()
    finally:
        await client.close()
    return str(raised_error.value)


async def provision(url: str) -> str:
    with pytest.raises(ProvisioningError) as raised_error:
        await asyncio.to_thread(GwsTarget(url.rstrip("/"), application="app").existing)
    return str(raised_error.value)


async def ask_node(url: str) -> str:
    with pytest.raises(typer.Exit):
        await asyncio.to_thread(ask_a_node, url.rstrip("/"), "/cluster")
    return ""


async def visit(url: str) -> str:
    assert await who_answers(url.rstrip("/"), public_authorities()) is None
    return ""


async def read_gms(url: str) -> str:
    return await statistics_error(gms_statistics(url))


async def read_statistics_api(url: str) -> str:
    return await statistics_error(api_statistics(url))


async def statistics_error(source) -> str:
    before = [server.error for server in source.health]
    await source.start()
    try:
        await until(lambda: [server.error for server in source.health] not in (before, [""]))
        return next(server.error for server in source.health)
    finally:
        await source.stop()


CLIENTS = [ask_for_token, push, read_objects, provision, ask_node, visit, read_gms, read_statistics_api]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of whoever runs the tests has a say."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("ask", CLIENTS)
async def test_nested_gzip_is_not_unpacked(ask) -> None:
    async with hostile(answer(bomb(128, 2), "Content-Encoding: gzip, gzip")) as server:
        public_authorities()
        tracemalloc.start()
        words = await ask(server.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert not words or "Content-Encoding 'gzip, gzip', allowed: gzip or none" in words
    assert peak < 16 * MEBIBYTE


@pytest.mark.parametrize("ask", [each for each in CLIENTS if each is not ask_node])
async def test_no_answer_takes_the_memory_an_attack_may_cost(ask) -> None:
    """50 MiB, of which some are left for what is made of an answer. A command may take more: it ends."""
    async with hostile(answer(bomb(128), "Content-Encoding: gzip")) as server:
        public_authorities()
        tracemalloc.start()
        await ask(server.url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert server.heads
    assert peak < 40 * MEBIBYTE


@pytest.mark.parametrize("ask", CLIENTS)
async def test_a_body_of_single_bytes_is_given_up_early(ask) -> None:
    """Its bytes may go on for ever, and no limit in bytes would end it within minutes."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b"1\r\n \r\n" * 1000)
            await writer.drain()

    async with hostile(endless) as server:
        words = await ask(server.url)
    assert server.heads
    assert not words or f"chunks of 1.0 bytes on average after {MOST_SMALL_CHUNKS + 1}" in words


@pytest.mark.parametrize("ask", CLIENTS)
async def test_a_redirect_is_followed_by_nobody(ask) -> None:
    async with hostile(answer(b"{}")) as elsewhere:
        moved = answer(b"", f"Location: {elsewhere.url}", status="302 Found")
        async with hostile(moved) as server:
            words = await ask(server.url)
    assert server.heads
    assert not elsewhere.heads
    assert not words or "302" in words


@pytest.mark.parametrize("ask", CLIENTS)
async def test_json_nested_deep_is_a_reason_like_any_other(ask) -> None:
    body = b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    async with hostile(answer(body)) as server:
        await ask(server.url)


async def test_an_alarm_is_delivered_whatever_the_receiver_says_of_it() -> None:
    packed, twice = "Content-Encoding: gzip", "Content-Encoding: gzip, gzip"
    for said in (answer(bomb(64), packed), answer(bomb(8, 2), twice), answer(b"x" * MEBIBYTE)):
        async with hostile(said) as server:
            sink = WebhookSink(server.url, cluster="pacing")
            await sink.deliver([raised()])
            await sink.close()


async def test_what_a_receiver_says_of_an_alarm_it_refuses_is_cut() -> None:
    async with hostile(answer(b"no " * MEBIBYTE, status="503 Service Unavailable")) as server:
        sink = WebhookSink(server.url, cluster="pacing")
        with pytest.raises(DeliveryError) as raised_error:
            await sink.deliver([raised()])
        await sink.close()
    assert len(str(raised_error.value)) < 300
