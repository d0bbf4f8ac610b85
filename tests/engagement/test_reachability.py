"""Whether a push could reach the platform: a HEAD at the push address, and every usual answer to one."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.platform import PushStatus
from pacing_node.engagement.webhook import WebhookSettings
from tests.support.engagement_platform import http_bytes, pushes, raw_server, token, within

TAKES_NO_HEAD = (
    "204 No Content",
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "405 Method Not Allowed",
    "411 Length Required",
    "415 Unsupported Media Type",
    "422 Unprocessable Content",
    "429 Too Many Requests",
    "501 Not Implemented",
    "505 HTTP Version Not Supported",
)
NO_PUSH = {
    "301 Moved Permanently": "HTTP status 301: a redirect, which no push follows",
    "302 Found": "HTTP status 302: a redirect, which no push follows",
    "308 Permanent Redirect": "HTTP status 308: a redirect, which no push follows",
    "407 Proxy Authentication Required": "HTTP status 407: the proxy on the way refuses the credentials",
    "500 Internal Server Error": "HTTP status 500",
    "502 Bad Gateway": "HTTP status 502",
    "503 Service Unavailable": "HTTP status 503",
    "504 Gateway Timeout": "HTTP status 504",
    "511 Network Authentication Required": "HTTP status 511",
}


@asynccontextmanager
async def answering(head: bytes):
    """A receiver that answers HEAD with these bytes, and takes every push."""
    asked: list[str] = []

    async def handle(_path, writer, request, _body):
        asked.append(request.split(" ")[0])
        writer.write(head if asked[-1] == "HEAD" else http_bytes(b"", "204 No Content"))

    async with raw_server(handle, whole=True) as url:
        platform = BulkPlatform(WebhookSettings(f"{url}/pacing"))
        yield platform, asked
        await platform.close()


@pytest.mark.parametrize("status", TAKES_NO_HEAD)
async def test_a_platform_that_takes_no_head_can_be_reached(status: str) -> None:
    async with answering(http_bytes(b"", status)) as (platform, asked):
        assert await platform.why_unreachable(20.0) is None
        assert (await platform.push(token(), pushes(1), within(20.0))).status is PushStatus.ACCEPTED
    assert asked == ["HEAD", "POST"]


@pytest.mark.parametrize(("status", "why"), NO_PUSH.items())
async def test_what_stands_before_the_platform_is_not_the_platform(status: str, why: str) -> None:
    moved = "Location: http://192.0.2.1/login\r\n"
    async with answering(http_bytes(b"", status, headers=moved)) as (platform, asked):
        assert await platform.why_unreachable(20.0) == why
    assert asked == ["HEAD"]


@pytest.mark.parametrize("body", [b"<h1>405</h1>", b"HTTP/1.1 409 Conflict\r\n\r\n", b"x" * 70_000])
async def test_a_body_that_must_not_follow_costs_no_push(body: bytes) -> None:
    async with answering(http_bytes(body, "405 Method Not Allowed")) as (platform, asked):
        assert await platform.why_unreachable(20.0) is None
        outcome = await platform.push(token(), pushes(1), within(20.0))
    assert outcome.status is PushStatus.ACCEPTED, outcome.message
    assert asked[-1] == "POST"


async def test_a_length_without_a_body_is_what_a_head_is_answered_with() -> None:
    async with answering(http_bytes(b"", "200 OK", length=1234)) as (platform, asked):
        assert await platform.why_unreachable(20.0) is None
        assert (await platform.push(token(), pushes(1), within(20.0))).status is PushStatus.ACCEPTED
    assert asked == ["HEAD", "POST"]


async def test_no_answer_is_a_reason_too() -> None:
    async with answering(b"") as (platform, _asked):
        assert await platform.why_unreachable(0.2) == "no answer within 0.2 s"


async def test_what_is_no_http_is_a_reason_too() -> None:
    async with answering(b"220 mail.example ESMTP\r\n\r\n") as (platform, _asked):
        assert "220 mail.example" in (await platform.why_unreachable(20.0) or "")
