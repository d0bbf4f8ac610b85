"""Who follows, how often, and what happens to those who do not read: memory is bounded for each and for all."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import pytest

from cluster.peers import server
from cluster.peers.follower_limits import MOST_OF_ONE, FollowerLimits
from cluster.peers.peer_server import PeerServer
from cluster.peers.server import Broadcast, PeerService
from cluster.records import MemberInfo, Record, RecordInfo
from cluster.rpc import peer_pb2, peer_pb2_grpc
from tests.support.patient_channel import patient_channel
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

LARGE_BYTES = 4 * 1024 * 1024
RECORD_BYTES = 100_000 * 300
"""A record has some 300 bytes a target, more than half of them what the laws have learned."""


class Member:
    """What a master needs to know of itself to serve followers."""

    def own_status(self) -> peer_pb2.GetStatusResponse:
        return peer_pb2.GetStatusResponse(name="a", master="a")

    def members(self) -> Sequence[MemberInfo]:
        return [MemberInfo(name, "", "", "1", 0.0, f"process of {name}") for name in ("a", "b", "c")]


class Master:
    """The clustering port of a master, and calls to it."""

    def __init__(self) -> None:
        self.broadcast = Broadcast()
        self.limits = FollowerLimits(taken_within_seconds=3.0)
        self.server = PeerServer("127.0.0.1", 0)
        service = PeerService(self.broadcast, Member(), self.limits)  # type: ignore[arg-type] - all it is asked here
        self.server.serve(lambda server: peer_pb2_grpc.add_PeerServiceServicer_to_server(service, server))
        self.broadcast.open()

    def publish(self, size: int) -> None:
        self.broadcast.publish(Record(RecordInfo(1, 0, 0.0), "test", bytes(size)))

    async def follow(
        self, name: str, incarnation: str
    ) -> grpc.aio.UnaryStreamCall[peer_pb2.FollowRequest, peer_pb2.FollowResponse]:
        stub = peer_pb2_grpc.PeerServiceStub(patient_channel(self.address))
        return stub.Follow(peer_pb2.FollowRequest(follower=name, incarnation=incarnation))

    async def refusal(self, name: str, incarnation: str) -> grpc.StatusCode:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await (await self.follow(name, incarnation)).read()
        return refused.value.code()


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    made = Master()
    made.address = f"127.0.0.1:{await made.server.start()}"
    yield made
    made.broadcast.close()
    await made.server.stop()


@pytest.mark.parametrize(
    ("name", "incarnation"),
    [("", ""), ("x", ""), ("x", "process of b"), ("b", ""), ("b", "an earlier process"), ("b", "process of c")],
)
async def test_a_stranger_reads_nothing(master: Master, name: str, incarnation: str) -> None:
    master.publish(10)
    assert await master.refusal(name, incarnation) is grpc.StatusCode.PERMISSION_DENIED


async def test_a_member_has_two_streams_and_another_one_its_own(master: Master) -> None:
    master.publish(10)
    streams = [await master.follow("b", "process of b") for _ in range(MOST_OF_ONE)]
    for stream in streams:
        assert (await stream.read()).record.info.sequence == 1
    assert await master.refusal("b", "process of b") is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await (await master.follow("c", "process of c")).read()).record.info.sequence == 1
    streams.pop().cancel()
    await until(lambda: not master.limits.why_full("b"), "the place of a stream that ended is free")


async def test_the_record_of_a_hundred_thousand_targets_reaches_a_follower(master: Master) -> None:
    stream = await master.follow("b", "process of b")
    master.publish(RECORD_BYTES)
    assert len((await stream.read()).record.body) == RECORD_BYTES


async def test_a_long_record_is_written_once_for_all_followers_and_beside_the_loop(
    master: Master, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, threads = server._answer_with, list[str]()

    def noted(record: Record) -> bytes:
        threads.append(threading.current_thread().name)
        return write(record)

    monkeypatch.setattr(server, "_answer_with", noted)
    streams = [await master.follow(name, f"process of {name}") for name in ("b", "c")]
    for size in (LARGE_BYTES + 1, 10):
        master.publish(size)
        assert [len((await stream.read()).record.body) for stream in streams] == [size] * 2
    [long, *short] = threads
    assert long != threading.current_thread().name
    assert short == [threading.current_thread().name] * 2


async def test_a_follower_that_does_not_read_loses_its_connection_and_holds_nothing(
    master: Master, caplog: pytest.LogCaptureFixture
) -> None:
    reads, idle = await master.follow("b", "process of b"), await master.follow("c", "process of c")
    for number in range(1, 4):
        master.publish(LARGE_BYTES)
        assert (await reads.read()).record.info.sequence == number
    await until(lambda: not master.limits.why_full("c") and master.limits.pending_bytes == 0)
    assert await idle.code() is grpc.StatusCode.UNAVAILABLE
    assert not any(each.exc_info for each in caplog.records), "a connection that breaks is no error of the node"
    master.publish(10)
    assert (await reads.read()).record.info.sequence == 4, "and the others go on"


async def test_records_on_their_way_are_bounded_for_all_followers_together() -> None:
    limits = FollowerLimits(most_pending_bytes=100)
    entered: list[int] = []
    may_leave = asyncio.Event()

    async def send(number: int, size: int) -> None:
        async with limits.sending(size, lambda: None):
            entered.append(number)
            await may_leave.wait()

    tasks = [asyncio.create_task(send(number, 60)) for number in range(3)]
    await until(lambda: entered)
    await asyncio.sleep(0)
    assert (entered, limits.pending_bytes) == ([0], 60)
    may_leave.set()
    await asyncio.gather(*tasks)
    assert (entered, limits.pending_bytes) == ([0, 1, 2], 0)


async def test_one_record_that_is_larger_than_the_bound_is_sent_alone() -> None:
    limits = FollowerLimits(most_pending_bytes=100)
    async with asyncio.timeout(30), limits.sending(1000, lambda: None):
        assert limits.pending_bytes == 1000
