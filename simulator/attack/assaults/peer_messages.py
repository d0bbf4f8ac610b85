"""Calls of the clustering port by somebody who knows nothing but its contract (``proto/cluster/v1/peer.proto``).

Messages are written byte by byte, so that they can be what no library would make.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import grpc

from cluster import addresses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from simulator.attack.tally import NodeAddress, Tally, Victim

PEERS = "cluster.v1.PeerService"
HEALTH = "grpc.health.v1.Health"
CALL_SECONDS = 5.0
NEWEST_EPOCH = 2**64 - 1


def number(field: int, value: int) -> bytes:
    """An unsigned number."""
    return _varint(field << 3) + _varint(value)


def text(field: int, value: str | bytes) -> bytes:
    """A text, or bytes, or a message."""
    content = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def double(field: int, value: float) -> bytes:
    """A double."""
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def step_down(by: str, epoch: int = 0, successor: str = "") -> bytes:
    """``StepDownRequest``."""
    return text(1, by) + text(2, successor) + number(3, epoch)


def pause(by: str, seconds: float | None = None) -> bytes:
    """``PauseRequest``; without seconds for ever."""
    return text(1, by) + (b"" if seconds is None else double(2, seconds))


def promise(by: str, cluster_id: str, epoch: int, seconds: float, addressee: tuple[str, str]) -> bytes:
    """``PromiseRequest`` to a member, given by its name and its incarnation."""
    asked = text(1, by) + text(2, cluster_id) + number(3, epoch) + double(4, seconds)
    return asked + text(5, addressee[0]) + text(6, addressee[1])


def named(by: str) -> bytes:
    """``ResumeRequest``, ``FollowRequest`` and ``CanServeRequest``: a name and nothing else."""
    return text(1, by)


@asynccontextmanager
async def channel_to(
    node: NodeAddress, victim: Victim | None = None, identity: str = "", *, port: int = 0
) -> AsyncIterator[grpc.aio.Channel]:
    """A channel of its own connection to a node's clustering port, or to another port of it.

    With ``identity`` it speaks TLS and shows the certificate of that name among the victim's files; ``anonymous`` is
    TLS without a certificate.
    """
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 * 2**20)]
    address = addresses.join(node.host, port or node.clustering_port)
    if victim is None or not identity:
        channel = grpc.aio.insecure_channel(address, options=options)
    else:
        channel = grpc.aio.secure_channel(address, _credentials(victim, identity), options=options)
    try:
        yield channel
    finally:
        await channel.close(None)


def _credentials(victim: Victim, identity: str) -> grpc.ChannelCredentials:
    roots = Path(victim.files["authorities"]).read_bytes()
    if identity == "anonymous":
        return grpc.ssl_channel_credentials(roots)
    key, chain = (Path(victim.files[f"{identity}-{part}"]).read_bytes() for part in ("key", "certificate"))
    return grpc.ssl_channel_credentials(roots, key, chain)


async def call(
    channel: grpc.aio.Channel,
    method: str,
    message: bytes,
    tally: Tally,
    *,
    metadata: Sequence[tuple[str, str]] | None = None,
    seconds: float = CALL_SECONDS,
    service: str = PEERS,
) -> bytes | None:
    """Call a method of a service and count the answer by its code; the answer, None when it was refused."""
    unary = channel.unary_unary(f"/{service}/{method}", _as_it_is, _as_it_is)
    try:
        answer: bytes = await unary(message, timeout=seconds, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        tally.count(error.code().name)
        return None
    tally.count("OK")
    return answer


async def open_stream(
    channel: grpc.aio.Channel,
    method: str,
    message: bytes,
    *,
    seconds: float,
    metadata: Sequence[tuple[str, str]] | None = None,
) -> grpc.aio.UnaryStreamCall[bytes, bytes]:
    """Begin a stream that nobody reads."""
    return channel.unary_stream(f"/{PEERS}/{method}", _as_it_is, _as_it_is)(message, timeout=seconds, metadata=metadata)


async def first_answer(stream: grpc.aio.UnaryStreamCall[bytes, bytes], seconds: float = CALL_SECONDS) -> str:
    """What a stream holds first: `record`, `end`, `nothing`, or the code it was ended with. Ends the stream."""
    try:
        first = await asyncio.wait_for(stream.read(), seconds)
    except grpc.aio.AioRpcError as error:
        return str(error.code().name)
    except TimeoutError:
        return "nothing"
    finally:
        stream.cancel()
    return "record" if isinstance(first, bytes) else "end"


def _as_it_is(content: bytes) -> bytes:
    return content
