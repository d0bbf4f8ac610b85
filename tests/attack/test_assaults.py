"""Assaults run in processes of their own; what they send is what their names say."""

from __future__ import annotations

import asyncio
import gzip
import zlib

import pytest

from cluster.rpc import peer_pb2
from simulator.attack.assailant import main, run_assault
from simulator.attack.assaults import http_requests, peer_messages, slow_clients
from simulator.attack.assaults.handshakes import client_hello
from simulator.attack.assaults.http2_floods import FLOODS, frame
from simulator.attack.hostile_answers import ANSWERS, gzip_of_zeros
from simulator.attack.tally import MANY_STRANGERS, STRANGER, NodeAddress, Tally, Victim
from simulator.harness.harness_error import HarnessError
from tests.support.listening import Handler, listening


def victim_at(port: int) -> Victim:
    return Victim("demo", (NodeAddress("node-1", "127.0.0.1", port, port),), ())


def answering(answer: bytes) -> Handler:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()

    return accept


async def test_a_server_that_breaks_is_counted_by_its_status():
    async with listening(answering(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n")) as server:
        tally = await run_assault(victim_at(server.port), 30.0, http_requests.malformed, count=30)
    assert tally.sent == 30
    assert tally.answers["500"] == 30
    assert len(tally.server_errors) == 30


async def test_a_server_that_takes_everything_is_complained_about():
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1 << 20):
            pass

    async with listening(accept) as server:
        tally = await run_assault(victim_at(server.port), 60.0, http_requests.endless, mebibytes=1)
        half = await run_assault(victim_at(server.port), 60.0, http_requests.half_headers, count=3, seconds=0.5)
    assert [text.split(" of one ")[1] for text in tally.complaints] == [
        f"{kind} and asked for more" for kind in ("url", "header", "headers", "body", "chunks")
    ]
    assert half.complaints == ["3 of 3 unfinished requests were still held after 0.5 s"]


async def test_malformed_requests_and_slow_clients_reach_the_port_they_are_for():
    requests: list[bytes] = []
    sources: set[str] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sources.add(writer.get_extra_info("peername")[0])
        requests.append(await reader.read(1))
        writer.write(b"HTTP/1.1 400 X\r\n\r\n")

    async with listening(accept) as http, listening(accept) as public, listening(accept) as health:
        node = NodeAddress("node-1", "127.0.0.1", http.port, 1, public.port, health.port)
        victim = Victim("demo", (node,), ())
        tally = await run_assault(victim, 30.0, http_requests.malformed, count=30, port=1)
        assert (tally.answers["400"], sources) == (30, {STRANGER})
        requests.clear()
        ports = [public.port, health.port]
        slow = await run_assault(victim, 30.0, slow_clients.slow, count=20, seconds=1.0, ports=ports, spread=True)
    assert slow.figures[f"held_at_{public.port}"] == slow.figures[f"held_at_{health.port}"] == 20
    assert sources == {STRANGER, *MANY_STRANGERS}
    assert sorted(requests) == [b"G"] * 20 + [b"P"] * 20


async def test_a_port_that_takes_no_slow_client_was_not_attacked():
    tally = await run_assault(victim_at(1), 30.0, slow_clients.slow, count=2, seconds=0.5, ports=[1])
    assert tally.complaints == ["port 1 took none of 2 slow clients: nothing was attacked"]


async def test_an_assault_that_does_not_end_or_breaks_is_an_error():
    async with listening(answering(b"")) as server:
        with pytest.raises(HarnessError, match=r"idle does not end within 1 s"):
            await run_assault(victim_at(server.port), 1.0, http_requests.idle, count=5, seconds=30.0)
        with pytest.raises(HarnessError, match="malformed broke"):
            await run_assault(victim_at(server.port), 30.0, http_requests.malformed, count="x")  # type: ignore[arg-type]


def test_nothing_but_an_assault_can_be_run():
    assert main(["os", "getcwd", "{}", "{}"]) == 2


def test_messages_are_those_of_the_contract():
    down = peer_pb2.StepDownRequest.FromString(peer_messages.step_down("a", 2**64 - 1, "b"))
    assert (down.requested_by, down.epoch, down.successor) == ("a", 2**64 - 1, "b")
    pause = peer_pb2.PauseRequest.FromString(peer_messages.pause("a", 1.5))
    assert (pause.requested_by, pause.seconds) == ("a", 1.5)
    assert not peer_pb2.PauseRequest.FromString(peer_messages.pause("a")).HasField("seconds")
    promise = peer_pb2.PromiseRequest.FromString(peer_messages.promise("a", "c", 7, 60.0, ("n", "i")))
    assert (promise.asked_by, promise.cluster_id, promise.epoch, promise.seconds) == ("a", "c", 7, 60.0)
    assert (promise.addressee, promise.addressee_incarnation) == ("n", "i")
    assert peer_pb2.FollowRequest.FromString(peer_messages.named("f")).follower == "f"


def test_malformed_requests_are_many_and_the_same_each_time():
    requests = {http_requests.malformed_request(number) for number in range(500)}
    assert len(requests) > 100
    assert http_requests.malformed_request(7) == http_requests.malformed_request(7)


def test_a_handshake_begins_with_a_client_hello():
    hello = client_hello()
    assert hello[0] == 0x16
    assert hello[5] == 1


def test_frames_have_the_length_kind_and_stream_they_name():
    assert frame(6, 0, 3, b"12345678") == b"\x00\x00\x08\x06\x00\x00\x00\x00\x03" + b"12345678"
    assert all(flood(0) and len(flood(1)) < 1_000_000 for flood in FLOODS.values())


def test_a_bomb_is_small_and_unpacks_to_what_it_says():
    packed = gzip_of_zeros(64)
    assert len(packed) < 100_000
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert len(unpacker.decompress(packed, 40 << 20)) == 40 << 20
    assert len(gzip.compress(gzip_of_zeros(4096), mtime=0)) < 100_000


async def test_every_hostile_answer_is_bounded():
    async def hostile(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n")
        await ANSWERS[current](writer)

    async with listening(hostile) as server:
        for current in ANSWERS:
            if current in {"trickle", "endless", "endless_headers", "endless_header", "endless_interim"}:
                continue  # bounded by 30 s and 256 MiB: too long for a test
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\n")
            assert await reader.read(-1), current
            writer.close()


def test_tallies_cross_the_border_between_processes_whole():
    tally = Tally(complaints=["x"], figures={"y": 1.0})
    tally.count_status(503, "/z")
    assert Tally.from_dict(tally.as_dict()) == tally
