"""Bytes at the clustering port that are no call, and calls that are no message."""

from __future__ import annotations

import asyncio
import random

from simulator.attack.assaults import peer_messages
from simulator.attack.assaults.peer_messages import HEALTH, PEERS, call, channel_to
from simulator.attack.assaults.sockets import Connection, answer, connect, drop, in_parallel, write
from simulator.attack.tally import NodeAddress, Tally, Victim

_AT_ONCE = 40
_SEED = 12
_CHANNELS = 4
"""Connections to each port: one that sends nothing but what cannot be read may be closed for it."""

METHODS = {
    PEERS: ("GetStatus", "Fetch", "StepDown", "CanServe", "Promise", "Pause", "Resume"),
    HEALTH: ("Check", "List"),
}
BROKEN = (
    b"\xff" * 20,  # a tag without an end
    b"\x0a\xff\xff\xff\xff\x0f",  # a text longer than the message
    b"\x0a\x02\xc3\x28",  # a text that is no UTF-8
    b"\x0b" * 5000,  # groups in groups
    b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",  # a number of eleven bytes
    b"\x11\x00",  # half a double
    b"\x00",
    b"\x0a\x03abc" * 20_000,  # a field said again and again
)


async def malformed_messages(victim: Victim, *, count: int, port: int = 0, service: str = PEERS) -> Tally:
    """Messages that cannot be read, to every method of a service at one gRPC port of every node."""
    tally, methods = Tally(), METHODS[service]

    async def over_one(node: NodeAddress, first: int) -> None:
        async with channel_to(node, port=node.grpc_ports[port]) as channel:
            for number in range(first, count, _CHANNELS):
                method, message = methods[number % len(methods)], BROKEN[number // len(methods) % len(BROKEN)]
                await call(channel, method, message, tally, service=service)

    await asyncio.gather(*(over_one(node, first) for node in victim.nodes for first in range(_CHANNELS)))
    return tally


async def unknown_methods(victim: Victim, *, count: int) -> Tally:
    """Methods, services and paths that do not exist."""
    tally = Tally()
    paths = ("Nothing", "../../x", "StepDown/", "%00", "A" * 3000)
    for node in victim.nodes:
        async with channel_to(node) as channel:
            for number in range(count):
                await call(channel, paths[number % len(paths)], peer_messages.named("a stranger"), tally)
    return tally


async def junk_bytes(victim: Victim, *, count: int) -> Tally:
    """Random bytes, requests of other protocols and half prefaces on the clustering ports."""
    tally = Tally()
    starts = (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"PRI * HTTP/2.0\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00\x00\x00\x2d\x00\x00\x00\x00",
        b"",
    )

    async def one(number: int) -> None:
        chance = random.Random(_SEED + number)
        node = victim.nodes[number % len(victim.nodes)]
        connection = await connect(node.host, node.clustering_port, tally)
        if connection is None:
            return
        await write(connection, starts[number % len(starts)] + chance.randbytes(chance.randrange(2000)))
        came = await answer(connection, 0.3)
        tally.count("nothing" if came is None else "closed" if not came else "bytes")
        drop(connection)

    await in_parallel(one, count, _AT_ONCE)
    return tally


async def silent_connections(victim: Victim, *, count: int, seconds: float) -> Tally:
    """Connections to the master's clustering port that say nothing, and some that say half of a preface."""
    tally = Tally()
    opened: list[Connection] = []

    async def one(number: int) -> None:
        connection = await connect(victim.master.host, victim.master.clustering_port, tally)
        if connection is not None:
            if number % 2:
                await write(connection, b"PRI * HTTP/2.0\r\n\r\nSM")
            tally.count("opened")
            opened.append(connection)

    await in_parallel(one, count, _AT_ONCE)
    await asyncio.sleep(seconds)
    for connection in opened:
        drop(connection)
    return tally
