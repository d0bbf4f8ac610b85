"""Orders need a role, are carried out once for each key, say what was so before and after, and are audited."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from cluster.access.roles import AccessRole
from cluster.errors import (
    ConflictError,
    NotMasterError,
    OutcomeUnknownError,
    RefusedError,
    TooLargeError,
    TooSoonError,
    UnavailableError,
)
from pacing_node.api.v1.order_desk import MOST_KEY
from pacing_node.cycle.holds import MOST_TEXT
from pacing_node.options.options_history import read_history
from tests.support.api_orders import ORDERS, TARGET
from tests.support.api_site import REMOTE, ApiSite

WHY = {"why": "a fire drill"}
HOLD = f"/api/v1/targets/{TARGET}/hold"
WEAKER = {AccessRole.OPERATOR: AccessRole.VIEWER, AccessRole.ADMIN: AccessRole.OPERATOR}
OPTIONS = "tenant: Environment\nconfigServer:\n  kind: file\n  path: objects.yaml\nstatServer:\n  primary: stat:7000\n"


@pytest.fixture
async def site() -> ApiSite:
    site = ApiSite()
    site.pace()
    return site


async def order(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.request(method, path, json=body or WHY, headers=given)


def nothing_changed(site: ApiSite) -> bool:
    return not site.member.orders and not site.holds.holds.targets and site.holds.holds.stop is None


class TestAccess:
    @pytest.mark.parametrize(("method", "path", "role"), ORDERS)
    async def test_an_order_needs_its_role_and_is_audited_when_it_is_refused(
        self, site: ApiSite, method: str, path: str, role: AccessRole
    ) -> None:
        weak = {"Authorization": f"Bearer {site.token(WEAKER[role])}"}
        async with site.client(REMOTE) as stranger, site.client() as here, site.client(REMOTE, headers=weak) as known:
            assert [(await order(each, method, path)).status_code for each in (stranger, here, known)] == [
                401,
                401,
                403,
            ]
        assert nothing_changed(site)
        assert [event["outcome"] for event in site.events] == ["refused"] * 3

    @pytest.mark.parametrize(("method", "path", "role"), ORDERS)
    async def test_a_session_gives_no_order_from_another_sites_page_nor_without_its_secret(
        self, site: ApiSite, method: str, path: str, role: AccessRole
    ) -> None:
        async with site.client(REMOTE) as browser:
            began = await browser.post("/api/v1/session", json={"token": site.token(role)})
            csrf = began.json()["csrf"]
            site.events.clear()
            forged = [
                await order(browser, method, path),
                await order(browser, method, path, X_CSRF_Token="guessed"),
                await order(browser, method, path, X_CSRF_Token=csrf, Origin="https://evil.example"),
                await order(browser, method, path, X_CSRF_Token=csrf, Sec_Fetch_Site="cross-site"),
            ]
            assert [answer.status_code for answer in forged] == [403] * 4
            assert nothing_changed(site)
            assert [event["outcome"] for event in site.events] == ["refused"] * 4
            good = await order(browser, method, path, X_CSRF_Token=csrf, Sec_Fetch_Site="same-origin", If_Match='"9"')
            assert good.status_code not in {401, 403}

    async def test_these_are_all_orders_there_are(self, site: ApiSite) -> None:
        async with site.client() as here:
            paths = (await here.get("/api/v1/openapi.json")).json()["paths"]
        known = {(method, path.replace(TARGET, "{name}").replace("/1/", "/{version}/")) for method, path, _ in ORDERS}
        found = {(method.upper(), path) for path, methods in paths.items() for method in methods if method != "get"}
        assert {each for each in found if not each[1].endswith("/session")} == known

    @pytest.mark.parametrize(("method", "path", "role"), ORDERS)
    async def test_an_overheard_order_of_a_session_that_has_ended_is_refused_and_audited(
        self, site: ApiSite, method: str, path: str, role: AccessRole
    ) -> None:
        async with site.client(REMOTE) as browser:
            began = await browser.post("/api/v1/session", json={"token": site.token(role)})
            shown = {"X_CSRF_Token": began.json()["csrf"], "If_Match": '"9"'}
            overheard = {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
            await browser.request("DELETE", "/api/v1/session", headers={"X-CSRF-Token": began.json()["csrf"]})
        site.events.clear()
        async with site.client(REMOTE, headers=overheard) as thief:
            assert (await order(thief, method, path, **shown)).status_code == 401
        assert nothing_changed(site)
        assert [event["outcome"] for event in site.events] == ["refused"]

    async def test_without_any_proof_configured_orders_come_from_this_machine_alone(self, site: ApiSite) -> None:
        async with site.client() as here, site.client(REMOTE) as away:
            assert (await order(away, "PUT", HOLD)).status_code == 401
            assert (await order(here, "PUT", HOLD, Origin="https://evil.example")).status_code == 403
            assert (await order(here, "PUT", HOLD, Host="rebound.example")).status_code == 401
            assert (await order(here, "PUT", HOLD)).status_code == 200

    async def test_an_order_nobody_has_listed_needs_an_admin(self, site: ApiSite) -> None:
        weak = {"Authorization": f"Bearer {site.token(AccessRole.OPERATOR)}"}
        async with site.client(headers=weak) as client:
            assert (await order(client, "POST", "/api/v1/cluster")).status_code == 403


class TestHolds:
    async def test_a_hold_is_shown_on_the_target_and_its_answer_says_before_and_after(self, site: ApiSite) -> None:
        async with site.client() as client:
            answer = (await order(client, "PUT", HOLD, {**WHY, "seconds": 60})).json()
            assert (answer["before"]["hold"], answer["before"]["held"], answer["after"]["held"]) == (None, 0, 1)
            hold = answer["after"]["hold"]
            assert (hold["by"], hold["why"], hold["everything"]) == ("anybody", "a fire drill", False)
            assert hold["until"] == pytest.approx(hold["since"] + 60.0)
            listed = (await client.get("/api/v1/targets")).json()["targets"]
            assert [row["hold"] for row in listed] == [hold, None]
            page = (await client.get("/api/v1/targets/A - chat")).json()
            assert page["hold"] == hold
            assert "held by anybody" in page["lines"][0]
            answer = (await order(client, "DELETE", HOLD)).json()
            assert (answer["before"]["hold"], answer["after"]["hold"]) == (hold, None)
        done = [(event["what"], event["outcome"], event["asked"]["why"]) for event in site.events]
        assert done == [("holdTarget", "carried out", "a fire drill"), ("releaseTarget", "carried out", "a fire drill")]

    async def test_the_emergency_stop_is_on_every_target_and_leaves_their_holds(self, site: ApiSite) -> None:
        async with site.client() as client:
            await order(client, "PUT", HOLD)
            answer = (await order(client, "PUT", "/api/v1/orders/emergency-stop")).json()
            assert (answer["before"]["stopped"], answer["after"]["stopped"]["everything"]) == (None, True)
            listed = (await client.get("/api/v1/targets")).json()["targets"]
            assert [row["hold"]["everything"] for row in listed] == [True, True]
            await order(client, "DELETE", "/api/v1/orders/emergency-stop")
            listed = (await client.get("/api/v1/targets")).json()["targets"]
            assert [row["hold"] and row["hold"]["everything"] for row in listed] == [False, None]

    @pytest.mark.parametrize(
        ("body", "place"),
        [
            ({"why": ""}, "body.why"),
            ({"why": "  "}, "body.why"),
            ({}, "body.why"),
            ({"why": "x" * (MOST_TEXT + 1)}, "body.why"),
            ({**WHY, "seconds": 0}, "body.seconds"),
            ({**WHY, "seconds": 1e9}, "body.seconds"),
            ({**WHY, "colour": "red"}, "body.colour"),
        ],
    )
    async def test_an_order_that_cannot_be_used_says_what_is_wrong(
        self, site: ApiSite, body: dict[str, Any], place: str
    ) -> None:
        async with site.client() as client:
            answer = await client.put(HOLD, json=body)
        assert (answer.status_code, [each["place"] for each in answer.json()["errors"]]) == (422, [place])
        assert nothing_changed(site)

    async def test_a_target_nobody_knows_is_not_held(self, site: ApiSite) -> None:
        async with site.client() as client:
            assert (await order(client, "PUT", "/api/v1/targets/C - chat/hold")).status_code == 404


class TestOtherVersions:
    """Pages and programs of a later version go by how an order is refused of which this node knows less."""

    @pytest.mark.parametrize(("method", "path", "role"), ORDERS)
    async def test_what_an_order_does_not_know_is_refused_by_name_before_anything_is_done(
        self, site: ApiSite, method: str, path: str, role: AccessRole
    ) -> None:
        proof = {"Authorization": f"Bearer {site.token(role)}", "If-Match": '"1"'}
        needed = (
            {"PUT": {"text": OPTIONS}, "PATCH": {"set": {"log.verbose": "none"}}} if path.endswith("config") else {}
        )
        body = {**WHY, **needed.get(method, {}), "of_later_versions": 3}
        async with site.client(REMOTE, headers=proof) as client:
            answer = await client.request(method, path, json=body)
        assert (answer.status_code, answer.json()["errors"]) == (
            422,
            [{"place": "body.of_later_versions", "found": "3", "allowed": "Extra inputs are not permitted"}],
        )
        assert nothing_changed(site)


class TestRepetition:
    async def test_an_order_with_the_same_key_is_carried_out_once(self, site: ApiSite) -> None:
        path = "/api/v1/orders/step-down"
        async with site.client() as client:
            first = await order(client, "POST", path, Idempotency_Key="k1")
            second = await order(client, "POST", path, Idempotency_Key="k1")
            assert (first.json()["repeated"], second.json()["repeated"]) == (False, True)
            assert site.member.orders == [("step-down", "anybody: a fire drill", "")]
            assert [event["outcome"] for event in site.events] == ["carried out", "repeated"]
            other = await order(client, "POST", path, {**WHY, "to": "n2"}, Idempotency_Key="k1")
            assert other.status_code == 422
            await order(client, "POST", path, Idempotency_Key="k2")
            assert len(site.member.orders) == 2

    @pytest.mark.parametrize(
        ("method", "first", "other"),
        [
            ("PUT", {"text": OPTIONS + "pacing:\n  refreshPeriod: 7\n"}, {"text": OPTIONS}),
            ("PATCH", {"set": {"pacing.refreshPeriod": 7}}, {"set": {"pacing.refreshPeriod": 8}}),
        ],
    )
    async def test_other_values_for_the_same_key_are_another_order(
        self, site: ApiSite, method: str, first: dict[str, object], other: dict[str, object]
    ) -> None:
        await site.documents.write(OPTIONS.encode(), None)
        headers = {"If_Match": '"0"', "Idempotency_Key": "k"}
        async with site.client() as client:
            done = await order(client, method, "/api/v1/config", {**WHY, **first}, **headers)
            assert done.json()["after"]["options_version"] == 1, "also before the node has read it again"
            again = await order(client, method, "/api/v1/config", {**WHY, **first}, **headers)
            assert again.json()["repeated"]
            refused = await order(client, method, "/api/v1/config", {**WHY, **other}, **headers)
            assert (refused.status_code, "another order" in refused.text) == (422, True)

    @pytest.mark.parametrize("values", [{"tenant": "\ud800"}, {"\udfff": "x"}, {"log": {"all": ["\udc00"]}}], ids=ascii)
    async def test_half_of_a_surrogate_pair_is_no_value_of_an_option(
        self, site: ApiSite, values: dict[str, object]
    ) -> None:
        await site.documents.write(OPTIONS.encode(), None)
        async with site.client() as client:
            body = json.dumps({**WHY, "set": values})
            headers = {"If-Match": '"0"', "Content-Type": "application/json"}
            refused = await client.patch("/api/v1/config", content=body, headers=headers)
            assert (refused.status_code, "valid Unicode" in refused.text) == (422, True)

    async def test_a_step_down_of_a_term_that_has_ended_ends_no_other_whichever_node_is_asked(
        self, site: ApiSite
    ) -> None:
        path = "/api/v1/orders/step-down"
        async with site.client() as client:
            late = await order(client, "POST", path, {**WHY, "epoch": 2})
            assert (late.status_code, late.json()["detail"]) == (409, "term 2 has ended already; term 3 goes on")
            assert site.member.orders == []
            assert (await order(client, "POST", path, {**WHY, "epoch": 3})).status_code == 200
            for wrong in (-1, 10**12 + 1):
                assert (await order(client, "POST", path, {**WHY, "epoch": wrong})).status_code == 422

    async def test_a_key_is_bounded(self, site: ApiSite) -> None:
        async with site.client() as client:
            refused = await order(client, "POST", "/api/v1/orders/resume", Idempotency_Key="k" * (MOST_KEY + 1))
        assert refused.status_code == 422
        assert f"header.Idempotency-Key: found {MOST_KEY + 1} characters, allowed: {MOST_KEY}" in refused.text
        assert nothing_changed(site)

    async def test_an_order_that_failed_may_be_repeated_with_its_key(self, site: ApiSite) -> None:
        async with site.client() as client:
            site.member.failure = UnavailableError("away")
            assert (await order(client, "POST", "/api/v1/orders/resume", Idempotency_Key="k")).status_code == 503
            site.member.failure = None
            assert (await order(client, "POST", "/api/v1/orders/resume", Idempotency_Key="k")).status_code == 200


class TestFailures:
    @pytest.mark.parametrize(
        ("failure", "status"),
        [
            (RefusedError("paused"), 409),
            (TooSoonError("in 3 s"), 429),
            (NotMasterError(None), 503),
            (UnavailableError("away"), 503),
            (OutcomeUnknownError("lost"), 504),
            (ConflictError("others"), 409),
            (TooLargeError("big"), 413),
        ],
    )
    async def test_an_order_that_could_not_be_carried_out_says_why_and_is_audited(
        self, site: ApiSite, failure: Exception, status: int
    ) -> None:
        site.member.failure = failure
        async with site.client() as client:
            answer = await order(client, "POST", "/api/v1/orders/pause")
        assert (answer.status_code, answer.json()["detail"]) == (status, str(failure))
        assert [(event["what"], event["outcome"]) for event in site.events] == [("pause", "failed")]


class TestConfiguration:
    async def test_options_are_replaced_by_compare_and_set_and_kept_with_who_wrote_them(self, site: ApiSite) -> None:
        await site.documents.write(OPTIONS.encode(), None)
        other = OPTIONS.replace("Environment", "Other")
        async with site.client() as client:
            body = {**WHY, "text": other}
            assert (await order(client, "PUT", "/api/v1/config", body)).status_code == 428
            assert (await order(client, "PUT", "/api/v1/config", body, If_Match='"7"')).status_code == 412
            assert (await order(client, "PUT", "/api/v1/config", body, If_Match='"0"')).status_code == 200
            document = await site.documents.read()
            assert document is not None
            assert (document.data, document.version) == (other.encode(), 1)
            back = "/api/v1/config/versions/0/restore"
            assert (await order(client, "POST", back, If_Match='"1"')).status_code == 200
            assert (await order(client, "POST", back.replace("0", "9"), If_Match='"2"')).status_code == 404
        kept = [(past.version, past.text, past.written_by) for past in await read_history(site.past_documents)]
        assert kept == [(0, OPTIONS, ""), (1, other, "anybody"), (2, OPTIONS, "anybody")]

    @pytest.mark.parametrize("text", ["colour: red\n", "pacing: [", OPTIONS + "x: ********\n"])
    async def test_bad_options_change_nothing(self, site: ApiSite, text: str) -> None:
        await site.documents.write(OPTIONS.encode(), None)
        async with site.client() as client:
            answer = await order(client, "PUT", "/api/v1/config", {**WHY, "text": text}, If_Match='"0"')
        assert answer.status_code == 422
        document = await site.documents.read()
        assert document is not None
        assert document.version == 0


class TestSingleOptions:
    async def test_single_options_are_set_and_the_secrets_beside_them_stay(self, site: ApiSite) -> None:
        text = OPTIONS + "  # a comment\nalarms: {webhookToken: geheim}\n"
        await site.documents.write(text.encode(), None)
        body = {**WHY, "set": {"tenant": "Other", "log.verbose": "interaction"}}
        async with site.client() as client:
            assert (await order(client, "PATCH", "/api/v1/config", body)).status_code == 428
            assert (await order(client, "PATCH", "/api/v1/config", body, If_Match='"7"')).status_code == 412
            done = await order(client, "PATCH", "/api/v1/config", body, If_Match='"0"')
            assert (done.status_code, done.json()["order"]) == (200, "changeConfiguration"), done.text
        document = await site.documents.read()
        assert document is not None
        changed = text.replace("Environment", "Other") + "log: {verbose: interaction}\n"
        assert (document.data.decode(), document.version) == (changed, 1)
        assert [past.version for past in await read_history(site.past_documents)] == [0, 1]
        assert site.events[-1]["asked"]["keys"] == ["log.verbose", "tenant"]
        assert "geheim" not in str(site.events)

    @pytest.mark.parametrize("changes", [{"tenant.x": 1}, {"log.verbose": "loud"}, {"lgo.verbose": "all"}, {}])
    async def test_options_that_would_not_be_good_change_nothing(self, site: ApiSite, changes: dict[str, Any]) -> None:
        await site.documents.write(OPTIONS.encode(), None)
        async with site.client() as client:
            answer = await order(client, "PATCH", "/api/v1/config", {**WHY, "set": changes}, If_Match='"0"')
        assert answer.status_code == 422, answer.text
        document = await site.documents.read()
        assert document is not None
        assert document.version == 0
