"""Pages for viewers alone, where the options ask for it: health pages and the pacing reads stay open."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import httpx
import pytest
from structlog.testing import capture_logs

from cluster.access.access_control import AccessControl
from cluster.access.audit_log import EVENT, AuditLog
from cluster.access.roles import AccessRole
from cluster.access.tokens import TokenBook, new_token
from pacing_node.api.app import PAGES, build_app
from pacing_node.api.caller_source import NamedCaller
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.page_gate import OPEN_PAGES, PageGate
from tests.api.test_pages import Site

READS = "/backend/data/pacing/reactiveState"


class Gated:
    """A site behind a gate."""

    def __init__(
        self, *, required: bool = True, client: str = "127.0.0.1", proxies: TrustedProxies | None = None
    ) -> None:
        self.control, self.audit = AccessControl("pacing"), AuditLog()
        gate = PageGate(self.control, self.audit, lambda: required)
        app = NamedCaller(build_app(replace(Site().view(), gate=gate)), proxies or TrustedProxies())
        transport = httpx.ASGITransport(app=app, client=(client, 5))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://node")

    def token(self, seconds: float = 60.0) -> dict[str, str]:
        made = time.time() - (100.0 if seconds < 0 else 0.0)
        text, token = new_token(
            "screen", AccessRole.VIEWER, created_at=made, seconds=abs(seconds), randomness=os.urandom(38)
        )
        self.control.tokens = TokenBook((token,))
        return {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize("page", ["/", *PAGES])
async def test_a_page_needs_a_viewer_but_for_those_of_load_balancers(page: str) -> None:
    gated = Gated()
    shown = gated.token()
    with capture_logs() as events:
        without = await gated.client.get(page)
    if page in OPEN_PAGES:
        assert without.status_code in {200, 503}
        return
    assert without.status_code == 401
    assert without.headers["www-authenticate"] == "Bearer"
    assert [event["outcome"] for event in events if event["event"] == EVENT] == ["refused"]
    assert (await gated.client.get(page, headers=shown)).status_code == 200


@pytest.mark.parametrize(
    ("client", "source"), [("10.0.0.1", "203.0.113.9 through 10.0.0.1:5"), ("198.51.100.7", "198.51.100.7:5")]
)
async def test_an_audit_line_names_whom_a_trusted_proxy_calls_for_and_the_proxy(client: str, source: str) -> None:
    gated = Gated(client=client, proxies=TrustedProxies(["10.0.0.0/8"]))
    gated.token()
    with capture_logs() as events:
        answer = await gated.client.get("/cluster", headers={"X-Forwarded-For": "192.0.2.1, 203.0.113.9"})
    assert [event["source"] for event in events if event["event"] == EVENT] == [source]
    assert "need a token with the role viewer" in answer.text


async def test_the_pacing_reads_of_browsers_stay_open() -> None:
    gated = Gated()
    gated.token()
    assert (await gated.client.get(READS)).status_code not in {401, 403}


@pytest.mark.parametrize("header", ["Bearer x", "Bearer pacing_0123456789ab_" + "x" * 43, "Basic eDp5", "Bearer a.b.c"])
async def test_a_wrong_token_is_refused(header: str) -> None:
    gated = Gated()
    gated.token()
    assert (await gated.client.get("/cluster", headers={"Authorization": header})).status_code == 401


async def test_an_expired_token_is_refused() -> None:
    gated = Gated()
    assert (await gated.client.get("/cluster", headers=gated.token(-50.0))).status_code == 401


async def test_a_token_over_plain_http_from_elsewhere_is_refused() -> None:
    gated = Gated(client="10.0.0.9")
    answer = await gated.client.get("/cluster", headers=gated.token())
    assert (answer.status_code, "others can read" in answer.json()["error"]) == (401, True)


@pytest.mark.parametrize("client", ["127.0.0.1", "10.0.0.9"])
async def test_pages_stay_closed_when_the_last_token_is_revoked(client: str) -> None:
    gated = Gated(client=client)
    shown = gated.token()
    gated.control.tokens = TokenBook()
    for headers in ({}, shown):
        answer = await gated.client.get("/cluster", headers=headers)
        assert answer.status_code == 401
    assert "pacing token create" in (await gated.client.get("/cluster")).json()["error"]


async def test_a_refused_page_is_named_in_the_audit_log() -> None:
    gated = Gated()
    gated.token()
    with capture_logs() as events:
        await gated.client.get("/explain?target=x%0Ay")
    assert [event["asked"] for event in events if event["event"] == EVENT] == [{"page": "/explain"}]


async def test_where_it_is_not_asked_for_the_pages_are_open() -> None:
    gated = Gated(required=False)
    gated.token()
    assert (await gated.client.get("/cluster")).status_code == 200
