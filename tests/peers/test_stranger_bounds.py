"""What a stranger may send: a burst and a rate, no large header block; what belongs to a call passes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.member import ClusterMember
from cluster.peers.stranger_bounds import (
    BURST_BYTES,
    BYTES_PER_SECOND,
    MOST_FIELDS,
    MOST_HEADER_BYTES,
    StrangerBounds,
)
from cluster.rpc import peer_pb2, peer_pb2_grpc
from cluster.settings import ClusterSettings

LONG = b"\x00\x01n\x7f\x81\xff\x07" + b"v" * 40_000
"""A field with a value of 131,072 bytes, of which 40,000 have come."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, DATA, CONTINUATION = 1, 0, 9
END_HEADERS = 4


def frame(kind: int, flags: int, payload: bytes = b"", stream: int = 1) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def test_a_burst_passes_and_after_it_only_a_rate():
    bounds = StrangerBounds(0.0)
    assert bounds.allow(b"\x16" * BURST_BYTES, 0.0)
    assert bounds.allow(b"x" * int(BYTES_PER_SECOND), 1.0)
    assert not bounds.allow(b"x" * 100, 1.0)


def test_what_was_not_sent_for_long_is_no_more_than_a_burst():
    bounds = StrangerBounds(0.0)
    assert not bounds.allow(b"\x16" * (BURST_BYTES + 1), 10_000.0)


def test_a_header_block_that_does_not_end_is_cut_off_and_one_that_ends_is_not():
    block = frame(HEADERS, 0, literal(b"h", b"v" * 120) * 8) + frame(CONTINUATION, END_HEADERS, b"\x82" * 50)
    bounds = StrangerBounds(0.0)
    assert bounds.allow(PREFACE, 0.0)
    assert all(bounds.allow(block, 0.0) for _ in range(60))
    assert not bounds.allow(
        frame(HEADERS, 0) + frame(CONTINUATION, 0, b"c" * 1000) * (MOST_HEADER_BYTES // 1000 + 1), 0.0
    )


def test_empty_continuations_count_too():
    bounds = StrangerBounds(0.0)
    flood = PREFACE + frame(HEADERS, 0) + frame(CONTINUATION, 0) * (MOST_HEADER_BYTES // 9)
    assert not bounds.allow(flood, 0.0)


def literal(name: bytes, value: bytes) -> bytes:
    """A field that is spelled out and not kept (RFC 7541, 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def test_fields_are_counted_whatever_they_are_and_however_they_are_cut():
    kinds = (b"\xbe", b"\x82", b"\x3f\xe1\x1f", literal(b"n", b"v" * 20), b"\x44\x03/ab", b"\x1f\x00\x01x")
    for kind in kinds:
        few, many = (PREFACE + frame(HEADERS, END_HEADERS, kind * count) for count in (MOST_FIELDS, MOST_FIELDS + 1))
        assert StrangerBounds(0.0).allow(few, 0.0), kind
        assert not StrangerBounds(0.0).allow(many, 0.0), kind
        slow = StrangerBounds(0.0)
        assert not all(slow.allow(many[at : at + 1], 0.0) for at in range(len(many))), kind


def test_a_block_with_a_priority_and_padding_is_counted_without_them():
    fields = b"\x05" + b"\x00\x00\x00\x00\x0f" + b"\x82" * MOST_FIELDS
    sent = PREFACE + frame(HEADERS, END_HEADERS | 0x28, fields)
    assert StrangerBounds(0.0).allow(sent, 0.0)


def test_data_is_no_header_block_and_what_is_no_http2_is_not_looked_at():
    bounds = StrangerBounds(0.0)
    assert bounds.allow(PREFACE + frame(DATA, 0, b"d" * 16_000) * 10, 0.0)
    assert StrangerBounds(0.0).allow(frame(CONTINUATION, 0, b"c" * 16_000) * 10, 0.0)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 2000), min_size=1, max_size=40), st.booleans())
def test_how_the_bytes_are_cut_changes_nothing(sizes: list[int], ends: bool):
    flags = END_HEADERS if ends else 0
    sent = PREFACE + (frame(HEADERS, 0, literal(b"h", b"v" * 50)) + frame(CONTINUATION, flags, b"\x82" * 25)) * 3
    sent += frame(CONTINUATION, 0, LONG[: MOST_HEADER_BYTES - 100])
    whole = StrangerBounds(0.0).allow(sent, 0.0)
    bounds, at, allowed = StrangerBounds(0.0), 0, True
    for size in itertools.cycle(sizes):
        if at >= len(sent):
            break
        allowed = allowed and bounds.allow(sent[at : at + size], 0.0)
        at += size
    assert allowed == whole


@pytest.fixture
async def node(tmp_path):
    member = ClusterMember(
        ClusterSettings("only", "site", None, clustering_port=0, state_directory=tmp_path / "state"), version="1"
    )
    await member.start()
    yield member
    await member.stop()


async def test_a_node_ends_a_connection_whose_header_block_does_not_end_and_answers_others(node: ClusterMember):
    host, port = node.info.clustering.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(PREFACE + frame(4, 0, stream=0) + frame(HEADERS, 0, b"\x00\x01x\x01y"))
    with contextlib.suppress(OSError):
        async with asyncio.timeout(30):
            flood = asyncio.create_task(_continue(writer))
            while await reader.read(65536):
                pass
    flood.cancel()
    writer.close()
    assert reader.at_eof() or reader.exception() is not None
    async with grpc.aio.insecure_channel(node.info.clustering) as channel:
        answer = await peer_pb2_grpc.PeerServiceStub(channel).GetStatus(peer_pb2.GetStatusRequest(), timeout=30)
    assert answer.name == "only"


async def _continue(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        for _ in range(100):
            writer.write(frame(CONTINUATION, 0, (b"\x00\x01x\x7f\x00" + b"y" * 127) * 7))
            await writer.drain()
