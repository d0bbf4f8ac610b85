"""The statistics API over HTTP: subscriptions, values by request, updates pushed by long polling, fail-over."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from simulator.servers import STATISTICS_PATH, Simulator
from simulator.servers.statistics import statistics_api
from tests.simulator.conftest import Platform, entity
from tests.simulator.feeds import PROACTIVE
from tests.support.waiting import timed, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

UPDATES, SERVICE = f"{STATISTICS_PATH}/updates", f"{STATISTICS_PATH}/service"
ENTERED = {
    "statisticId": "entered",
    "objectId": "VQ_Sales_Chat@chat-switch",
    "objectType": "Queue",
    "definition": {"statisticType": "PACS_VQ_Entered", "filter": PROACTIVE},
}
STATE = {"statisticId": "state", "objectId": "sales-01", "objectType": "Agent", "name": "AgentState"}


class Api:
    """A client with one cookie jar for REST and CometD."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.client_id = ""
        self.heard: deque[dict[str, Any]] = deque()

    async def subscribe(self, *statistics: Any, name: str = "one") -> httpx.Response:
        body = {"operationId": name, "data": {"statistics": list(statistics)}}
        return await self.http.post(f"{STATISTICS_PATH}/subscriptions", params={"verbose": "INFO"}, json=body)

    async def values(self, name: str = "one") -> httpx.Response:
        return await self.http.get(f"{STATISTICS_PATH}/subscriptions/{name}/statistic-values")

    async def send(self, *messages: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.http.post(f"{STATISTICS_PATH}/notifications", json=list(messages))
        assert answer.status_code == 200
        return answer.json()

    async def meta(self, what: str, **fields: Any) -> list[dict[str, Any]]:
        return await self.send({"channel": f"/meta/{what}", "clientId": self.client_id, "id": "7"} | fields)

    async def handshake(self) -> None:
        (reply,) = await self.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]})
        self.client_id = reply["clientId"]
        for channel in (UPDATES, SERVICE):
            (subscribed,) = await self.meta("subscribe", subscription=channel)
            assert subscribed["successful"]

    async def poll(self, timeout: float = 1000) -> list[dict[str, Any]]:
        return await self.meta("connect", connectionType="long-polling", advice={"timeout": timeout})

    async def next_message(self, channel: str, wanted: Any) -> dict[str, Any]:
        """Poll until a message of the channel satisfies the condition; its data."""
        async with asyncio.timeout(30.0):
            while True:
                while self.heard:
                    message = self.heard.popleft()
                    if message["channel"] == channel and wanted(message["data"]):
                        return message["data"]
                self.heard.extend(await self.poll())


@pytest.fixture
async def api(simulator: Simulator, platform: Platform) -> AsyncIterator[Api]:
    headers = {"Authorization": await platform.authorization(), "x-api-key": "any"}
    address = simulator.addresses["http"]
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30.0, verify=False) as http:
        yield Api(http)


async def test_a_subscription_is_answered_with_values(api: Api) -> None:
    answer = (await api.subscribe(ENTERED, STATE)).json()
    assert answer["status"]["code"] == 0
    assert answer["data"]["subscriptionId"] == "one"
    entered, state = answer["data"]["statistics"]
    assert (entered["statisticId"], entered["value"], entered["objectId"]) == ("entered", 0.0, ENTERED["objectId"])
    assert entered["timestamp"] == pytest.approx(time.time() * 1000, abs=10_000)
    assert state["value"]["media"][0]["media"] == "chat"
    assert [s["statisticId"] for s in (await api.values()).json()["data"]["statistics"]] == ["entered", "state"]


async def test_what_cannot_be_had_is_null_with_the_reason_and_the_rest_is_served(api: Api) -> None:
    answer = (await api.subscribe(STATE, ENTERED | {"objectId": "none@none"})).json()
    good, bad = answer["data"]["statistics"]
    assert good["value"]
    assert (bad["value"], bad["error"]) == (None, "unknown queue none@none")


