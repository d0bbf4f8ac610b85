"""The bulk endpoint over HTTP: fencing, replays, parts, the reply's shape, and what it refuses."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from simulator.servers import BULK_PATH
from tests.simulator.conftest import entity
from tests.support.waiting import still, until

if TYPE_CHECKING:
    from simulator.servers import Simulator
    from tests.simulator.conftest import Platform


async def test_a_push_is_answered_for_each_entity_as_sent_with_its_pending_count(platform: Platform) -> None:
    sent = entity(
        "Sales Chat - chat", 3, 2.0, mediaType="chat", userData=[{"key": "agentGroup", "value": "Chat Sales"}]
    )
    answer = (await platform.push(1, 1, entities=[sent, entity("Care Voice - voice")])).json()
    assert (answer["errorCount"], answer["errorIndexes"]) == (0, [])
    assert answer["results"][0]["entity"] == sent | {"pendingInvitationCount": 0}
    await until(lambda: platform.row("Sales Chat - chat", "pending"), "invitations are pending")
    answer = (await platform.push(1, 2, entities=[sent])).json()
    assert answer["results"][0]["entity"]["pendingInvitationCount"] > 0


async def test_an_older_token_is_refused_with_the_mark(platform: Platform) -> None:
    assert (await platform.push(5, 7)).status_code == 200
    for epoch, sequence in ((5, 6), (4, 8)):
        refused = await platform.push(epoch, sequence)
        assert refused.status_code == 409
        body = refused.json()
        assert (body["status"], body["code"]) == (409, "stale_token")
        assert body["mark"] == {"clusterId": "A", "epoch": 5, "sequence": 7}
    assert (await platform.push(6, 1)).status_code == 200


async def test_a_foreign_cluster_is_refused(platform: Platform) -> None:
    await platform.push(5, 7)
    refused = await platform.push(9, 1, cluster="B")
    assert (refused.status_code, refused.json()["code"]) == (409, "foreign_cluster")
    assert refused.json()["mark"]["clusterId"] == "A"


async def test_streams_of_two_clients_do_not_touch_each_other(platform: Platform) -> None:
    assert (await platform.push(5, 7)).status_code == 200
    assert (await platform.push(1, 1, cluster="B", client="other")).status_code == 200
    assert (await platform.push(5, 8)).status_code == 200


async def test_a_repeated_push_gets_the_stored_answer_and_is_not_applied_again(platform: Platform) -> None:
    sent = [entity("Sales Chat - chat", 2, 0.5)]
    first = await platform.push(1, 1, entities=sent)
    await until(lambda: platform.row("Sales Chat - chat", "invited"))
    second = await platform.push(1, 1, entities=sent)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.json() == first.json()

    async def invited_once() -> bool:
        return await platform.row("Sales Chat - chat", "invited") == 2

    await until(invited_once)
    await still(invited_once, 0.7)  # time to invite more, if the repetition counted


async def test_parts_come_in_any_order_and_are_one_push(platform: Platform) -> None:
    for part, name in (("3/3", "Care Chat - chat"), ("1/3", "Sales Chat - chat")):
        assert (await platform.push(1, 1, part, entities=[entity(name)])).status_code == 200
    assert (await platform.status())["pushes_accepted"] == 0
    again = await platform.push(1, 1, "3/3", entities=[entity("Care Chat - chat")])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await platform.push(1, 1, "2/4")).json()["code"] == "part_mismatch"
    assert (await platform.push(1, 1, "2/3", entities=[])).status_code == 200
    assert (await platform.status())["pushes_accepted"] == 1
    assert (await platform.push(1, 0, "1/3")).status_code == 409


async def test_the_status_can_leave_the_targets_out(platform: Platform) -> None:
    short = (await platform.http.get("/simulator/status", params={"targets": "no"})).json()
    assert set(await platform.status()) - set(short) == {"targets"}


async def test_many_pushes_at_once_leave_an_ordered_history(platform: Platform) -> None:
    await platform.authorization()
    tokens = [(epoch, sequence, f"{part}/2") for epoch in (1, 2, 3) for sequence in (1, 2, 3, 4) for part in (1, 2)]
    tokens = tokens * 2
    random.Random(4).shuffle(tokens)
    answers = await asyncio.gather(*(platform.push(*token) for token in tokens))
    assert {answer.status_code for answer in answers} == {200, 409}
    history = await platform.pushes()
    applied = [(p["epoch"], p["sequence"]) for p in history if p["accepted"] and not p["replayed"]]
    assert applied == sorted(applied)
    assert len(history) == len(tokens)
    status = await platform.status()
    assert status["accepted_out_of_order"] == 0
    assert status["pushes_refused"] == sum(answer.status_code == 409 for answer in answers)


async def test_every_push_is_recorded_with_what_became_of_it(platform: Platform) -> None:
    await platform.push(1, 2)
    await platform.push(1, 2)
    await platform.push(1, 1)
    history = await platform.pushes()
    assert [(p["index"], p["accepted"], p["replayed"], p["reason"]) for p in history] == [
        (1, True, False, ""),
        (2, True, True, ""),
        (3, False, False, "stale_token"),
    ]
    assert (history[0]["cluster_id"], history[0]["epoch"], history[0]["sequence"], history[0]["part"]) == (
        "A",
        1,
        2,
        "1/1",
    )
    assert [p["index"] for p in await platform.pushes(after=2)] == [3]


async def test_a_replay_with_another_payload_is_told_in_the_history(platform: Platform) -> None:
    await platform.push(1, 1, entities=[entity("Sales Chat - chat", 1)])
    await platform.push(1, 1, entities=[entity("Sales Chat - chat", 2)])
    assert [p["reason"] for p in await platform.pushes()] == ["", "replayed_other_payload"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"id": "No Such - chat", "allowedInvitationCount": 1, "allowedInvitationIntervalSeconds": 5}, 404),
        ({"allowedInvitationCount": 1, "allowedInvitationIntervalSeconds": 5}, 404),
        (entity("Care Chat - chat", -1), 400),
        (entity("Care Chat - chat", 10**9), 400),
        ({"id": "Care Chat - chat", "allowedInvitationCount": "3", "allowedInvitationIntervalSeconds": 5}, 400),
        ({"id": "Care Chat - chat", "allowedInvitationCount": 3}, 400),
        ({"id": "Care Chat - chat", "allowedInvitationCount": True, "allowedInvitationIntervalSeconds": 5}, 400),
        (entity("Care Chat - chat", userData=[{"key": "inboundPortion", "value": "much"}]), 400),
        ("Care Chat - chat", 400),
    ],
)
async def test_a_wrong_entity_is_an_error_of_its_own(platform: Platform, wrong: Any, status: int) -> None:
    answer = (
        await platform.push(1, 1, entities=[entity("Sales Chat - chat"), wrong, entity("Loans Chat - chat")])
    ).json()
    assert (answer["errorCount"], answer["errorIndexes"]) == (1, [1])
    assert answer["results"][1]["error"]["status"] == status
    assert "entity" in answer["results"][0]
    assert "entity" in answer["results"][2]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"entities": 3}', b'"x"', b"\xff\xfe", b"[" * 100_000])
async def test_a_body_that_is_no_push_is_refused_whole(platform: Platform, body: bytes) -> None:
    headers = {"Authorization": await platform.authorization()}
    token = {"Pacing-Cluster-Id": "A", "Pacing-Epoch": "1", "Pacing-Sequence": "1"}
    answer = await platform.http.post(BULK_PATH, content=body, headers=headers | token)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad.request")
    assert (await platform.status())["pushes_refused"] == 1


async def test_a_push_without_a_token_is_refused(platform: Platform) -> None:
    headers = {"Authorization": await platform.authorization()}
    answer = await platform.http.post(BULK_PATH, json={"entities": []}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_token")
    assert (await platform.pushes())[0]["reason"] == "missing_token"


async def test_gzip_bodies_are_read(platform: Platform) -> None:
    body = gzip.compress(json.dumps({"entities": [entity("Sales Chat - chat")]}).encode())
    headers = {
        "Authorization": await platform.authorization(),
        "Content-Encoding": "gzip",
        "Pacing-Cluster-Id": "A",
        "Pacing-Epoch": "1",
        "Pacing-Sequence": "1",
    }
    assert (await platform.http.post(BULK_PATH, content=body, headers=headers)).status_code == 200
    broken = await platform.http.post(BULK_PATH, content=b"no gzip", headers=headers)
    assert (broken.status_code, broken.json()["code"]) == (400, "bad.request")


async def test_the_inbound_portion_of_a_dual_push_reaches_the_page(simulator: Simulator, platform: Platform) -> None:
    closed = entity("Support Chat - chat", userData=[{"key": "inboundPortion", "value": "0.0"}])
    await platform.push(1, 1, entities=[closed])
    target = simulator.live.centre.target("Support Chat - chat")
    assert target is not None
    before = target.reactive.entered
    simulator.live.centre.run_until(simulator.live.centre.now + 60.0)
    assert target.reactive.entered == before
    assert target.reactive_blocked > 0
