"""TLS handshakes at the clustering port that are begun and never ended, by somebody without a certificate."""

from __future__ import annotations

import asyncio
import ssl
import time

from simulator.attack.assaults.sockets import Connection, closed_within, connect, drop, in_parallel, write
from simulator.attack.tally import Tally, Victim

_AT_ONCE = 100


def client_hello() -> bytes:
    """The first message of a handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake ended without an answer")


async def aborted_handshakes(victim: Victim, *, count: int, rounds: int, wait_seconds: float) -> Tally:
    """``count`` handshakes at once at the master, begun and broken off after a while; several rounds.

    Every third is reset before the answer is read, every third sends half of its first message.
    """
    tally = Tally()
    hello = client_hello()
    node = victim.master
    for _ in range(rounds):
        opened: list[Connection] = []

        async def begin(number: int, opened: list[Connection] = opened) -> None:
            connection = await connect(node.host, node.clustering_port, tally)
            if connection is not None:
                await write(connection, hello[: len(hello) // 2] if number % 3 == 0 else hello)
                tally.count("begun")
                opened.append(connection)
                if number % 3 == 1:
                    drop(connection)

        await in_parallel(begin, count, _AT_ONCE)
        await asyncio.sleep(wait_seconds)
        for connection in opened:
            drop(connection)
    return tally


async def held_handshakes(victim: Victim, *, count: int, seconds: float) -> Tally:
    """Handshakes that are begun and held. Complains about those the node has not closed in time."""
    tally = Tally()
    hello = client_hello()
    opened = []
    for _ in range(count):
        connection = await connect(victim.master.host, victim.master.clustering_port, tally)
        if connection is not None:
            await write(connection, hello[: len(hello) // 2])
            opened.append(connection)
    began = time.monotonic()
    closed = await closed_within(opened, seconds)
    tally.sent = len(opened)
    tally.figures |= {"closed_by_node": closed, "after_seconds": round(time.monotonic() - began, 1)}
    if closed < len(opened):
        left = len(opened) - closed
        tally.complaints.append(f"{left} of {len(opened)} half-open handshakes were still held after {seconds:g} s")
    for connection in opened:
        drop(connection)
    return tally
