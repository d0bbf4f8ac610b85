"""The GMS statistic service over HTTP: one statistic per request, its age, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import entity
from tests.simulator.feeds import PROACTIVE
from tests.support.waiting import until

if TYPE_CHECKING:
    import httpx

    from simulator.servers import Simulator
    from tests.simulator.conftest import Platform

READER = ("reader", "simulated-secret")
QUEUE = {
    "objectId": "VQ_Sales_Chat@chat-switch",
    "objectType": "Queue",
    "tenant": "Environment",
    "metric": "PACS_VQ_Entered",
    "filter": PROACTIVE,
    "notificationMode": "NoNotification",
}
AGENT = {"objectId": "sales-01", "objectType": "Agent", "tenant": "Environment", "statisticType": "AgentState"}


async def ask(platform: Platform, form: dict[str, str], max_age: int | None = 0, **more: Any) -> httpx.Response:
    headers = {} if max_age is None else {"Cache-Control": f"max-age={max_age}"}
    return await platform.http.post("/genesys/1/statistic", data=form, headers=headers, **({"auth": READER} | more))


async def test_a_statistic_of_a_queue_and_one_of_an_agent(platform: Platform) -> None:
    number = await ask(platform, QUEUE)
    assert (number.json(), number.headers["Age"]) == ({"value": 0.0}, "0")
    state = (await ask(platform, AGENT)).json()["value"]
    assert state["status"] in {4, 8, 20}
    assert [(m["media"], m["maximum"]) for m in state["media"]] == [("chat", 2)]
    average = QUEUE | {"objectId": "VQ_Night_Chat@chat-switch", "metric": "PACS_VQ_AverageHandleTime", "filter": ""}
    assert (await ask(platform, average)).json() == {"value": None}


async def test_values_come_from_a_cache_unless_they_are_too_old_for_the_client(
    simulator: Simulator, platform: Platform
) -> None:
    assert (await ask(platform, QUEUE)).json() == {"value": 0.0}
    await platform.push(1, 1, entities=[entity("Sales Chat - chat", 40, 1.0)])
    simulator.live.centre.run_until(simulator.live.centre.now + 60.0)

    async def aged() -> httpx.Response | None:
        cached = await ask(platform, QUEUE, max_age=None)
        assert cached.json() == {"value": 0.0}
        return cached if int(cached.headers["Age"]) >= 1 else None

    await until(aged)
    assert (await ask(platform, QUEUE, max_age=60)).json() == {"value": 0.0}
    assert (await ask(platform, QUEUE, max_age=1)).json()["value"] > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objectId": "VQ_None@chat-switch"}, "unknown queue"),
        ({"metric": "PACS_Nonsense"}, "not defined"),
        ({"filter": "No_Filter"}, "unknown filter"),
        ({"objectType": "Place"}, "unknown object type"),
        ({"tenant": "Elsewhere"}, "Tenant 'Elsewhere' not found"),
        ({"notificationMode": "Sometimes"}, "notificationMode"),
        ({"objectId": ""}, "objectId missing"),
        ({"metric": ""}, "metric or statisticType missing"),
    ],
)
async def test_what_is_not_well_defined_is_forbidden(platform: Platform, change: dict[str, str], message: str) -> None:
    answer = await ask(platform, QUEUE | change)
    assert answer.status_code == 403
    assert message in answer.json()["message"]
    assert answer.json()["exception"]


async def test_it_asks_for_a_known_user(platform: Platform) -> None:
    assert (await ask(platform, QUEUE, auth=("reader", "wrong"))).status_code == 401
    assert (await ask(platform, QUEUE, auth=None)).status_code == 401


async def test_a_lost_source_is_an_error_and_no_zero(platform: Platform) -> None:
    await platform.fault("statistics_unavailable", server="both", seconds=1)
    assert (await ask(platform, QUEUE)).status_code == 500
    await platform.http.delete("/simulator/faults")
    await platform.fault("statistics_invalid", objects=[QUEUE["objectId"]])
    assert (await ask(platform, QUEUE)).json()["message"] == "source lost"
    assert (await ask(platform, AGENT)).status_code == 200


async def test_it_can_be_made_to_fail(platform: Platform) -> None:
    await platform.fault("status", where="statistics", status=503, requests=1)
    assert (await ask(platform, QUEUE)).status_code == 503
    assert (await ask(platform, QUEUE)).status_code == 200
