"""Thousands of generated replies: whatever comes, a push ends with an outcome and never with an exception."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections import Counter

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.headers import rate_limit_seconds, retry_after_seconds
from pacing_node.engagement.json_reader import ReplyError
from pacing_node.engagement.mapping import PredictiveDialect, read_every_value, read_reply
from pacing_node.engagement.oauth import read_token
from pacing_node.engagement.part import judge
from pacing_node.engagement.platform import PushOutcome, PushStatus
from pacing_node.engagement.refusal_document import read_refusal
from pacing_node.http_client.client import Answer
from tests.support.engagement_platform import http_bytes, pushes, raw_server, token, token_bytes, within
from tests.support.engagement_platform import settings as platform_settings

NAMES = ["Sales - chat", "Help - voice"]
FIELDS = [
    *("results", "entity", "error", "errors", "errorCount", "errorIndexes", "externalId", "id", "code", "message"),
    *("status", "field", "pendingInvitationCount", "acceptanceRate", "timeToPositiveDispositionAvgSeconds"),
    *("mark", "clusterId", "epoch", "sequence", "access_token", "expires_in"),
]

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*NAMES, 0, 3, -1, 1e308])
)
json_values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=12,
)
results = st.lists(
    st.dictionaries(
        st.sampled_from(["entity", "error"]), st.dictionaries(st.sampled_from(FIELDS), json_values) | leaves
    ),
    max_size=3,
)
shaped = st.fixed_dictionaries({"results": results | json_values}, optional={"errorIndexes": json_values})


@st.composite
def cut(draw):
    """A good document with a piece missing, doubled or changed."""
    good = json.dumps(
        {"results": [{"entity": {"externalId": name, "pendingInvitationCount": 2}} for name in NAMES]}
    ).encode()
    at = draw(st.integers(0, len(good)))
    return draw(
        st.sampled_from([good[:at], good[at:], good[:at] + draw(st.binary(max_size=4)) + good[at:], good + good[:at]])
    )


documents = (shaped | json_values).map(lambda each: json.dumps(each).encode())
bodies = documents | cut() | st.binary(max_size=60)
header_texts = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=24) | st.floats().map(str)
headers = st.dictionaries(
    st.sampled_from(
        ["retry-after", "date", "idempotency-replayed", *(f"inin-ratelimit-{x}" for x in ("count", "allowed", "reset"))]
    ),
    header_texts | st.sampled_from(["Sun, 22 Nov 2026 13:00:00 GMT", "-5", "1e999", "99999999999999999999"]),
)


@settings(max_examples=400, deadline=None)
@given(bodies)
def test_every_body_is_read_or_refused(body):
    try:
        reply = read_reply(body, NAMES)
    except ReplyError:
        pass
    else:
        assert len(reply.replies) == len(NAMES)
        for each in reply.replies:
            assert each.pending is None or 0 <= each.pending <= 10**9
            assert each.acceptance_ratio is None or 0 <= each.acceptance_ratio <= 1


usual_numbers = st.none() | st.integers(-1, 4) | st.sampled_from([0.0, 0.5, 2.0, 1e9, 1.5e9, 3e6, -0.0, True, "2"])
usual_entities = st.dictionaries(
    st.sampled_from([each for each in FIELDS if each.startswith(("pending", "acceptance", "timeTo"))]), usual_numbers
)


@st.composite
def nearly_usual(draw):
    """Replies as platforms send them, with now and then something else in them."""
    entities = [{"externalId": name} | draw(usual_entities) for name in NAMES]
    document = {"results": [{"entity": each} for each in entities]}
    for result in document["results"]:
        result.update(draw(st.sampled_from([{}, {}, {}, {"error": None}, {"error": {"code": "no"}}, {"more": [[1]]}])))
    document |= draw(st.sampled_from([{}, {"errorIndexes": []}, {"errorIndexes": None}, {"errorIndexes": [1]}]))
    if draw(st.booleans()):
        entities[0]["externalId"] = draw(st.sampled_from([None, 7, "Other", "Gr\u00fc\u00dfe", "\ud800"]))
    spaces = draw(st.sampled_from([None, 1]))
    return json.dumps(document, ensure_ascii=draw(st.booleans()), indent=spaces).encode("utf-8", "surrogatepass")


def read(reader, body):
    """What a reader makes of a body: replies, notes, or the words of its refusal."""
    try:
        reply = reader(body, NAMES)
    except ReplyError as error:
        return str(error)
    return list(reply.replies), reply.notes


@settings(max_examples=200, deadline=None)
@given(nearly_usual() | bodies)
def test_replies_read_as_columns_mean_what_every_value_says(body):
    assert read(read_reply, body) == read(read_every_value, body)


@settings(max_examples=400, deadline=None)
@given(bodies, headers, st.integers(100, 599))
def test_every_answer_has_a_meaning(body, given_headers, status):
    outcome = judge(Answer(status, httpx.Headers(given_headers), body), NAMES, PredictiveDialect())
    assert isinstance(outcome.status, PushStatus)
    if outcome.retry_after_seconds is not None:
        assert 0 <= outcome.retry_after_seconds <= 180
    if outcome.status is PushStatus.ACCEPTED:
        assert 200 <= status < 300
        assert len(outcome.replies) == len(NAMES)
    elif outcome.status is not PushStatus.INVALID_REPLY:
        assert outcome.message
    if outcome.status is PushStatus.FENCED:
        assert status == 409
        assert not outcome.again


@settings(max_examples=300, deadline=None)
@given(bodies, headers)
def test_refusals_tokens_and_waits_are_read_or_refused(body, given_headers):
    read_refusal(body, cluster_field="clusterId")
    for read in (retry_after_seconds, rate_limit_seconds):
        seconds = read(given_headers)
        assert seconds is None or 0 <= seconds <= 180
    try:
        token_text, lifetime = read_token(body)
    except ReplyError:
        return
    assert token_text.isascii()
    assert 0 < lifetime < 1e9


def mutated(dice):
    """A good reply with a few of its parts replaced, doubled, dropped or cut."""
    wrong = [None, True, -1, 1e308, "x", [], {}, [[]], {"message": 7}, 2**70, "3"]
    reply = {"results": [{"entity": {"externalId": name, "pendingInvitationCount": 2}} for name in NAMES]}
    for _ in range(dice.randrange(4)):
        spot = dice.choice([reply, *(each for each in reply.get("results", ()) if isinstance(each, dict))])
        if dice.random() < 0.5 and isinstance(spot.get("entity"), dict):
            spot = spot["entity"]
        spot[dice.choice(FIELDS)] = copy.deepcopy(dice.choice(wrong))
        if not isinstance(reply.get("results"), list):
            break
    body = json.dumps(reply).encode()
    if dice.random() < 0.3:
        at, end = sorted((dice.randrange(len(body)), dice.randrange(len(body))))
        body = body[:at] + bytes(dice.randrange(256) for _ in range(dice.randrange(3))) + body[end:]
    return body


def test_ten_thousand_damaged_replies_have_a_meaning_each():
    dice = random.Random(20261122)
    counts = Counter()
    for _ in range(10_000):
        status = dice.choice([200, 200, 200, 201, 409, 500])
        counts[judge(Answer(status, httpx.Headers(), mutated(dice)), NAMES, PredictiveDialect()).status] += 1
    assert set(counts) == {PushStatus.ACCEPTED, PushStatus.INVALID_REPLY, PushStatus.FAILED, PushStatus.FENCED}
    assert counts[PushStatus.INVALID_REPLY] > 1000


status_lines = st.sampled_from(
    ["200 OK", "200 OK", "201 Created", "204 No Content", "409 Conflict", "401 No", "500 Oops", "304 Same"]
)
answers = st.one_of(
    st.builds(http_bytes, bodies, status_lines),
    st.builds(lambda body, lie: http_bytes(body, length=max(0, len(body) + lie)), bodies, st.integers(-5, 5)),
    st.builds(
        lambda body, coding: http_bytes(body, headers=f"Content-Encoding: {coding}\r\n"),
        bodies,
        st.sampled_from(["gzip", "deflate", "br", "identity", "what"]),
    ),
    st.builds(lambda body: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, st.binary(max_size=30)),
    st.builds(lambda body: b"HTTP/1.1 200 OK\r\n" + body + b"\r\n\r\n", st.binary(max_size=40)),
    st.binary(max_size=40),
)


class Loop:
    """A loop with a raw server and an adapter on it that live through all examples."""

    def __init__(self):
        self.runner = asyncio.Runner()
        self.answer = b""
        self.sequence = 0

    def __enter__(self):
        self.runner.__enter__()
        self.server = raw_server(self.handle)
        url = self.runner.run(self.server.__aenter__())
        self.adapter = self.runner.run(self.build(url))
        return self

    def __exit__(self, *failure):
        self.runner.run(self.adapter.close())
        self.runner.run(self.server.__aexit__(None, None, None))
        self.runner.__exit__(*failure)

    async def build(self, url):
        return BulkPlatform(platform_settings(url))

    async def handle(self, path, writer):
        writer.write(token_bytes() if path == "/oauth/token" else self.answer)
        await writer.drain()
        if path != "/oauth/token":
            writer.close()

    def push(self, answer, seconds=0.05):
        """One push; a broken answer is asked for again for so long."""
        self.answer = answer
        self.sequence += 1
        return self.runner.run(self.adapter.push(token(1, self.sequence), pushes(2), within(seconds)))


@pytest.fixture(scope="module")
def loop():
    with Loop() as running:
        yield running


def test_bytes_on_the_wire_are_judged(loop):
    assert loop.push(http_bytes(b"no", "400 Bad Request"), seconds=20.0).status is PushStatus.FAILED
    assert loop.push(http_bytes(b"[]"), seconds=20.0).status is PushStatus.INVALID_REPLY


def test_no_bytes_on_the_wire_break_a_push(loop):
    @settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(answers)
    def pushed(answer):
        outcome = loop.push(answer)
        assert isinstance(outcome, PushOutcome)
        assert not outcome.message.startswith("unexpected")

    pushed()
