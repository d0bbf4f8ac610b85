"""What the application of a member keeps: members alone read it, a few at a time, and a reader holds nothing up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import grpc
import grpc.aio
import pytest

from cluster.errors import StalePiecesError
from cluster.peers.peer_server import PeerServer
from cluster.peers.server import Broadcast, PeerService
from cluster.peers.topics import MOST_STREAMS, Topics
from cluster.rpc import peer_pb2, peer_pb2_grpc
from tests.peers.test_followers import Member
from tests.support.patient_channel import patient_channel
from tests.support.waiting import until

Stream = grpc.aio.UnaryStreamCall[peer_pb2.FetchRequest, peer_pb2.FetchResponse]
LARGE = bytes(4 * 1024 * 1024)


class Keeper:
    """A member that keeps topics, and calls to it."""

    def __init__(self) -> None:
        self.topics = Topics()
        self.made = 0
        self.server = PeerServer("127.0.0.1", 0)
        service = PeerService(Broadcast(), Member(), topics=self.topics)  # type: ignore[arg-type] - all it is asked here
        self.server.serve(lambda server: peer_pb2_grpc.add_PeerServiceServicer_to_server(service, server))
        self.topics.keep("large", self.large)
        self.topics.keep("stale", self.stale)

    def large(self) -> Iterator[bytes]:
        for _ in range(20):
            self.made += 1
            yield LARGE

    def stale(self) -> Iterator[bytes]:
        yield b"first"
        raise StalePiecesError("it has changed")

    def fetch(self, topic: str, name: str = "b", incarnation: str = "process of b") -> Stream:
        stub = peer_pb2_grpc.PeerServiceStub(patient_channel(self.address))
        return stub.Fetch(peer_pb2.FetchRequest(asked_by=name, incarnation=incarnation, topic=topic))

    async def end_of(self, stream: Stream) -> grpc.StatusCode:
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            async for _ in stream:
                pass
        return ended.value.code()


@pytest.fixture
async def keeper() -> AsyncIterator[Keeper]:
    made = Keeper()
    made.address = f"127.0.0.1:{await made.server.start()}"
    yield made
    await made.server.stop()


async def test_a_member_reads_all_pieces_and_a_stranger_none(keeper: Keeper) -> None:
    assert [len(each.piece) async for each in keeper.fetch("large")] == [len(LARGE)] * 20
    assert await keeper.end_of(keeper.fetch("large", "x", "")) is grpc.StatusCode.PERMISSION_DENIED
    assert await keeper.end_of(keeper.fetch("large", "b", "an earlier process")) is grpc.StatusCode.PERMISSION_DENIED


async def test_what_is_not_kept_or_has_changed_meanwhile_is_said(keeper: Keeper) -> None:
    assert await keeper.end_of(keeper.fetch("nothing")) is grpc.StatusCode.NOT_FOUND
    assert await keeper.end_of(keeper.fetch("stale")) is grpc.StatusCode.ABORTED


async def test_a_reader_that_stops_has_few_pieces_made_for_it_and_a_third_must_wait(keeper: Keeper) -> None:
    idle = [keeper.fetch("large", name, f"process of {name}") for name in ("b", "c")]
    for stream in idle:
        await stream.read()
    assert len(idle) == MOST_STREAMS
    assert await keeper.end_of(keeper.fetch("large")) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert keeper.made < 2 * 20, "pieces are made as they are taken"
    idle[0].cancel()
    await until(lambda: not keeper.topics.full, "the place of a stream that ended is free")
    assert [len(each.piece) async for each in keeper.fetch("large")] == [len(LARGE)] * 20
