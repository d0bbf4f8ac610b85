"""Partial pushes over sockets: sent only where they are known to fit, refused without a fence."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from pydantic import SecretStr
from starlette.responses import JSONResponse

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.platform import PushStatus
from pacing_node.engagement.webhook import WebhookSettings
from simulator.scenarios import load_scenario
from simulator.servers import CONDITIONAL_PATH, WEBHOOK_PATH, Simulator, SimulatorOptions
from tests.support.engagement_platform import http_bytes, push, raw_server, token, within
from tests.support.fault_proxy import FaultProxy
from tests.support.schemas import jsonschema

DEMO = load_scenario("demo")
OPENAPI = yaml.safe_load((Path(__file__).parents[2] / "docs" / "openapi" / "webhook.yaml").read_text())
NAMES = ("Sales Chat", "Care Chat")
SECONDS = 5.0
ACCEPTS = "Pacing-Accepts: full, partial\r\n"


def targets(*names):
    return [push(name) for name in names or NAMES]


class Place:
    """A simulated platform, the way to it, and its record."""

    def __init__(self, base, proxy):
        self.base, self.proxy = base, proxy
        self.proxied = f"http://127.0.0.1:{proxy.port}"

    async def _get(self, path):
        async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
            return (await client.get(f"{self.base}{path}")).json()

    async def record(self):
        pushes = (await self._get("/simulator/pushes"))["pushes"]
        return [(each["kind"], each["sequence"], each["prev"], each["reason"]) for each in pushes]

    async def out_of_order(self):
        return (await self._get("/simulator/status"))["accepted_out_of_order"]


@asynccontextmanager
async def simulated(**options):
    async with Simulator(DEMO, SimulatorOptions(**options)) as simulator:
        address = urlsplit(simulator.addresses["http"])
        async with FaultProxy(address.hostname, address.port) as proxy:
            yield Place(simulator.addresses["http"], proxy)


@pytest.fixture
async def place():
    async with simulated() as running:
        yield running


def settings_for(kind, base, **changes):
    if kind == "bulk":
        secret = SecretStr("simulated-secret")
        return EngagementSettings(f"{base}/oauth/token", f"{base}/api/", "pacing", secret, **changes)
    path = CONDITIONAL_PATH if kind == "conditional" else WEBHOOK_PATH
    return WebhookSettings(f"{base}{path}", conditional=kind == "conditional", **changes)


@asynccontextmanager
async def master(kind, base, **changes):
    adapter = BulkPlatform(settings_for(kind, base, **changes))
    try:
        yield adapter
    finally:
        await adapter.close()


KINDS = pytest.mark.parametrize("kind", ["bulk", "webhook", "conditional"])


@KINDS
async def test_a_partial_push_changes_the_state_that_the_push_before_has_left(place, kind):
    async with master(kind, place.base, max_entities_per_request=1) as one:
        full = await one.push(token(1, 1), targets(), within(SECONDS))
        assert (full.status, full.takes_partials) == (PushStatus.ACCEPTED, True)
        for sequence in (2, 3):
            some = await one.push(token(1, sequence), targets("Care Chat"), within(SECONDS), sequence - 1)
            assert (some.status, some.attempts, len(some.replies)) == (PushStatus.ACCEPTED, 1, 1)
        assert (await one.push(token(1, 4), targets(), within(SECONDS))).accepted
    kinds = [(kind, sequence, prev) for kind, sequence, prev, reason in await place.record() if not reason]
    assert kinds[2:4] == [("partial", 2, 1), ("partial", 3, 2)]
    assert await place.out_of_order() == 0


@KINDS
async def test_a_platform_that_does_not_say_so_is_sent_none(kind):
    async with simulated(partial_pushes=False) as place, master(kind, place.base) as one:
        full = await one.push(token(1, 1), targets(), within(SECONDS))
        assert (full.accepted, full.takes_partials) == (True, False)
        some = await one.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)
        assert (some.status, some.attempts) == (PushStatus.WITHHELD, 0)
        assert [each[1] for each in await place.record() if not each[3]] == [1]


@KINDS
async def test_nothing_is_changed_over_a_connection_with_other_settings(place, kind):
    async with master(kind, place.base) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        one.replace(settings_for(kind, place.base, max_concurrent_requests=2))
        assert (await one.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)).status is PushStatus.WITHHELD
        assert (await one.push(token(1, 3), targets(), within(SECONDS))).accepted
        assert (await one.push(token(1, 4), targets("Care Chat"), within(SECONDS), 3)).accepted


@pytest.mark.parametrize(
    ("sequence", "epoch", "prev", "names"),
    [(3, 1, 2, NAMES[:1]), (2, 2, 1, NAMES[:1]), (2, 1, 1, (*NAMES, "Sales Callback"))],
    ids=["another push", "another term", "two parts"],
)
async def test_what_cannot_fit_is_not_sent(place, sequence, epoch, prev, names):
    async with master("webhook", place.base, max_entities_per_request=2) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        some = await one.push(token(epoch, sequence), targets(*names), within(SECONDS), prev)
    assert (some.status, some.attempts) == (PushStatus.WITHHELD, 0)
    assert len(await place.record()) == 1


@pytest.mark.parametrize("body", [b'{"code": "out_of_step", "message": "another state"}', b"", b"<html>gateway"])
async def test_out_of_step_is_no_fence_whatever_the_body_says_and_is_not_repeated(body):
    requests = []

    async def handle(path, writer, head, content):
        requests.append((head, json.loads(content)))
        taken = "prev" not in requests[-1][1]
        writer.write(
            http_bytes(b"", "204 No Content", headers=ACCEPTS) if taken else http_bytes(body, "424 Failed Dependency")
        )

    async with raw_server(handle, whole=True) as url:
        one = BulkPlatform(WebhookSettings(url))
        assert (await one.push(token(1, 1), targets(), within(SECONDS))).takes_partials
        some = await one.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)
        assert (some.status, some.attempts, some.answered) == (PushStatus.OUT_OF_STEP, 1, True)
        again = await one.push(token(1, 3), targets("Care Chat"), within(SECONDS), 2)
        assert again.status is PushStatus.WITHHELD, "nothing is known of the state until the next full push"
        await one.close()
    assert len(requests) == 2
    head, document = requests[1]
    schema = {"$ref": "#/components/schemas/Push", "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(schema).validate(document)
    assert ("pacing-kind: partial\r\n" in head.lower(), "pacing-prev: 1\r\n" in head.lower()) == (True, True)
    assert "kind" not in requests[0][1], "a full push looks as a receiver of the first version knows it"
    assert "pacing-kind: full\r\n" in requests[0][0].lower()


async def test_424_to_a_full_push_is_a_failure_like_any_other(platform, engagement):
    platform.script.append(JSONResponse({"code": "out_of_step"}, 424))
    assert (await engagement.push(token(1, 1), targets(), within(SECONDS))).status is PushStatus.FAILED


async def test_a_fence_met_by_a_partial_push_is_a_fence(place):
    async with master("webhook", place.base) as old, master("webhook", place.base) as new:
        await old.push(token(1, 1), targets(), within(SECONDS))
        await new.push(token(2, 1), targets(), within(SECONDS))
        some = await old.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)
    assert some.status is PushStatus.FENCED
    assert some.mark is not None
    assert some.mark.epoch == 2


async def test_a_partial_push_whose_answer_was_lost_is_answered_from_memory_where_tokens_are_checked(place):
    async with master("webhook", place.proxied) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.cut_before_answer(b'"sequence":2')
        some = await one.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)
        assert (some.status, some.replayed, len(some.replies)) == (PushStatus.ACCEPTED, True, 1)


async def test_a_conditional_partial_push_whose_answer_was_lost_is_neither_repeated_nor_looked_for(place):
    async with master("conditional", place.proxied) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.cut_before_answer(b'"sequence":2')
        some = await one.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)
        assert (some.status, some.attempts, some.answered) == (PushStatus.FAILED, 1, False)
        assert (await one.push(token(1, 3), targets(), within(SECONDS))).accepted
        assert (await one.push(token(1, 4), targets("Care Chat"), within(SECONDS), 3)).accepted
    assert [each[:2] for each in await place.record()] == [("full", 1), ("partial", 2), ("full", 3), ("partial", 4)]


async def test_a_conditional_partial_push_is_sent_on_the_etag_of_an_own_answer_alone(place):
    """The newest full push was found by reading to have been taken: its ETag is known, but from no answer to it."""
    async with master("conditional", place.proxied) as one:
        await one.push(token(1, 1), targets(), within(SECONDS))
        place.proxy.cut_before_answer(b'"sequence":2')
        full = await one.push(token(1, 2), targets(), within(SECONDS))
        assert (full.accepted, full.replayed, full.takes_partials) == (True, True, False)
        some = await one.push(token(1, 3), targets("Care Chat"), within(SECONDS), 2)
        assert some.status is PushStatus.WITHHELD
    assert [each[:2] for each in await place.record()] == [("full", 1), ("full", 2)]


async def test_a_conditional_partial_push_does_not_replace_what_somebody_else_wrote(place):
    async with master("conditional", place.base) as old, master("conditional", place.base) as new:
        await old.push(token(1, 1), targets(), within(SECONDS))
        await new.push(token(2, 1), targets(), within(SECONDS))
        some = await old.push(token(1, 2), targets("Care Chat"), within(SECONDS), 1)
        assert (some.status, some.attempts) == (PushStatus.OUT_OF_STEP, 1)
        assert (await old.push(token(1, 3), targets(), within(SECONDS))).status is PushStatus.FENCED
    assert await place.out_of_order() == 0


async def test_the_platforms_rate_limit_is_told_with_the_outcome(platform, engagement):
    limit = {"inin-ratelimit-count": "298", "inin-ratelimit-allowed": "300", "inin-ratelimit-reset": "17"}

    async def limited(request):
        return JSONResponse(platform.results(await request.json()), headers=limit)

    platform.script += [None, limited]
    assert (await engagement.push(token(1, 1), targets(), within(SECONDS))).requests_left is None
    outcome = await engagement.push(token(1, 2), targets(), within(SECONDS))
    assert (outcome.requests_left, outcome.window_seconds) == (2, 17.0)