async def test_updates_are_pushed_to_the_clients_of_the_same_session(api: Api, platform: Platform) -> None:
    await api.handshake()
    await api.subscribe(ENTERED, STATE)
    await platform.push(1, 1, entities=[entity("Sales Chat - chat", 60, 1.0)])
    seen = await api.next_message(
        UPDATES, lambda d: any(s["statisticId"] == "entered" and s["value"] > 0 for s in d["statistics"])
    )
    assert seen["subscriptionId"] == "one"


async def test_another_session_hears_nothing_and_cannot_ask(api: Api, platform: Platform) -> None:
    await api.subscribe(ENTERED)
    async with httpx.AsyncClient(
        base_url=api.http.base_url, headers=api.http.headers, timeout=30.0, verify=False
    ) as http:
        other = Api(http)
        await other.handshake()
        assert (await other.values()).status_code == 404
        await other.poll()
        await platform.push(1, 1, entities=[entity("Sales Chat - chat", 60, 0.5)])
        later = [message for _ in range(3) for message in await other.poll(700)]
    assert UPDATES not in {message["channel"] for message in later}


async def test_a_quiet_connect_is_held_as_long_as_asked_and_then_answered(api: Api) -> None:
    await api.handshake()
    await api.poll()
    begun = time.monotonic()
    (reply,) = await api.poll(700)
    assert time.monotonic() - begun >= 0.6
    assert (reply["channel"], reply["successful"], reply["id"]) == ("/meta/connect", True, "7")
    assert reply["advice"]["reconnect"] == "retry"


async def test_fail_over_is_told_and_totals_come_from_the_other_server(api: Api, platform: Platform) -> None:
    await api.handshake()
    await api.next_message(SERVICE, lambda d: d["serviceState"] == "Available")
    await api.subscribe(ENTERED)
    await platform.fault("statistics_down", server="primary", takeover_seconds=0.8)
    await api.next_message(SERVICE, lambda d: d["serviceState"] == "Unavailable")
    assert (await api.subscribe(STATE, name="two")).status_code == 503
    assert (await api.values()).json()["data"]["statistics"][0]["value"] is None
    sent = await api.next_message(SERVICE, lambda d: d["serviceState"] == "Available")
    assert sent["subscriptionIds"] == ["one"]
    await api.next_message(UPDATES, lambda d: any(s["value"] == 517 for s in d["statistics"]))


async def test_a_closed_subscription_is_gone(api: Api) -> None:
    await api.subscribe(ENTERED)
    place = f"{STATISTICS_PATH}/subscriptions/one"
    assert (await api.http.delete(place)).json()["data"] == {"subscriptionId": "one"}
    assert (await api.http.delete(place)).status_code == 404
    assert (await api.values()).status_code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"[]", "operationId"),
        (b'{"operationId": ""}', "operationId"),
        (b'{"operationId": "x", "data": {"statistics": []}}', "not empty"),
        (b'{"operationId": "x", "data": {"statistics": [3]}}', "must be an object"),
        (b'{"operationId": "x", "data": {"statistics": [{"statisticId": "a"}]}}', "is missing"),
    ],
)
async def test_a_subscription_that_is_none_is_refused(api: Api, body: bytes, message: str) -> None:
    answer = await api.http.post(f"{STATISTICS_PATH}/subscriptions", content=body)
    assert (answer.status_code, answer.json()["status"]["code"]) == (400, 400)
    assert message in answer.json()["status"]["message"]


async def test_a_provisioned_statistic_asked_for_by_name_counts_proactive_interactions(
    simulator: Simulator, api: Api
) -> None:
    support = {"objectId": "VQ_Support_Chat@chat-switch", "objectType": "Queue"}
    simulator.live.centre.run_until(simulator.live.centre.now + 120.0)
    by_name = support | {"statisticId": "1", "name": "PACS_VQ_Accepted"}
    defined = support | {"statisticId": "2", "definition": {"statisticType": "PACS_VQ_Accepted"}}
    proactive, every = (await api.subscribe(by_name, defined)).json()["data"]["statistics"]
    assert proactive["value"] == 0.0
    assert every["value"] > 0.0, "reactive visitors came"


