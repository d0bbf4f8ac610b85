"""The platform configuration interface over HTTP: records, paging, names, credentials and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator.servers.configuration.platform_configuration import LARGEST_PAGE

if TYPE_CHECKING:
    import httpx

    from simulator.servers import Simulator
    from tests.simulator.conftest import Platform

READER = ("reader", "simulated-secret")


async def ask(platform: Platform, kind: str, auth: tuple[str, str] | None = READER, **query: Any) -> httpx.Response:
    return await platform.http.get(f"/api/v2/platform/configuration/{kind}", params=query, auth=auth)


async def records(platform: Platform, kind: str, **query: Any) -> list[dict[str, Any]]:
    answer = (await ask(platform, kind, **query)).json()
    assert answer["statusCode"] == 0
    return answer[kind]


async def test_references_between_records_can_be_followed(platform: Platform) -> None:
    kinds = ("switches", "dns", "skills", "scripts", "persons", "agent-groups", "transactions")
    all_of = {kind: {r["DBID"]: r for r in await records(platform, kind)} for kind in kinds}
    group = next(g for g in all_of["agent-groups"].values() if g["groupInfo"]["name"] == "Chat Sales")
    (queue,) = (all_of["dns"][dbid] for dbid in group["groupInfo"]["routeDNDBIDs"])
    assert (queue["number"], queue["name"], queue["type"]) == ("VQ_Sales_Chat", "VQ_Sales_Chat", "CFGVirtACDQueue")
    assert all_of["switches"][queue["switchDBID"]]["name"] == "chat-switch"
    assert queue["userProperties"] == [
        {"key": "pacing", "value": [{"key": "media", "value": "chat"}, {"key": "optimizationGoal", "value": "3"}]}
    ]
    members = [all_of["persons"][dbid] for dbid in group["agentDBIDs"]]
    assert [member["userName"] for member in members[:2]] == ["sales-01", "sales-02"]
    info = members[0]["agentInfo"]
    assert all_of["scripts"][info["capacityRuleDBID"]]["name"] == "chat-2"
    assert [(all_of["skills"][s["skillDBID"]]["name"], s["level"]) for s in info["skillLevels"]] == [("Sales", "7")]
    branch = next(p for p in all_of["persons"].values() if p["userName"] == "branch-01")
    assert branch["agentInfo"]["capacityRuleDBID"] == "0", "the built-in rule"


async def test_a_virtual_group_has_its_script_in_its_annex(platform: Platform) -> None:
    (group,) = await records(platform, "agent-groups", name='"Spanish Speakers"')
    assert group["agentDBIDs"] == []
    assert group["groupInfo"]["userProperties"] == [
        {"key": "virtual", "value": [{"key": "script", "value": 'Skill("Spanish") > 5'}]}
    ]


async def test_pages_cover_everything_once(platform: Platform) -> None:
    seen: list[str] = []
    while page := await records(platform, "persons", limit=10, offset=len(seen)):
        assert len(page) <= 10
        seen += [person["DBID"] for person in page]
    assert len(seen) == len(set(seen)) == 67
    assert len(await records(platform, "persons", limit=10 * LARGEST_PAGE)) <= LARGEST_PAGE


async def test_a_change_of_the_configuration_shows(simulator: Simulator, platform: Platform) -> None:
    await platform.fault("configuration", queue="VQ_Sales_Chat", fields={"alias": "Else", "enabled": False})
    (queue,) = await records(platform, "dns", name="VQ_Sales_Chat")
    assert (queue["name"], queue["state"]) == ("Else", "CFGDisabled")


@pytest.mark.parametrize("auth", [None, ("reader", "wrong"), ("pacing", "secret one")])
async def test_it_asks_for_a_known_user(platform: Platform, auth: tuple[str, str] | None) -> None:
    answer = await ask(platform, "dns", auth)
    assert (answer.status_code, answer.json()["statusCode"]) == (401, 5)


async def test_errors_have_their_status_codes(platform: Platform) -> None:
    unknown = await ask(platform, "places")
    assert (unknown.status_code, unknown.json()["statusCode"]) == (404, 6)
    for query in ({"limit": "x"}, {"offset": "-1"}):
        assert (await ask(platform, "dns", **query)).json()["statusCode"] == 1
    await platform.fault("status", where="configuration", status=500, requests=1)
    broken = await ask(platform, "dns")
    assert (broken.status_code, broken.json()["statusCode"]) == (500, 4)
    assert (await ask(platform, "dns")).status_code == 200


async def test_a_push_may_name_a_target_by_its_queues_number(platform: Platform) -> None:
    answer = await platform.push(
        1,
        1,
        entities=[{"id": "VQ_Sales_Chat - chat", "allowedInvitationCount": 0, "allowedInvitationIntervalSeconds": 5}],
    )
    assert answer.json()["errorCount"] == 0
