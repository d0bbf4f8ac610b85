"""Faults of the HTTP side: each does what it says, for as long as it says, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulator.conftest import entity
from tests.support.waiting import timed, until

if TYPE_CHECKING:
    from tests.simulator.conftest import Platform

TWO = [entity("Sales Chat - chat"), entity("Care Chat - chat")]


@pytest.mark.parametrize(("status", "retry_after"), [(500, None), (503, 7), (429, 0.5), (401, None)])
async def test_a_status_is_answered_for_a_number_of_requests_and_nothing_is_applied(
    platform: Platform, status: int, retry_after: float | None
) -> None:
    await platform.authorization()
    await platform.fault("status", status=status, retry_after_seconds=retry_after, requests=2)
    for _ in range(2):
        answer = await platform.push(1, 1)
        assert answer.status_code == status
        assert answer.headers.get("Retry-After") == (None if retry_after is None else f"{retry_after:g}")
    answer = await platform.push(1, 1)
    assert answer.status_code == 200
    assert "Idempotency-Replayed" not in answer.headers
    assert [p["reason"] for p in await platform.pushes()] == [f"fault:{status}"] * 2 + [""]


async def test_the_token_endpoint_has_faults_of_its_own(platform: Platform) -> None:
    await platform.fault("status", where="token", status=503, requests=1)
    await platform.fault("garble", where="token", how="not_json", requests=1)
    assert (await platform.token()).status_code == 503
    with pytest.raises(json.JSONDecodeError):
        (await platform.token()).json()
    assert (await platform.token()).status_code == 200


async def test_a_late_answer_was_applied_at_once(platform: Platform) -> None:
    await platform.authorization()
    await platform.fault("slow", delay_seconds=3.0, requests=1)
    with timed("a late answer") as taken:
        late = asyncio.create_task(platform.push(1, 1))

        async def applied() -> bool:
            return (await platform.status())["pushes_accepted"] == 1

        await until(applied)
        assert not late.done()
        await late
    assert taken.seconds >= 3.0


async def test_a_request_that_is_looked_at_late_meets_a_newer_mark(platform: Platform) -> None:
    await platform.authorization()
    await platform.fault("slow", delay_seconds=3.0, when="before", requests=1)
    late = asyncio.create_task(platform.push(1, 1))

    async def met() -> bool:
        return await platform.fault_kinds() == []

    await until(met, "the first request has met the fault")
    assert (await platform.push(1, 2)).status_code == 200
    assert (await late).status_code == 409
    assert (await platform.status())["accepted_out_of_order"] == 0


async def test_an_answer_drips(platform: Platform) -> None:
    await platform.authorization()
    await platform.fault("drip", pieces=5, pause_seconds=0.1, requests=1)
    begun = time.monotonic()
    answer = await platform.push(1, 1)
    assert time.monotonic() - begun >= 0.4
    assert answer.json()["errorCount"] == 0


@pytest.mark.parametrize("how", ["truncated", "not_json", "empty"])
async def test_an_answer_is_spoiled_but_the_push_counts(platform: Platform, how: str) -> None:
    await platform.fault("garble", how=how, requests=1)
    with pytest.raises(json.JSONDecodeError):
        (await platform.push(1, 1, entities=TWO)).json()
    replayed = await platform.push(1, 1, entities=TWO)
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert len(replayed.json()["results"]) == 2


async def test_types_are_wrong_and_results_are_missing(platform: Platform) -> None:
    spoiled: dict[str, Any] = {}
    for sequence, how in enumerate(("wrong_types", "short", "no_results"), start=1):
        await platform.fault("garble", how=how, requests=1)
        spoiled[how] = (await platform.push(1, sequence, entities=TWO)).json()
    assert spoiled["wrong_types"]["results"][0]["entity"]["pendingInvitationCount"] == "many"
    assert len(spoiled["short"]["results"]) == 1
    assert spoiled["no_results"] == {}


async def test_single_targets_are_refused(platform: Platform) -> None:
    await platform.fault("target_errors", targets=["Care Chat - chat"], code="no.such.team")
    answer = (await platform.push(1, 1, entities=TWO)).json()
    assert answer["errorIndexes"] == [1]
    assert answer["results"][1]["error"]["code"] == "no.such.team"


async def test_pending_counts_jump(platform: Platform) -> None:
    await platform.fault("pending_jump", add=40, targets=["Sales Chat - chat"])
    answer = (await platform.push(1, 1, entities=TWO)).json()
    assert [result["entity"]["pendingInvitationCount"] for result in answer["results"]] == [40, 0]


async def test_a_rate_limit_answers_429_until_the_next_window(platform: Platform) -> None:
    first = await platform.push(1, 1)
    assert int(first.headers["inin-ratelimit-count"]) < int(first.headers["inin-ratelimit-allowed"])
    await platform.fault("rate_limit", allowed=1, window_seconds=3600)
    answers = [await platform.push(1, sequence) for sequence in (2, 3)]
    assert 429 in {answer.status_code for answer in answers}
    limited = answers[-1]
    assert limited.headers["inin-ratelimit-allowed"] == "1"
    assert 0 < int(limited.headers["Retry-After"]) <= 3600


async def test_requests_that_did_not_come_through_a_proxy_can_be_refused(platform: Platform) -> None:
    await platform.authorization()
    await platform.fault("proxy_only", where="bulk")
    assert (await platform.push(1, 1)).status_code == 403
    assert (await platform.push(1, 1, headers={"Via": "1.1 squid"})).status_code == 200
    assert (await platform.token()).status_code == 200, "another endpoint"


async def test_faults_end_by_themselves_and_can_be_listed_and_ended(platform: Platform) -> None:
    await platform.fault("status", status=500, seconds=0.3)
    number = (await platform.fault("pending_jump", add=1)).json()["number"]
    listed = (await platform.http.get("/simulator/faults")).json()["faults"]
    assert [fault["kind"] for fault in listed] == ["status", "pending_jump"]

    async def first_ended() -> bool:
        return await platform.fault_kinds() == ["pending_jump"]

    await until(first_ended)
    assert (await platform.push(1, 1)).status_code == 200
    ended = await platform.http.delete("/simulator/faults", params={"number": number})
    assert ended.json() == {"faults": []}
    assert (await platform.http.delete("/simulator/faults", params={"number": number})).status_code == 404
    await platform.fault("pending_jump", add=1)
    await platform.http.delete("/simulator/faults")
    assert (await platform.http.get("/simulator/faults")).json() == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"kind": "nonsense"}',
        b'{"kind": "slow"}',
        b'{"kind": "status", "status": 200}',
        b'{"kind": "status", "status": 500, "colour": 1}',
        b'{"kind": "acceptance", "factor": -1}',
        b'{"kind": "staff_out", "staff": ["nobody"]}',
        b'{"kind": "configuration", "queue": "none"}',
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(platform: Platform, body: bytes) -> None:
    answer = await platform.http.post("/simulator/faults", content=body)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert (await platform.http.get("/simulator/faults")).json() == {"faults": []}


async def test_the_alarm_sink_keeps_what_it_gets(platform: Platform) -> None:
    assert (await platform.http.post("/simulator/alarms", json=[{"alarm": "GC Latency"}])).status_code == 200
    assert (await platform.http.post("/simulator/alarms", content=b"no json")).status_code == 400
    assert (await platform.http.post("/api/v2/alerts", json=[])).status_code == 200
    alarms = (await platform.http.get("/simulator/alarms")).json()["alarms"]
    assert [(alarm["path"], alarm["body"]) for alarm in alarms] == [
        ("/simulator/alarms", [{"alarm": "GC Latency"}]),
        ("/api/v2/alerts", []),
    ]


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 40])
async def test_pushes_are_asked_for_by_index_only(platform: Platform, after: str) -> None:
    assert (await platform.http.get("/simulator/pushes", params={"after": after})).status_code == 400
