"""The webhook: this project's own call, as its OpenAPI document says."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettingsError
from pacing_node.engagement.json_reader import ReplyError
from pacing_node.engagement.platform import FencingMark, PushStatus
from pacing_node.engagement.replies import TargetReply
from pacing_node.engagement.webhook import WebhookSettings
from pacing_node.engagement.webhook_mapping import WebhookDialect
from pacing_node.http_client.client import Answer
from tests.support.engagement_platform import http_bytes, push, pushes, raw_server, token, within
from tests.support.schemas import jsonschema

OPENAPI = yaml.safe_load((Path(__file__).parents[2] / "docs" / "openapi" / "webhook.yaml").read_text())


def schema(name):
    """A schema of the document, with its references resolved inside it."""
    return {"$ref": f"#/components/schemas/{name}", "components": OPENAPI["components"]}


class Receiver:
    def __init__(self):
        self.url = ""
        self.requests = []
        self.answer = http_bytes(b"", "204 No Content")


@asynccontextmanager
async def receiving():
    receiver = Receiver()

    async def handle(path, writer, head, body):
        if head.startswith("HEAD"):
            writer.write(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n")
            return
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        receiver.requests.append((headers, body))
        answer = receiver.answer(json.loads(body)) if callable(receiver.answer) else receiver.answer
        writer.write(answer)

    async with raw_server(handle, whole=True) as url:
        receiver.url = f"{url}/pacing"
        yield receiver


@pytest.fixture
async def receiver():
    async with receiving() as running:
        yield running


@pytest.fixture
async def webhook(receiver):
    adapter = BulkPlatform(WebhookSettings(receiver.url))
    yield adapter
    await adapter.close()


def replying(**fields):
    """An answer that says the same of every target."""
    return lambda document: http_bytes(
        json.dumps({"targets": [{"name": each["name"], **fields} for each in reversed(document["targets"])]}).encode()
    )


@pytest.mark.parametrize("changes", [{}, {"inbound_portion": 0.25, "estimated_wait_seconds": 7.5}, {"groups": ()}])
async def test_what_is_sent_is_what_the_document_describes(receiver, webhook, changes):
    outcome = await webhook.push(token(3, 4), [push(**changes), push("Help", "voice")], within(5.0))
    assert outcome.status is PushStatus.ACCEPTED
    headers, body = receiver.requests[0]
    document = json.loads(body)
    jsonschema.Draft202012Validator(schema("Push")).validate(document)
    assert (document["cluster_id"], document["epoch"], document["sequence"]) == ("c-1", 3, 4)
    assert (headers["pacing-epoch"], headers["pacing-part"], headers["idempotency-key"]) == ("3", "1/1", "c-1:3:4:1")
    assert document["targets"][1]["media"] == "voice"


def test_the_document_is_an_openapi_document_whose_schemas_are_sound():
    assert OPENAPI["openapi"] == "3.1.0"
    for name in OPENAPI["components"]["schemas"]:
        jsonschema.Draft202012Validator.check_schema(schema(name))


async def test_a_receiver_with_nothing_to_say_accepts(receiver, webhook):
    outcome = await webhook.push(token(), pushes(2), within(5.0))
    assert (outcome.status, outcome.replies) == (PushStatus.ACCEPTED, (TargetReply(), TargetReply()))


async def test_replies_are_found_by_name(receiver, webhook):
    def answer(document):
        targets = [
            {"name": "Sales 00002 - chat", "pending": 2, "acceptance_ratio": 0.5, "positive_disposition_seconds": 9},
            {"name": "Sales 00000 - chat", "error": "unknown queue"},
            {"name": "Stranger"},
        ]
        jsonschema.Draft202012Validator(schema("PushReply")).validate({"targets": targets})
        return http_bytes(json.dumps({"targets": targets}).encode())

    receiver.answer = answer
    outcome = await webhook.push(token(), pushes(3), within(5.0))
    assert outcome.status is PushStatus.ACCEPTED
    assert [each.pending for each in outcome.replies] == [None, None, 2]
    assert [each.error for each in outcome.replies] == ["unknown queue", None, None]
    assert outcome.replies[2].acceptance_ratio == 0.5
    assert "'Stranger', which was not sent" in outcome.message


async def test_a_refusal_fences_with_its_mark(receiver, webhook):
    refusal = {"code": "stale_token", "message": "late", "mark": {"cluster_id": "c-1", "epoch": 9, "sequence": 3}}
    jsonschema.Draft202012Validator(schema("Refusal")).validate(refusal)
    receiver.answer = http_bytes(json.dumps(refusal).encode(), "409 Conflict")
    outcome = await webhook.push(token(8, 1), pushes(1), within(5.0))
    assert (outcome.status, outcome.mark) == (PushStatus.FENCED, FencingMark("c-1", 9, 3))


async def test_parts_and_repetitions_work_as_for_any_platform(receiver):
    answers = [http_bytes(b"", "503 Busy")]
    receiver.answer = lambda document: answers.pop() if answers else replying(pending=1)(document)
    adapter = BulkPlatform(WebhookSettings(receiver.url, max_entities_per_request=2))
    outcome = await adapter.push(token(), pushes(5), within(5.0))
    await adapter.close()
    assert outcome.status is PushStatus.ACCEPTED
    assert [each.pending for each in outcome.replies] == [1] * 5
    assert (outcome.attempts, len(receiver.requests)) == (2, 4)
    assert {json.loads(body)["parts"] for _, body in receiver.requests} == {3}


async def test_token_and_signature_go_along_when_configured(receiver):
    given = WebhookSettings(receiver.url, bearer_token=SecretStr("word-of-mouth"), signing_key=SecretStr("sealing-wax"))
    adapter = BulkPlatform(given)
    await adapter.push(token(), pushes(1), within(5.0))
    await adapter.close()
    headers, body = receiver.requests[0]
    assert headers["authorization"] == "bearer word-of-mouth"
    assert headers["pacing-signature"] == "sha256=" + hmac.new(b"sealing-wax", body, hashlib.sha256).hexdigest()
    assert "word-of-mouth" not in repr(given)
    assert "sealing-wax" not in repr(given)


async def test_without_them_nothing_is_claimed(receiver, webhook):
    await webhook.push(token(), pushes(1), within(5.0))
    assert {"authorization", "pacing-signature"}.isdisjoint(receiver.requests[0][0])


async def test_a_token_that_is_refused_is_not_tried_again(receiver, webhook):
    receiver.answer = http_bytes(b"{}", "401 No")
    outcome = await webhook.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.message, len(receiver.requests)) == (
        PushStatus.FAILED,
        "HTTP 401: not authorised",
        1,
    )


async def test_an_echoed_secret_is_masked(receiver):
    receiver.answer = http_bytes(b'{"code":"x","message":"bad token word-of-mouth"}', "400 Bad")
    adapter = BulkPlatform(WebhookSettings(receiver.url, bearer_token=SecretStr("word-of-mouth")))
    outcome = await adapter.push(token(), pushes(1), within(5.0))
    await adapter.close()
    assert "word-of-mouth" not in repr(outcome)
    assert "bad token" in outcome.message


async def test_warming_up_has_no_effect(receiver, webhook):
    await webhook.warm_up(2.0)
    assert receiver.requests == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"push_url": "nowhere"}, "push_url"),
        ({"bearer_token": SecretStr("a b")}, "bearer_token"),
        ({"max_reply_bytes": 0}, "1 or more"),
    ],
)
def test_settings_that_cannot_work_are_refused(changes, message):
    with pytest.raises(EngagementSettingsError, match=message):
        WebhookSettings(**({"push_url": "http://host/"} | changes))


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["a", "b", "zz"])
fields = st.sampled_from(
    ["name", "pending", "acceptance_ratio", "error", "targets", "mark", "code", "epoch", "cluster_id"]
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(fields, inner, max_size=4))
replies = st.fixed_dictionaries({"targets": st.lists(st.dictionaries(fields, leaves, max_size=4), max_size=4)})
bodies = (replies | values).map(lambda each: json.dumps(each).encode()) | st.binary(max_size=40)


@settings(max_examples=500, deadline=None)
@given(bodies, st.integers(200, 206))
def test_every_body_is_read_or_refused(body, status):
    WebhookDialect().refusal(body)
    try:
        reply = WebhookDialect().read(Answer(status, httpx.Headers(), body), ["a", "b"])
    except ReplyError:
        return
    assert len(reply.replies) == 2
    assert all(each.pending is None or each.pending >= 0 for each in reply.replies)
