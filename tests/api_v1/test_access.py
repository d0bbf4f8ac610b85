"""Who may read: this machine, or whoever shows a token; browsers by a session no other site can use."""

from __future__ import annotations

import pytest

from cluster.access.roles import AccessRole
from cluster.access.tokens import TokenBook
from pacing_node.api.v1 import browser_sessions
from pacing_node.api.v1.browser_sessions import BrowserSessions
from tests.support.api_site import REMOTE, ApiSite

READ = "/api/v1/groups"


class TestReads:
    @pytest.mark.parametrize(
        ("reads", "local", "remote"), [("open", 200, 200), ("local", 200, 401), ("viewer", 401, 401)]
    )
    async def test_the_option_says_who_reads_without_a_proof(
        self, site: ApiSite, reads: str, local: int, remote: int
    ) -> None:
        site.reads = reads
        for tokens in (False, True):
            if tokens:
                site.token(AccessRole.VIEWER)
            async with site.client() as here, site.client(REMOTE) as away:
                assert (await here.get(READ)).status_code == local
                assert (await away.get(READ)).status_code == remote

    async def test_a_token_reads_from_everywhere_and_a_revoked_one_from_nowhere(self, site: ApiSite) -> None:
        bearer = {"Authorization": f"Bearer {site.token(AccessRole.VIEWER)}"}
        async with site.client(REMOTE, headers=bearer) as away, site.client(headers=bearer) as here:
            assert (await away.get(READ)).status_code == 200
            site.control.tokens = TokenBook()
            assert (await away.get(READ)).status_code == 401
            assert (await here.get(READ)).status_code == 401
        assert [event["what"] for event in site.events] == ["Api", "Api"]

    async def test_a_token_over_a_connection_others_can_read_is_refused(self, site: ApiSite) -> None:
        bearer = {"Authorization": f"Bearer {site.token(AccessRole.VIEWER)}"}
        async with site.client(REMOTE, headers=bearer, base_url="http://node.example:8080") as away:
            answer = await away.get(READ)
        assert answer.status_code == 401
        assert "over a connection that others can read" in answer.json()["detail"]

    @pytest.mark.parametrize(
        "headers",
        [{"X-Forwarded-For": "192.0.2.9"}, {"Forwarded": "for=192.0.2.9"}, {"Host": "rebound.example:8080"}],
    )
    async def test_a_proxy_and_a_strangers_name_for_this_machine_are_not_local(
        self, site: ApiSite, headers: dict[str, str]
    ) -> None:
        async with site.client(headers=headers) as client:
            assert (await client.get(READ)).status_code == 401


class TestSessions:
    async def test_a_browser_shows_its_token_once_and_gets_a_cookie_no_script_can_read(self, site: ApiSite) -> None:
        text = site.token(AccessRole.OPERATOR)
        async with site.client(REMOTE) as browser:
            assert (await browser.get("/api/v1/session")).json()["role"] is None
            answer = await browser.post("/api/v1/session", json={"token": text})
            assert answer.status_code == 200
            cookie = answer.headers["set-cookie"]
            for attribute in ("HttpOnly", "SameSite=strict", "Secure", "Path=/api/v1"):
                assert attribute in cookie
            assert text not in answer.text + cookie
            assert (await browser.get(READ)).status_code == 200
            shown = (await browser.get("/api/v1/session")).json()
            assert (shown["role"], shown["session"], bool(shown["csrf"])) == ("operator", True, True)
            assert (await browser.request("DELETE", "/api/v1/session", headers=csrf(shown))).status_code == 204
            assert (await browser.get(READ)).status_code == 401

    async def test_a_session_ends_with_its_token(self, site: ApiSite) -> None:
        async with site.client(REMOTE) as browser:
            await browser.post("/api/v1/session", json={"token": site.token(AccessRole.VIEWER)})
            site.control.tokens = TokenBook()
            assert (await browser.get(READ)).status_code == 401
        assert len(site.gate.sessions) == 0

    async def test_a_wrong_token_begins_nothing_and_is_audited(self, site: ApiSite) -> None:
        site.token(AccessRole.VIEWER)
        async with site.client(REMOTE) as browser:
            answer = await browser.post("/api/v1/session", json={"token": "pacing_000000000000_x"})
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
        assert [(event["outcome"], event["what"]) for event in site.events] == [("refused", "Api")]

    async def test_attempts_from_one_address_are_bounded(self, site: ApiSite) -> None:
        async with site.client(REMOTE) as browser:
            statuses = [
                (await browser.post("/api/v1/session", json={"token": "pacing_x"})).status_code for _ in range(12)
            ]
        assert statuses[:10] == [401] * 10
        assert statuses[-1] == 429

    @pytest.mark.parametrize(
        "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
    )
    async def test_another_sites_page_can_begin_and_end_no_session(
        self, site: ApiSite, headers: dict[str, str]
    ) -> None:
        text = site.token(AccessRole.VIEWER)
        async with site.client(REMOTE) as browser:
            answer = await browser.post("/api/v1/session", json={"token": text}, headers=headers)
            assert (answer.status_code, len(site.gate.sessions)) == (403, 0)
            await browser.post("/api/v1/session", json={"token": text})
            assert (await browser.request("DELETE", "/api/v1/session", headers=headers)).status_code == 403
            assert len(site.gate.sessions) == 1

    def test_sessions_are_bounded_and_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(browser_sessions, "MOST_SESSIONS", 2)
        sessions = BrowserSessions()
        first, second, third = (sessions.begin("token", float(now)) for now in range(3))
        assert sessions.find(first.identity, 3.0) is None
        assert sessions.find(third.identity, 3.0) is third
        assert sessions.find(second.identity, browser_sessions.IDLE_SECONDS + 2.0) is None
        used = 0.0
        while used < browser_sessions.LONGEST_SECONDS:
            used += browser_sessions.IDLE_SECONDS / 2
            third.used_at = used
        assert sessions.find(third.identity, used + 3.0) is None

    def test_secrets_of_a_session_are_in_no_representation(self) -> None:
        session = BrowserSessions().begin("the-token", 0.0)
        assert not {"the-token", session.identity, session.csrf} & set(repr(session).split("'"))


class TestHeaders:
    @pytest.mark.parametrize("path", [READ, "/api/v1/nothing", "/api/v1/openapi.json"])
    async def test_every_answer_has_strict_headers_and_opens_nothing_to_other_origins(
        self, site: ApiSite, path: str
    ) -> None:
        async with site.client(headers={"Origin": "https://evil.example"}) as client:
            answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers


def csrf(session: dict[str, str]) -> dict[str, str]:
    return {"X-CSRF-Token": session["csrf"]}