async def test_double_ids_are_refused(api: Api) -> None:
    assert (await api.subscribe(STATE, STATE)).status_code == 400


async def test_it_can_be_made_to_fail(api: Api, platform: Platform) -> None:
    await platform.fault("status", where="statistics", status=503, requests=2)
    assert (await api.subscribe(STATE)).status_code == 503
    assert (await api.http.post(f"{STATISTICS_PATH}/notifications", json=[])).status_code == 503
    await platform.fault("garble", where="statistics", how="truncated", requests=1)
    with pytest.raises(json.JSONDecodeError):
        (await api.subscribe(STATE)).json()
    assert (await api.subscribe(STATE)).status_code == 200


@pytest.mark.parametrize(("header", "status"), [("Authorization", 401), ("x-api-key", 403)])
async def test_key_and_token_are_asked_for(api: Api, header: str, status: int) -> None:
    del api.http.headers[header]
    assert (await api.subscribe(STATE)).status_code == status
    assert (await api.http.post(f"{STATISTICS_PATH}/notifications", json=[])).status_code == status


async def test_bayeux_errors_say_what_to_do(api: Api) -> None:
    (unknown,) = await api.poll()
    assert (unknown["successful"], unknown["error"][:3]) == (False, "402")
    assert unknown["advice"]["reconnect"] == "handshake"
    (callback,) = await api.send({"channel": "/meta/handshake", "supportedConnectionTypes": ["callback-polling"]})
    assert (callback["successful"], callback["advice"]) == (False, {"reconnect": "none"})
    await api.handshake()
    (invalid,) = await api.meta("subscribe", subscription="pepe")
    assert (invalid["successful"], invalid["error"][:3]) == (False, "403")
    (nothing,) = await api.meta("sing")
    assert (nothing["successful"], nothing["error"][:3]) == (False, "404")
    (left,) = await api.meta("unsubscribe", subscription=SERVICE)
    assert left["successful"]
    (gone,) = await api.meta("disconnect")
    assert gone["successful"]
    (after,) = await api.poll()
    assert not after["successful"]
    for body in (b"", b"3", b"[]", b'[{"channel": 3}]'):
        assert (await api.http.post(f"{STATISTICS_PATH}/notifications", content=body)).status_code == 400


async def test_many_statistics_are_subscribed_quickly(api: Api) -> None:
    many = [STATE | {"statisticId": str(number)} for number in range(20_000)]
    begun = time.monotonic()
    answer = (await api.subscribe(*many)).json()
    assert len(answer["data"]["statistics"]) == 20_000
    assert time.monotonic() - begun < 20.0


async def test_it_ends_while_a_client_is_connected(simulator: Simulator, api: Api) -> None:
    await api.handshake()
    await api.poll()
    (session,) = simulator._statistics_api._sessions.values()  # type: ignore[union-attr]
    answered = session.touched_at
    held = asyncio.create_task(api.poll(30_000))
    await until(lambda: session.touched_at > answered, "the poll has arrived")
    with timed("stopped while a client is connected") as taken:
        await simulator.stop()
    assert taken.seconds < 15.0, "it does not wait for the poll to end"
    assert [message["channel"] for message in await held] == ["/meta/connect"], "answered, not cut off"


async def test_a_session_nobody_uses_is_dropped_with_its_subscriptions(
    simulator: Simulator, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.subscribe(ENTERED)
    assert (await api.values()).status_code == 200
    monkeypatch.setattr(statistics_api, "SESSION_SECONDS", 0.1)
    await until(lambda: not simulator._statistics_api._sessions)  # type: ignore[union-attr]
    assert (await api.values()).status_code == 404
