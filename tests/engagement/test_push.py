"""A push to a platform that answers as it should."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import JSONResponse, Response

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.platform import FencingMark, PushStatus
from tests.support.engagement_platform import push, pushes, settings, token, within
from tests.support.waiting import until


async def test_a_target_is_sent_with_everything_the_platform_needs(platform, engagement):
    outcome = await engagement.push(
        token(3, 17), [push(inbound_portion=0.5, estimated_wait_seconds=12.34)], within(5.0)
    )
    assert outcome.status is PushStatus.ACCEPTED
    headers, body = platform.requests[0]
    assert body == {
        "entities": [
            {
                "id": "Sales - chat",
                "name": "Sales - chat",
                "externalId": "Sales - chat",
                "mediaType": "chat",
                "supportedMediaTypes": ["chat"],
                "userData": [
                    {"key": "agentGroup", "value": "G1"},
                    {"key": "agentGroup", "value": "G2"},
                    {"key": "virtualQueue", "value": "Sales"},
                    {"key": "inboundPortion", "value": "0.5000"},
                ],
                "allowedInvitationCount": 7,
                "allowedInvitationIntervalSeconds": 5.0,
                "estimatedWaitTimeSeconds": 12.3,
                "rawStatistics": {
                    "numberOfLoggedInAgents": 9,
                    "numberOfReadyAgents": 3,
                    "numberOfInteractionsInQueue": 2,
                    "numberOfServedInteractions": 40,
                    "numberOfAbandonedInteractions": 1,
                },
            }
        ]
    }
    fencing = {name: value for name, value in headers.items() if name.startswith(("pacing-", "idempotency"))}
    assert fencing == {
        "pacing-cluster-id": "c-1",
        "pacing-epoch": "3",
        "pacing-sequence": "17",
        "pacing-part": "1/1",
        "pacing-kind": "full",
        "idempotency-key": "c-1:3:17:1",
    }


async def test_without_dual_mode_nothing_is_said_of_inbound_traffic(platform, engagement):
    await engagement.push(token(), [push()], within(5.0))
    assert {each["key"] for each in platform.requests[0][1]["entities"][0]["userData"]} == {
        "agentGroup",
        "virtualQueue",
    }
    assert "estimatedWaitTimeSeconds" not in platform.requests[0][1]["entities"][0]


async def test_replies_come_in_the_order_of_the_push(platform, engagement):
    outcome = await engagement.push(token(), pushes(3), within(5.0))
    assert [reply.pending for reply in outcome.replies] == [4, 4, 4]
    assert outcome.replies[0].acceptance_ratio == 0.25
    assert outcome.replies[0].positive_disposition_seconds is None
    assert (outcome.attempts, outcome.replayed, outcome.message) == (1, False, "")
    assert outcome.duration_seconds > 0


async def test_many_targets_go_in_parts_of_one_push(platform):
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=40, max_concurrent_requests=3))
    outcome = await adapter.push(token(2, 9), pushes(100), within(10.0))
    await adapter.close()
    assert outcome.status is PushStatus.ACCEPTED
    assert len(outcome.replies) == 100
    sent = sorted((headers["pacing-part"], headers["idempotency-key"]) for headers, _ in platform.requests)
    assert sent == [("1/3", "c-1:2:9:1"), ("2/3", "c-1:2:9:2"), ("3/3", "c-1:2:9:3")]
    assert sorted(len(body["entities"]) for _, body in platform.requests) == [20, 40, 40]


async def test_no_more_requests_than_allowed_are_under_way_at_once(platform):
    running = peak = 0

    async def slow(request):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0.05)
        running -= 1

    platform.script = [slow] * 8
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=1, max_concurrent_requests=2))
    assert (await adapter.push(token(), pushes(8), within(10.0))).status is PushStatus.ACCEPTED
    await adapter.close()
    assert peak == 2


async def test_a_push_of_nothing_sends_nothing(platform, engagement):
    outcome = await engagement.push(token(), [], within(5.0))
    assert (outcome.status, outcome.replies, platform.requests) == (PushStatus.ACCEPTED, (), [])


async def test_a_body_can_go_compressed(platform):
    adapter = BulkPlatform(settings(platform.url, compress=True))
    assert (await adapter.push(token(), pushes(50), within(5.0))).status is PushStatus.ACCEPTED
    await adapter.close()
    assert platform.requests[0][0]["content-encoding"] == "gzip"


def says_gzip(platform, coding="gzip"):
    """Answers of the platform carry Accept-Encoding from now on."""
    results = platform.fenced

    def fenced(headers, document):
        answer = results(headers, document)
        answer.headers["Accept-Encoding"] = coding
        return answer

    platform.fenced = fenced


def codings(platform):
    return [headers.get("content-encoding") for headers, _ in platform.requests]


async def test_bodies_go_compressed_once_the_platform_says_that_it_takes_them(platform, engagement):
    says_gzip(platform, "br, gzip;q=0.5")
    for sequence in (1, 2, 3):
        assert (await engagement.push(token(1, sequence), pushes(3), within(5.0))).accepted
    assert codings(platform) == [None, "gzip", "gzip"]


@pytest.mark.parametrize("coding", ["", "br", "gzip;q=0", "identity, gzip;q=0.000, br"])
async def test_bodies_go_plain_while_the_platform_says_nothing_of_gzip(platform, engagement, coding):
    says_gzip(platform, coding)
    for sequence in (1, 2):
        assert (await engagement.push(token(1, sequence), pushes(3), within(5.0))).accepted
    assert codings(platform) == [None, None]


async def test_gzip_that_is_refused_after_all_goes_plain_at_once_and_from_then_on(platform, engagement):
    says_gzip(platform)
    assert (await engagement.push(token(1, 1), pushes(3), within(5.0))).accepted
    platform.script = [JSONResponse({"status": 415, "code": "unsupported"}, 415)]
    second = await engagement.push(token(1, 2), pushes(3), within(5.0))
    third = await engagement.push(token(1, 3), pushes(3), within(5.0))
    assert (second.accepted, second.attempts, third.accepted) == (True, 2, True)
    assert codings(platform) == [None, "gzip", None, None]


@pytest.mark.parametrize(("mark", "code"), [(("c-1", 5, 1), "stale_token"), (("other", 1, 1), "foreign_cluster")])
async def test_a_platform_that_has_seen_a_newer_token_fences(platform, engagement, mark, code):
    platform.mark = mark
    outcome = await engagement.push(token(4, 99), pushes(2), within(5.0))
    assert outcome.status is PushStatus.FENCED
    assert outcome.mark == FencingMark(*mark)
    assert outcome.message == f"{code}: a newer push was seen"
    assert outcome.replies == ()
    assert len(platform.requests) == 1  # never repeated


async def test_one_fenced_part_ends_the_push(platform):
    platform.mark = ("c-1", 5, 1)
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=1, max_concurrent_requests=1))
    outcome = await adapter.push(token(4, 1), pushes(50), within(5.0))
    await adapter.close()
    assert outcome.status is PushStatus.FENCED
    assert len(platform.requests) < 50


async def test_warming_up_leaves_a_token_and_an_open_connection(platform, engagement):
    await engagement.warm_up(5.0)
    assert (len(platform.tokens), platform.heads) == (1, 1)
    await engagement.push(token(), pushes(1), within(5.0))
    assert len(platform.tokens) == 1


async def test_a_token_the_platform_has_revoked_is_replaced_before_anybody_counts_on_it(platform, engagement):
    assert await engagement.why_unreachable(5.0) is None
    platform.valid.clear()
    assert await engagement.why_unreachable(5.0) is None
    assert len(platform.tokens) == 2


async def test_with_a_revoked_token_and_no_new_one_a_push_could_not_reach_the_platform(platform, engagement):
    assert await engagement.why_unreachable(5.0) is None
    platform.valid.clear()
    platform.token_script += [Response(status_code=503)]
    assert "503" in (await engagement.why_unreachable(5.0) or "")


async def test_warming_up_against_nobody_is_quiet():
    adapter = BulkPlatform(settings("http://127.0.0.1:9"))
    await adapter.warm_up(2.0)
    await adapter.close()


async def test_a_cancelled_push_stops_at_once(platform, engagement):
    async def never(request):
        await asyncio.sleep(60.0)

    platform.script = [never]
    pushing = asyncio.create_task(engagement.push(token(), pushes(1), within(30.0)))
    await until(lambda: platform.requests)
    pushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(pushing, 30.0)  # the answer would have come after a minute
