"""The webhook receiver: the documented shape, the same fencing, bearer token and signature."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from simulator.servers import CONDITIONAL_PATH, WEBHOOK_PATH, Simulator, SimulatorOptions
from tests.simulator.conftest import DEMO
from tests.support.schemas import jsonschema

if TYPE_CHECKING:
    from tests.simulator.conftest import Platform

OPENAPI = yaml.safe_load((Path(__file__).parents[2] / "docs" / "openapi" / "webhook.yaml").read_text())


def fits(document: Any, schema: str) -> None:
    jsonschema.validate(document, {"$ref": f"#/components/schemas/{schema}", "components": OPENAPI["components"]})


def target(name: str, invitations: Any = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "queue": "q",
        "media": "chat",
        "groups": [],
        "invitations": invitations,
        "interval_seconds": 5.0,
        "inbound_portion": None,
        "estimated_wait_seconds": None,
        "reason": "agents_available",
        "statistics": {"logged_in": 1, "ready": 1, "waiting": 0, "accepted_total": 0, "abandoned_total": 0},
    } | more


def push(sequence: int, *targets: Any, epoch: int = 1, cluster: str = "A") -> tuple[bytes, dict[str, str]]:
    listed = list(targets) or [target("Sales Chat - chat")]
    token = {"cluster_id": cluster, "epoch": epoch, "sequence": sequence, "part": 1, "parts": 1}
    headers = {
        "Pacing-Cluster-Id": cluster,
        "Pacing-Epoch": str(epoch),
        "Pacing-Sequence": str(sequence),
        "Pacing-Part": "1/1",
    }
    return json.dumps(token | {"targets": listed}).encode(), headers


async def send(platform: Platform, pushed: tuple[bytes, dict[str, str]]) -> httpx.Response:
    return await platform.http.post(WEBHOOK_PATH, content=pushed[0], headers=pushed[1])


async def test_a_push_is_answered_for_each_target_by_name(platform: Platform) -> None:
    wrong = (target("No Such - chat"), target("Care Chat - chat", "many"), "no target")
    body, headers = push(1, target("Sales Chat - chat", 3), *wrong)
    fits(json.loads(push(1)[0]), "Push")
    answer = (await send(platform, (body, headers))).json()
    fits(answer, "PushReply")
    first, unknown, many, none = answer["targets"]
    assert (first["name"], first["pending"], first.get("error")) == ("Sales Chat - chat", 0, None)
    assert "not.found" in unknown["error"]
    assert "invitations" in many["error"]
    assert none["error"]


async def test_fencing_is_that_of_every_receiver(platform: Platform) -> None:
    assert (await send(platform, push(5))).status_code == 200
    replayed = await send(platform, push(5))
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (200, "true")
    stale, foreign = await send(platform, push(4)), await send(platform, push(9, cluster="B"))
    assert [answer.status_code for answer in (stale, foreign)] == [409, 409]
    assert [answer.json()["code"] for answer in (stale, foreign)] == ["stale_token", "foreign_cluster"]
    assert stale.json()["mark"] == {"cluster_id": "A", "epoch": 1, "sequence": 5}
    fits(stale.json(), "Refusal")


def partial(sequence: int, prev: int, *targets: Any) -> tuple[bytes, dict[str, str]]:
    body, headers = push(sequence, *targets)
    document = json.dumps(json.loads(body) | {"kind": "partial", "prev": prev})
    return document.encode(), headers | {"Pacing-Kind": "partial", "Pacing-Prev": str(prev)}


async def test_a_partial_push_changes_its_targets_and_leaves_the_others(
    simulator: Simulator, platform: Platform
) -> None:
    both = (target("Sales Chat - chat", 1000), target("Care Chat - chat", 1000))
    full = await send(platform, push(5, *both))
    assert full.headers["Pacing-Accepts"] == "full, partial"
    pushed = partial(6, 5, target("Care Chat - chat", 0))
    fits(json.loads(pushed[0]), "Push")
    answer = await send(platform, pushed)
    assert answer.status_code == 200
    fits(answer.json(), "PushReply")
    assert [each["name"] for each in answer.json()["targets"]] == ["Care Chat - chat"]
    centre = simulator.live.centre
    sales, care = (centre.target(name) for name in ("Sales Chat - chat", "Care Chat - chat"))
    assert sales is not None
    assert care is not None
    assert (centre.allowance_left(sales) > 900, centre.allowance_left(care)) == (True, 0)
    replayed = await send(platform, pushed)
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (200, "true")
    assert (await platform.status())["accepted_out_of_order"] == 0


async def test_a_partial_push_out_of_step_is_refused_with_the_mark_and_no_fence(platform: Platform) -> None:
    await send(platform, push(5))
    refused = await send(platform, partial(7, 6))
    assert (refused.status_code, refused.json()["code"]) == (424, "out_of_step")
    fits(refused.json(), "Refusal")
    assert refused.json()["mark"] == {"cluster_id": "A", "epoch": 1, "sequence": 5}
    assert (await send(platform, partial(6, 5))).status_code == 200, "the mark was not raised by what was refused"
    assert [entry["reason"] for entry in await platform.pushes()] == ["", "out_of_step", ""]


async def test_kind_and_state_are_the_same_in_headers_and_document(platform: Platform) -> None:
    await send(platform, push(5))
    body, headers = partial(6, 5)
    for document, said in (
        (json.loads(body) | {"prev": 4}, headers),
        (json.loads(push(6)[0]), headers),
        (json.loads(body), push(6)[1]),
    ):
        assert (await send(platform, (json.dumps(document).encode(), said))).status_code == 400


async def test_a_receiver_of_whole_states_says_nothing_of_partial_pushes_and_refuses_them() -> None:
    async with (
        Simulator(DEMO, SimulatorOptions(partial_pushes=False)) as simulator,
        httpx.AsyncClient(base_url=simulator.addresses["http"], timeout=30.0, verify=False) as http,
    ):
        full, some = push(5), partial(6, 5)
        for path in (WEBHOOK_PATH, CONDITIONAL_PATH):
            answer = await http.post(path, content=full[0], headers=full[1] | {"If-None-Match": "*"})
            assert (answer.status_code, "Pacing-Accepts" in answer.headers) == (200, False)
            condition = {"If-Match": answer.headers["ETag"]} if "ETag" in answer.headers else {}
            refused = await http.post(path, content=some[0], headers=some[1] | condition)
            assert (refused.status_code, refused.json()["code"]) == (400, "unknown_kind")


async def test_the_webhook_is_a_stream_of_its_own(platform: Platform) -> None:
    await platform.push(5, 7, cluster="B")
    assert (await send(platform, push(1))).status_code == 200
    assert (await platform.status())["accepted_out_of_order"] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("parts"),
        lambda d: d.update(colour="red"),
        lambda d: d.update(epoch=2),
        lambda d: d.update(targets=[]),
        lambda d: d.update(targets={}),
    ],
)
async def test_a_document_that_is_no_push_is_refused_whole(platform: Platform, change: Any) -> None:
    body, headers = push(1)
    document = json.loads(body)
    change(document)
    answer = await send(platform, (json.dumps(document).encode(), headers))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad.request")


async def test_bearer_token_and_signature_are_asked_for_where_configured() -> None:
    options = SimulatorOptions(webhook_bearer="open sesame", webhook_signing_key="key")
    async with (
        Simulator(DEMO, options) as simulator,
        httpx.AsyncClient(base_url=simulator.addresses["http"], timeout=30.0, verify=False) as http,
    ):
        body, headers = push(1)
        good = {
            "Authorization": "Bearer open sesame",
            "Pacing-Signature": f"sha256={hmac.new(b'key', body, hashlib.sha256).hexdigest()}",
        }
        for name in good:
            answer = await http.post(WEBHOOK_PATH, content=body, headers=headers | good | {name: "wrong"})
            assert answer.status_code == 401, name
        assert (await http.post(WEBHOOK_PATH, content=body, headers=headers | good)).status_code == 200


async def test_the_conditional_receiver_looks_at_no_token_but_at_the_state_a_push_replaces(platform: Platform) -> None:
    async def write(pushed: tuple[bytes, dict[str, str]], **condition: str) -> httpx.Response:
        headers = pushed[1] | {name.replace("_", "-"): value for name, value in condition.items()}
        return await platform.http.post(CONDITIONAL_PATH, content=pushed[0], headers=headers)

    assert (await platform.http.get(CONDITIONAL_PATH)).status_code == 404
    assert (await write(push(1))).status_code == 428
    assert (await write(push(1), If_Match='"guessed"')).status_code == 412
    first = await write(push(5), If_None_Match="*")
    assert first.status_code == 200
    fits(first.json(), "PushReply")
    assert (await write(push(6), If_None_Match="*")).status_code == 412
    second = await write(push(4), If_Match=first.headers["ETag"])
    assert second.status_code == 200, "an older token, but the newest state"
    assert (await write(push(7), If_Match=first.headers["ETag"])).status_code == 412
    state = await platform.http.get(CONDITIONAL_PATH)
    assert state.headers["ETag"] == second.headers["ETag"] != first.headers["ETag"]
    fits(state.json(), "State")
    assert state.json()["kind"] == "full"
    assert (state.json()["epoch"], state.json()["sequence"]) == (1, 4)
    assert (await platform.status())["accepted_out_of_order"] == 1, "the record is judged by tokens all the same"
