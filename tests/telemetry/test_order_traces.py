"""Orders are traced wherever they arrive, and continue the trace their caller names, if that is one."""

from __future__ import annotations

import asyncio

import pytest

from cluster.member import ClusterMember
from cluster.peers.channels import Channels
from cluster.peers.peer_client import PeerClient
from cluster.rpc import peer_pb2
from cluster.settings import ClusterSettings
from cluster.tracing import span
from tests.support.api_site import ApiSite
from tests.support.patient_channel import patient_channel
from tests.support.trace_collector import attributes, traced
from tests.support.waiting import until

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAMED = f"00-{TRACE}-{PARENT}-01"
PAUSE = "/api/v1/orders/pause"


async def test_an_order_over_http_continues_the_trace_its_caller_names() -> None:
    site = ApiSite()
    site.pace()
    async with traced() as (_, collector), site.client() as client:
        answer = await client.post(PAUSE, json={"why": "a drill"}, headers={"traceparent": NAMED})
        assert answer.status_code == 200
        await until(lambda: bool(collector.named("order")))
    order = collector.named("order")[0]
    assert (order.trace_id.hex(), order.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(order)["pacing.port"] == "default"


@pytest.mark.parametrize(
    "given",
    [
        [""],
        ["x"],
        [NAMED, NAMED],
        [NAMED.upper()],
        [NAMED + "-" + "f" * 100_00],
        [NAMED + "-01"],
        [NAMED.replace("00-", "ff-")],
        [NAMED.replace(TRACE, "0" * 32)],
        [NAMED.replace(PARENT, "0" * 16)],
        ["00-\u00e9-01"],
    ],
    ids=["empty", "short", "two", "upper case", "long", "too much", "version ff", "no trace", "no parent", "no hex"],
)
async def test_what_names_no_trace_begins_one(given: list[str]) -> None:
    site = ApiSite()
    site.pace()
    headers = [(b"traceparent", each.encode("latin-1")) for each in given]
    async with traced() as (_, collector), site.client() as client:
        assert (await client.post(PAUSE, json={"why": "a drill"}, headers=headers)).status_code == 200
        await until(lambda: bool(collector.named("order")))
    order = collector.named("order")[0]
    assert order.trace_id.hex() != TRACE
    assert order.parent_span_id == b""


async def test_an_order_at_the_clustering_port_is_a_span_of_its_callers_trace() -> None:
    member = ClusterMember(ClusterSettings("a", "test", None, clustering_port=0), version="1")
    await member.start()
    async with traced() as (_, collector):
        async with patient_channel(member.info.clustering) as channel:
            resume = channel.unary_unary("/cluster.v1.PeerService/Resume")
            body = peer_pb2.ResumeRequest(requested_by="somebody").SerializeToString()
            await resume(body, timeout=30, metadata=[("traceparent", NAMED)])
        client = PeerClient(30.0, Channels(None))
        with span("passed on"):
            await client.resume(member.info, "somebody", 30.0)
        await client.close()
        await until(lambda: len(collector.named("order")) == 2)
    await member.stop()
    named, passed_on = collector.named("order")
    assert (named.trace_id.hex(), named.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(named) == {"pacing.operation": "resume", "pacing.role": "admin", "pacing.port": "clustering"}
    assert passed_on.parent_span_id == collector.named("passed on")[0].span_id


async def test_calls_that_are_no_orders_are_no_traces() -> None:
    member = ClusterMember(ClusterSettings("a", "test", None, clustering_port=0), version="1")
    await member.start()
    async with traced() as (_, collector):
        client = PeerClient(30.0, Channels(None))
        statuses = await client.get_statuses([member.info])
        await client.close()
        with span("the last"):
            await asyncio.sleep(0)
        await until(lambda: bool(collector.spans))
    await member.stop()
    assert statuses[0].reachable
    assert [each.name for each in collector.spans] == ["the last"]
