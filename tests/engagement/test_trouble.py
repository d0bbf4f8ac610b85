"""What the adapter does next when the platform answers badly, late or not at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from starlette.responses import JSONResponse, Response

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.platform import PushStatus
from tests.support.engagement_platform import http_bytes, pushes, raw_server, settings, token, token_bytes, within
from tests.support.listening import listening
from tests.support.waiting import timed

ROOM_SECONDS = 20.0
"""What a busy machine may add to a deadline; the times are printed."""


def status(code, headers=None, body=None):
    return JSONResponse(body or {"status": code, "message": "not now"}, code, headers=headers)


@pytest.mark.parametrize("code", [429, 502, 503, 504])
async def test_a_passing_trouble_is_tried_again_with_the_same_token(platform, engagement, code):
    platform.script = [status(code), status(code)]
    outcome = await engagement.push(token(2, 3), pushes(2), within(5.0))
    assert (outcome.status, outcome.attempts) == (PushStatus.ACCEPTED, 3)
    assert {headers["idempotency-key"] for headers, _ in platform.requests} == {"c-1:2:3:1"}


async def test_the_wait_the_platform_asks_for_is_kept(platform, engagement):
    platform.script = [status(429, {"Retry-After": "1"})]
    with timed("a push told to wait for 1 s") as taken:
        outcome = await engagement.push(token(), pushes(1), within(30.0))
    assert outcome.status is PushStatus.ACCEPTED
    assert taken.seconds >= 1.0


async def test_a_wait_beyond_the_deadline_is_reported_at_once(platform, engagement):
    platform.script = [status(429, {"Retry-After": "60"})]
    with timed("a push told to wait beyond its deadline") as taken:
        outcome = await engagement.push(token(), pushes(1), within(50.0))
    assert taken.seconds < 40.0, "it waits neither for the platform nor for the deadline"
    assert (outcome.status, outcome.retry_after_seconds, outcome.attempts) == (PushStatus.FAILED, 60.0, 1)
    assert "HTTP 429" in outcome.message
    assert "not now" in outcome.message


async def test_a_wait_given_as_a_date_is_taken_against_the_platforms_own_clock(platform, engagement):
    wrong_by_a_year = datetime.now(UTC) - timedelta(days=365)
    headers = {
        "Date": format_datetime(wrong_by_a_year, usegmt=True),
        "Retry-After": format_datetime(wrong_by_a_year + timedelta(seconds=45), usegmt=True),
    }
    platform.script = [status(503, headers)]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.retry_after_seconds) == (PushStatus.FAILED, 45.0)


async def test_a_used_up_rate_limit_is_told_to_the_caller(platform, engagement):
    async def limited(request):
        document = await request.json()
        return JSONResponse(
            platform.results(document),
            headers={"inin-ratelimit-count": "300", "inin-ratelimit-allowed": "300", "inin-ratelimit-reset": "17"},
        )

    platform.script = [limited]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.retry_after_seconds) == (PushStatus.ACCEPTED, 17.0)


@pytest.mark.parametrize("code", [400, 403, 404, 413, 500, 501, 302])
async def test_what_would_fail_again_is_not_tried_again(platform, engagement, code):
    platform.script = [status(code)]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.attempts, len(platform.requests)) == (PushStatus.FAILED, 1, 1)
    assert f"HTTP {code}" in outcome.message


async def test_a_conflict_of_another_kind_does_not_fence(platform, engagement):
    platform.script = [status(409, body={"code": "duplicate.name", "message": "exists"})]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert outcome.status is PushStatus.FAILED


async def test_a_conflict_nobody_can_read_is_taken_for_a_fence(platform, engagement):
    platform.script = [Response("<html>Conflict</html>", 409)]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.mark) == (PushStatus.FENCED, None)


async def test_a_slow_answer_ends_at_the_deadline(platform, engagement):
    asked = asyncio.Event()

    async def slow(request):
        asked.set()
        await asyncio.sleep(60.0)

    platform.script = [slow]
    with timed("a push with 0.3 s") as taken:
        outcome = await engagement.push(token(), pushes(1), within(0.3))
    assert outcome.status is PushStatus.DEADLINE
    assert taken.seconds < ROOM_SECONDS, "the answer would have come after a minute"
    assert "0.3 s" in outcome.message


async def test_a_body_that_drips_ends_at_the_deadline():
    async def drip(path, writer):
        if path == "/oauth/token":
            writer.write(token_bytes())
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for _ in range(1200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw_server(drip) as url:
        adapter = BulkPlatform(settings(url))
        with timed("a push with 0.5 s") as taken:
            outcome = await adapter.push(token(), pushes(1), within(0.5))
        await adapter.close()
    assert outcome.status is PushStatus.DEADLINE
    assert taken.seconds < ROOM_SECONDS, "the body would have dripped for a minute"


async def test_a_deadline_tells_what_went_wrong_before(platform, engagement):
    async def slow(request):
        await asyncio.sleep(1.0)

    platform.script = [status(503), slow]
    outcome = await engagement.push(token(), pushes(1), within(0.5))
    assert outcome.status is PushStatus.DEADLINE
    assert "HTTP 503" in outcome.message
    assert outcome.attempts == 2


async def test_nobody_listening_fails_within_the_deadline():
    adapter = BulkPlatform(settings("http://127.0.0.1:9"))
    with timed("a push with 3 s to where nobody listens") as taken:
        outcome = await adapter.push(token(), pushes(1), within(3.0))
    await adapter.close()
    assert outcome.status is PushStatus.FAILED
    assert outcome.attempts > 1
    assert taken.seconds < 3.0 + ROOM_SECONDS


async def test_a_connection_reset_in_the_middle_of_the_reply_is_tried_again_and_replayed(platform):
    """The platform took the push, the answer was lost: the repetition gets the stored answer."""
    lost = 0

    async def relay(reader, writer):
        nonlocal lost
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", int(platform.url.rsplit(":", 1)[1]))
        request = await reader.readuntil(b"\r\n\r\n")

        async def forward():
            while data := await reader.read(65536):
                upstream.write(data)

        upstream.write(request)
        forwarding = asyncio.create_task(forward())
        try:
            while data := await upstream_reader.read(65536):
                if b"pendingInvitationCount" in data and lost == 0:
                    lost += 1
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    break
                writer.write(data)
        finally:
            forwarding.cancel()
            upstream.close()
            writer.transport.abort()

    async with listening(relay) as server:
        adapter = BulkPlatform(settings(server.url))
        outcome = await adapter.push(token(), pushes(1), within(5.0))
        await adapter.close()
    assert lost == 1
    assert (outcome.status, outcome.replayed, outcome.attempts) == (PushStatus.ACCEPTED, True, 2)


async def test_a_pooled_connection_the_server_closed_does_not_cost_the_push():
    connections = set()

    async def close_after_answering(path, writer):
        connections.add(writer)
        writer.write(token_bytes() if path == "/oauth/token" else http_bytes(b'{"results":[{"entity":{}}]}'))
        await writer.drain()
        writer.close()  # without having said so: the client thinks it can use the connection again

    async with raw_server(close_after_answering) as url:
        adapter = BulkPlatform(settings(url))
        for sequence in range(1, 6):
            outcome = await adapter.push(token(1, sequence), pushes(1), within(5.0))
            assert outcome.status is PushStatus.ACCEPTED
        await adapter.close()
    assert len(connections) >= 5


async def test_an_endless_reply_is_cut_off():
    async def endless(path, writer):
        if path == "/oauth/token":
            writer.write(token_bytes())
            return
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
            await writer.drain()

    async with raw_server(endless) as url:
        adapter = BulkPlatform(settings(url, max_reply_bytes=1_000_000))
        outcome = await adapter.push(token(), pushes(1), within(20.0))
        await adapter.close()
    assert outcome.status is PushStatus.INVALID_REPLY
    assert "longer than 1000000 bytes" in outcome.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b'{"results":[{"entity":', "not JSON"),
        (b"<html>welcome</html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"results":[NaN]}', "NaN is not a JSON value"),
        (b"null", "the reply: found null, expected object"),
        (b"{}", "results: found null, expected array"),
        (b'{"results":{}}', "results: found object, expected array"),
        (b'{"results":[]}', "results: found 0, expected 1"),
        (b'{"results":[{},{}]}', "results: found 2, expected 1"),
        (b'{"results":["no"]}', "found string, expected object"),
        (b'{"results":[{}]}', "entity of 'Sales 00000 - chat': found null, expected object"),
        (b'{"results":[{"entity":{"externalId":"Other"}}]}', "found externalId 'Other'"),
        (b'{"results":[{"entity":{"pendingInvitationCount":"4"}}]}', "found string '4', expected whole number"),
        (b'{"results":[{"entity":{"pendingInvitationCount":-1}}]}', "found number -1, expected whole number"),
        (b'{"results":[{"entity":{"pendingInvitationCount":1e999}}]}', "found number inf"),
        (b'{"results":[{"entity":{"pendingInvitationCount":true}}]}', "found boolean True"),
    ],
)
async def test_a_reply_that_does_not_fit_says_what_was_found_and_expected(platform, engagement, body, message):
    platform.script = [Response(body, 200)]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert outcome.status is PushStatus.INVALID_REPLY
    assert message in outcome.message
    assert outcome.replies == ()


async def test_errors_of_single_targets_leave_the_others_in_force(platform, engagement):
    error = {
        "code": "bad.request",
        "message": "name too long",
        "status": 400,
        "errors": [{"field": "name", "message": "at most 80"}],
    }
    platform.script = [
        JSONResponse(
            {
                "results": [
                    {"entity": {"pendingInvitationCount": 3}},
                    {"error": error},
                    {"entity": {"pendingInvitationCount": "x"}},
                    {"entity": {"pendingInvitationCount": 5}},
                    {"entity": {"acceptanceRate": 0.5, "timeToPositiveDispositionAvgSeconds": 11}},
                ],
                "errorCount": 2,
                "errorIndexes": [1, 3, "nonsense"],
            }
        )
    ]
    outcome = await engagement.push(token(), pushes(5), within(5.0))
    assert outcome.status is PushStatus.ACCEPTED
    assert [reply.pending for reply in outcome.replies] == [3, None, None, None, None]
    errors = [reply.error for reply in outcome.replies]
    assert errors[0] is None
    assert errors[1] == "bad.request · 400 · name too long · name: at most 80"
    assert "found string 'x'" in errors[2]
    assert errors[3] == "the platform lists it in errorIndexes"
    assert (errors[4], outcome.replies[4].positive_disposition_seconds) == (None, 11.0)


async def test_estimates_that_make_no_sense_are_left_out_and_named(platform, engagement):
    entity = {"pendingInvitationCount": 2.0, "acceptanceRate": 37.5, "timeToNegativeDispositionAvgSeconds": "soon"}
    platform.script = [JSONResponse({"results": [{"entity": entity}]})]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert outcome.status is PushStatus.ACCEPTED
    assert outcome.replies[0].pending == 2
    assert outcome.replies[0].acceptance_ratio is None
    assert "acceptanceRate of 'Sales 00000 - chat': left out number 37.5" in outcome.message


async def test_a_failed_part_is_named_and_the_push_counts_as_failed(platform):
    platform.script = [None, status(400), None]
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=1, max_concurrent_requests=1))
    outcome = await adapter.push(token(), pushes(3), within(5.0))
    await adapter.close()
    assert outcome.status is PushStatus.FAILED
    assert outcome.message.startswith("part 2/3: HTTP 400")
    assert len(platform.requests) == 3
