"""What the clustering port takes: texts that print, finite numbers, small messages; the rest is named and refused."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from cluster import addresses
from cluster.member import ClusterMember
from cluster.peers.request_check import request_fault
from cluster.rpc import peer_pb2
from cluster.settings import ClusterSettings
from simulator.attack.assaults.http2_floods import PREFACE, frame, headers
from tests.support.patient_channel import patient_channel
from tests.support.waiting import until

if TYPE_CHECKING:
    from google.protobuf.message import Message

SERVICE = "/cluster.v1.PeerService/"
HEALTH = "/grpc.health.v1.Health/"
DAY_SECONDS = 86_400.0

Call = Callable[[str, bytes], Awaitable[tuple[str, str]]]
"""A call by its full name with this body; status and details of its answer."""


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    member = ClusterMember(ClusterSettings("a", "test", None, clustering_port=0, health_port=0), version="1")
    await member.start()
    async with patient_channel(member.info.clustering) as channel:

        async def make(name: str, body: bytes) -> tuple[str, str]:
            try:
                await channel.unary_unary(name)(body, timeout=30)
            except grpc.aio.AioRpcError as failure:
                return failure.code().name, failure.details() or ""
            return "OK", ""

        yield make
    await member.stop()


@pytest.mark.parametrize(
    ("request_", "fault"),
    [
        (peer_pb2.PauseRequest(requested_by="an operator", seconds=60.0), ""),
        (peer_pb2.PauseRequest(requested_by="x" * 200), ""),
        (peer_pb2.PauseRequest(requested_by="x" * 201), "requested_by: found 201 characters; allowed: at most 200"),
        (peer_pb2.PauseRequest(requested_by="a\x1b[2J"), "requested_by: found a control character (U+001B"),
        (peer_pb2.ResumeRequest(requested_by="a\nb"), "requested_by: found a control character (U+000A"),
        (peer_pb2.ResumeRequest(requested_by="a\u200bb"), "requested_by: found characters that nobody sees"),
        (peer_pb2.PauseRequest(seconds=0.0), "seconds: found 0, allowed is above 0 to 86400"),
        (peer_pb2.PauseRequest(seconds=-1.0), "seconds: found -1,"),
        (peer_pb2.PauseRequest(seconds=1e300), "seconds: found 1e+300,"),
        (peer_pb2.PauseRequest(seconds=math.inf), "seconds: found inf,"),
        (peer_pb2.PauseRequest(seconds=math.nan), "seconds: found nan,"),
        (peer_pb2.StepDownRequest(epoch=2**64 - 1), "epoch: found 18446744073709551615, allowed is up to"),
        (peer_pb2.StepDownRequest(successor="b\r"), "successor: found a control character"),
        (peer_pb2.PromiseRequest(seconds=math.inf), "seconds: found inf,"),
        (peer_pb2.PromiseRequest(epoch=10**12 + 1), "epoch: found 1000000000001,"),
        (peer_pb2.FollowRequest(follower="\u202e"), "follower: found characters that nobody sees"),
    ],
)
def test_a_request_is_taken_or_the_field_is_named(request_: Message, fault: str) -> None:
    found = request_fault(request_)
    assert found.startswith(fault)
    assert bool(found) is bool(fault)


@given(st.text(), st.floats())
def test_what_is_taken_prints_and_is_bounded_and_what_is_not_is_never_repeated(text: str, seconds: float) -> None:
    fault = request_fault(peer_pb2.PauseRequest(requested_by=text, seconds=seconds))
    if not fault:
        assert text.isprintable()
        assert len(text) <= 200
        assert 0.0 < seconds <= DAY_SECONDS
    assert fault.isprintable()
    assert len(fault) < 200


@pytest.mark.parametrize("name", ["Pause", "Resume", "StepDown", "GetStatus", "CanServe", "Promise", "Follow", "Fetch"])
async def test_what_is_no_message_is_refused_in_one_line_now_and_then(call: Call, name: str) -> None:
    with capture_logs() as logged:
        for _ in range(100):
            assert await call(SERVICE + name, b"\x0a\xff\xff\xff\xff\x0f") == (
                "INVALID_ARGUMENT",
                "the message cannot be read",
            )
    lines = [each for each in logged if each["event"] == "peers.request_refused"]
    assert 1 <= len(lines) <= 40
    assert not any("exc_info" in each for each in logged)
    assert lines[0]["source"].startswith("ipv4:127.0.0.1:")


@pytest.mark.parametrize(
    "said",
    [
        b"PROXY TCP4 10.0.0.9 10.0.0.1 4711 7800\r\n",
        b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes([10, 0, 0, 9, 10, 0, 0, 1, 0x12, 0x67, 0x1E, 0x78]),
    ],
    ids=["version 1", "version 2"],
)
async def test_a_balancer_that_says_for_whom_it_connects_is_not_heard(said: bytes) -> None:
    member = ClusterMember(ClusterSettings("a", "test", None, clustering_port=0), version="1")
    await member.start()
    host, port = addresses.split(member.info.clustering)
    reader, writer = await asyncio.open_connection(host, port)
    call = PREFACE + frame(4, 0, 0) + frame(1, 4, 1, headers("Resume")) + frame(0, 1, 1, bytes(5))
    with capture_logs() as logged:
        writer.write(said + call)
        with contextlib.suppress(ConnectionError):
            await reader.read()  # to the end: the member closes
    writer.transport.abort()
    await member.stop()
    assert not [each for each in logged if each["event"] == "audit.order"]


async def test_the_same_call_without_it_is_an_order_from_the_address_of_the_connection() -> None:
    member = ClusterMember(ClusterSettings("a", "test", None, clustering_port=0), version="1")
    await member.start()
    _, writer = await asyncio.open_connection(*addresses.split(member.info.clustering))
    with capture_logs() as logged:
        writer.write(PREFACE + frame(4, 0, 0) + frame(1, 4, 1, headers("Resume")) + frame(0, 1, 1, bytes(5)))
        await until(lambda: any(each["event"] == "audit.order" for each in logged))
    own = addresses.join(*writer.get_extra_info("sockname")[:2])
    writer.transport.abort()
    await member.stop()
    assert [each["source"] for each in logged if each["event"] == "audit.order"] == [own]


async def test_text_that_is_no_unicode_is_no_message(call: Call) -> None:
    assert (await call(SERVICE + "Resume", b"\x0a\x02\xc3\x28"))[0] == "INVALID_ARGUMENT"


async def test_health_checks_are_read_with_the_same_care(call: Call) -> None:
    assert (await call(HEALTH + "Check", b"\x0a\xff\xff\xff\xff\x0f"))[0] == "INVALID_ARGUMENT"
    assert await call(HEALTH + "Check", b"") == ("OK", "")


async def test_a_request_of_more_than_64_kb_is_not_read(call: Call) -> None:
    large = peer_pb2.PauseRequest(requested_by="x" * 100_000).SerializeToString()
    with capture_logs() as logged:
        assert (await call(SERVICE + "Pause", large))[0] == "RESOURCE_EXHAUSTED"
    assert sum(len(str(each)) for each in logged) < 2000


async def test_one_of_megabytes_ends_with_its_connection(call: Call) -> None:
    # The front cuts off who sends this much before a proof was seen; the refusal may still have gone out before.
    large = peer_pb2.PauseRequest(requested_by="x" * 3_900_000).SerializeToString()
    with capture_logs() as logged:
        assert (await call(SERVICE + "Pause", large))[0] in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}
    assert sum(len(str(each)) for each in logged) < 2000


async def test_a_node_alone_does_not_step_down_for_nobody(call: Call) -> None:
    code, details = await call(SERVICE + "StepDown", b"")
    assert (code, details) == ("ABORTED", "this node runs alone: nobody could take over")


async def test_a_pause_without_a_time_lasts_an_hour() -> None:
    member = ClusterMember(ClusterSettings("a", "test", None, clustering_port=0), version="1")
    await member.start()
    pause = await member.pause("an operator")
    assert pause.until == pause.began_at + 3600.0
    await member.stop()
