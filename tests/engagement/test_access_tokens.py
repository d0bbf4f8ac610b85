"""Access tokens: cached, renewed in time, fetched once, and never shown."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse, Response
from structlog.testing import capture_logs

from pacing_node.engagement import oauth
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettingsError, ProxySettings
from pacing_node.engagement.platform import PushStatus
from pacing_node.engagement.redaction import MASK
from tests.support.engagement_platform import CLIENT, PASSWORD, pushes, settings, token, within
from tests.support.waiting import until


async def test_one_token_serves_many_pushes(platform, engagement):
    for sequence in range(1, 4):
        await engagement.push(token(1, sequence), pushes(1), within(5.0))
    assert len(platform.tokens) == 1


async def test_parts_that_need_a_token_at_once_fetch_one(platform):
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=1))
    assert (await adapter.push(token(), pushes(8), within(5.0))).status is PushStatus.ACCEPTED
    await adapter.close()
    assert len(platform.tokens) == 1


async def test_parts_share_the_failure_of_one_fetch_too(platform):
    asked = 0

    async def broken(request):
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.1)
        return Response("no", 400)

    platform.token_script = [broken] * 50
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=1))
    outcome = await adapter.push(token(), pushes(8), within(5.0))
    await adapter.close()
    assert outcome.status is PushStatus.FAILED
    assert asked == 1


class ShiftedClock:
    """The monotonic clock, set forward by the test."""

    def __init__(self):
        self.shift = 0.0

    def monotonic(self):
        return time.monotonic() + self.shift


@pytest.fixture
def clock(monkeypatch):
    shifted = ShiftedClock()
    monkeypatch.setattr(oauth, "time", shifted)
    return shifted


async def test_a_token_near_its_end_is_renewed_beside_the_push(platform, engagement, clock):
    platform.lifetime = 100.0
    await engagement.push(token(1, 1), pushes(1), within(5.0))
    clock.shift = 85.0  # the last fifth began after 80 s
    release = asyncio.Event()

    async def held(request):
        await release.wait()
        return JSONResponse({"access_token": "renewed-token", "expires_in": 3600})

    platform.token_script = [held]
    outcome = await engagement.push(token(1, 2), pushes(1), within(5.0))
    assert outcome.status is PushStatus.ACCEPTED  # with the old token, although the new one is not there yet
    platform.valid.add("renewed-token")
    release.set()
    clock.shift = 100.5  # the old one has expired: whoever pushes now waits for the fetch that runs
    await engagement.push(token(1, 3), pushes(1), within(5.0))
    assert platform.requests[-1][0]["authorization"] == "Bearer renewed-token"


async def test_an_expired_token_is_replaced_before_the_push(platform, engagement, clock):
    platform.lifetime = 100.0
    await engagement.push(token(1, 1), pushes(1), within(5.0))
    clock.shift = 100.5
    await engagement.push(token(1, 2), pushes(1), within(5.0))
    assert len(platform.tokens) == 2
    assert len(platform.requests) == 2  # no request was wasted on the old one


async def test_a_refused_token_is_replaced_once(platform, engagement):
    await engagement.push(token(1, 1), pushes(1), within(5.0))
    platform.valid.clear()
    outcome = await engagement.push(token(1, 2), pushes(1), within(5.0))
    assert (outcome.status, outcome.attempts) == (PushStatus.ACCEPTED, 2)
    assert len(platform.tokens) == 2


async def test_a_token_that_is_always_refused_fails_the_push(platform, engagement):
    platform.script = [JSONResponse({}, 401), JSONResponse({}, 401), JSONResponse({}, 401)]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.attempts) == (PushStatus.FAILED, 2)
    assert "HTTP 401" in outcome.message


async def test_wrong_credentials_are_said_plainly_and_not_tried_again(platform):
    adapter = BulkPlatform(settings(platform.url, password=SecretStr("wrong-password")))
    outcome = await adapter.push(token(), pushes(1), within(5.0))
    await adapter.close()
    assert (outcome.status, outcome.attempts) == (PushStatus.FAILED, 1)
    assert outcome.message == "token endpoint: HTTP 401 (are client_id and password right?)"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Response("hello"), "not JSON"),
        (JSONResponse([]), "found array, expected object"),
        (JSONResponse({"token": "x"}), "found null that is no token"),
        (JSONResponse({"access_token": "two\r\nX-Injected: lines"}), "found string that is no token"),
        (JSONResponse({"access_token": ""}), "found string that is no token"),
    ],
)
async def test_a_token_reply_that_does_not_fit_fails_the_push(platform, engagement, answer, message):
    platform.token_script = [answer]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert outcome.status is PushStatus.FAILED
    assert message in outcome.message
    assert platform.requests == []


@pytest.mark.parametrize("lifetime", [None, "soon", -5, True, "1e400", 10**30])
async def test_a_lifetime_that_makes_no_sense_does_not_spoil_the_token(platform, engagement, lifetime):
    platform.valid.add("odd-token")
    platform.token_script = [JSONResponse({"access_token": "odd-token", "expires_in": lifetime})]
    assert (await engagement.push(token(1, 1), pushes(1), within(5.0))).status is PushStatus.ACCEPTED
    assert (await engagement.push(token(1, 2), pushes(1), within(5.0))).status is PushStatus.ACCEPTED
    assert platform.tokens == []


async def test_a_busy_token_endpoint_is_asked_again(platform, engagement):
    platform.token_script = [Response("busy", 503)]
    outcome = await engagement.push(token(), pushes(1), within(5.0))
    assert (outcome.status, outcome.attempts) == (PushStatus.ACCEPTED, 2)


async def test_replaced_credentials_hold_from_the_next_push_on(platform):
    adapter = BulkPlatform(settings(platform.url, password=SecretStr("wrong-password")))
    assert (await adapter.push(token(1, 1), pushes(1), within(5.0))).status is PushStatus.FAILED
    adapter.replace(settings(platform.url))
    assert (await adapter.push(token(1, 2), pushes(1), within(5.0))).status is PushStatus.ACCEPTED
    await adapter.close()


async def test_settings_that_cannot_work_leave_the_old_ones_in_force(platform, engagement):
    with pytest.raises(EngagementSettingsError, match=r"ca_file: /no/such/file.pem"):
        engagement.replace(settings(platform.url, ca_file="/no/such/file.pem"))
    assert (await engagement.push(token(), pushes(1), within(5.0))).status is PushStatus.ACCEPTED


async def test_a_push_under_way_ends_with_the_settings_it_began_with(platform, engagement):
    async def slow(request):
        await asyncio.sleep(2.0)

    platform.script = [slow]
    pushing = asyncio.create_task(engagement.push(token(), pushes(1), within(5.0)))
    await until(lambda: platform.requests, "the push is under way")
    engagement.replace(settings("http://127.0.0.1:9"))
    assert (await pushing).status is PushStatus.ACCEPTED


@pytest.mark.parametrize("field", ["base_auth_url", "base_service_url"])
@pytest.mark.parametrize("url", ["", "ftp://host/", "http://", "http://[::", "https://user:word@host/"])
def test_addresses_that_cannot_be_used_are_refused_by_name(field, url):
    with pytest.raises(EngagementSettingsError, match=field) as caught:
        settings("http://host", **{field: url})
    assert "word" not in str(caught.value).replace("password", "")


async def test_no_secret_is_shown_in_any_text_log_or_error(platform, caplog):
    caplog.set_level(logging.DEBUG)
    proxy_word = "proxy-secret-77"
    given = settings(platform.url, max_entities_per_request=1)
    shown = [repr(given), str(given), repr(ProxySettings("http://proxy:1", "u", SecretStr(proxy_word)))]
    adapter = BulkPlatform(given)

    async def parrot(request):
        """Every secret it has seen goes back as text, in an error of the whole call."""
        words = f"{request.headers['authorization']} {PASSWORD} {PASSWORD!r}"
        return JSONResponse({"code": "parrot", "message": words}, 400)

    async def parrot_target(request):
        return JSONResponse({"results": [{"error": {"message": f"{request.headers['authorization']} {PASSWORD}"}}]})

    with capture_logs() as logs:
        platform.script = [parrot]
        outcomes = [await adapter.push(token(1, 1), pushes(1), within(5.0))]
        platform.script = [parrot_target]
        outcomes.append(await adapter.push(token(1, 2), pushes(1), within(5.0)))
        platform.token_script = [Response(PASSWORD, 400)]
        adapter.replace(settings(platform.url))
        outcomes.append(await adapter.push(token(1, 3), pushes(1), within(5.0)))
        adapter.replace(settings("http://127.0.0.1:9"))
        outcomes.append(await adapter.push(token(1, 4), pushes(1), within(0.3)))
        await adapter.close()
    assert [each.status for each in outcomes] == [
        PushStatus.FAILED,
        PushStatus.ACCEPTED,
        PushStatus.FAILED,
        PushStatus.FAILED,
    ]
    assert MASK in outcomes[0].message
    assert MASK in outcomes[1].replies[0].error
    everything = "\n".join([*shown, *map(repr, outcomes), repr(logs), caplog.text])
    for secret in (PASSWORD, repr(PASSWORD)[1:-1], proxy_word, *platform.tokens):
        assert secret not in everything
    assert CLIENT in everything  # not a secret: the test does see the texts
