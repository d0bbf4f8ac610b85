"""HTTP that is none, too long, too slow or never ends, at the pages of the nodes."""

from __future__ import annotations

import asyncio
import os
import random
import time

from simulator.attack.assaults.sockets import (
    Connection,
    answer,
    closed_within,
    connect,
    drop,
    in_parallel,
    status_of,
    stop_reading,
    write,
)
from simulator.attack.tally import NodeAddress, Tally, Victim

_AT_ONCE = 40
_SEED = 11
_MIB = 2**20

PAGES = (
    "/cluster",
    "/targets",
    "/metrics",
    "/alarms",
    "/history",
    "/explain?target=1",
    "/objects",
    "/api/v1/overview",
    "/api/v1/targets",
    "/api/v1/targets/%2e%2e",
    "/api/v1/channels/%ff",
    "/api/v1/events",
    "/api/v1/openapi.json",
)
ORDERS = ("orders/pause", "orders/step-down", "orders/emergency-stop", "targets/%00/hold", "config", "session")
BROKEN_BODIES = (
    b"",
    b"{",
    b"[" * 5000,
    b'"\\ud800"',
    b'{"why": 1e999}',
    b"\xff\xfe{}",
    b'{"why": "' + b"x" * 20_000 + b'"}',
)


def malformed_request(number: int) -> bytes:
    """One of many requests that break HTTP, or the pages, in one way; the same for the same number."""
    chance = random.Random(_SEED + number)
    junk = chance.randbytes(chance.randrange(1, 400))
    page, order, body = chance.choice(PAGES), chance.choice(ORDERS), chance.choice(BROKEN_BODIES)
    forms = (
        junk,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"G\0T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /" + junk.replace(b" ", b"").replace(b"\n", b"") + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: [::\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nzz\r\n\r\n",
        b"POST /targets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + junk.replace(b"\r", b"") + b"\r\n\r\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + junk,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + junk,
        f"GET {page}?limit=-1 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET {page}?limit=99999999999999999999999 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET {page}?target=%00%ff%fe&target=2 HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET {page}?a=%zz&limit=nan HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET {page}/../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET /backend/data/pacing/reactiveState?targets={'9' * 400} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"GET /backend/data/pacing/channelCapacity?targets=%ff%fe,\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        f"DELETE {page} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        f"GET {page} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1,1-2,{'2-3,' * 90}\r\n\r\n".encode(),
        f"GET {page} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {'gzip;q=0.1,' * 90}\r\n\r\n".encode(),
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
        f"POST /api/v1/{order} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body,
        f"PUT /api/v1/{order} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 9}\r\n\r\n".encode() + body,
        f"GET {page}?fields={'a,' * 900}&page=-1&sort=%00 HTTP/1.1\r\nHost: x\r\nLast-Event-ID: \xff\r\n\r\n".encode(
            "latin-1"
        ),
        f"GET {page} HTTP/1.1\r\nHost: x\r\nCookie: {'a=' * 900}\r\nAuthorization: Bearer \x01\r\n\r\n".encode(),
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n",
    )
    return forms[number % len(forms)]


async def malformed(victim: Victim, *, count: int, port: int = 0) -> Tally:
    """Malformed requests to one HTTP port of every node, each on a connection of its own."""
    tally = Tally()

    async def one(number: int) -> None:
        node = victim.nodes[number % len(victim.nodes)]
        connection = await connect(node.host, node.http_ports[port], tally)
        if connection is None:
            return
        request = malformed_request(number // len(victim.nodes))
        await write(connection, request)
        if connection[1].can_write_eof():
            connection[1].write_eof()
        came = await answer(connection, 2.0)
        status = status_of(came)
        if status is None:
            tally.count("nothing" if came is None else "closed" if not came else "junk")
        else:
            tally.count_status(status, repr(request[:50]))
        drop(connection)

    await in_parallel(one, count * len(victim.nodes), _AT_ONCE)
    return tally


async def idle(victim: Victim, *, count: int, seconds: float) -> Tally:
    """Connections to the master's pages that say nothing."""
    tally = Tally()
    connections = await _many(victim.master, count, tally)
    tally.figures["closed_by_node"] = await closed_within(connections, seconds)
    _drop_all(connections)
    return tally


async def half_headers(victim: Victim, *, count: int, seconds: float) -> Tally:
    """Connections that stop in the middle of their headers. Complains about those the node has not closed in time."""
    tally = Tally()
    connections = await _many(victim.master, count, tally)
    for connection in connections:
        await write(connection, b"GET /targets HTTP/1.1\r\nHost: x\r\nX-Half: ")
    closed = await closed_within(connections, seconds)
    tally.figures |= {"opened": len(connections), "closed_by_node": closed}
    if closed < len(connections):
        left = len(connections) - closed
        tally.complaints.append(f"{left} of {len(connections)} unfinished requests were still held after {seconds:g} s")
    _drop_all(connections)
    return tally


async def endless(victim: Victim, *, mebibytes: int) -> Tally:
    """URLs, headers and bodies without an end. Complains when a node takes all of one that is too long."""
    tally = Tally()
    starts = {
        "url": (b"GET /", b"a" * 65536),
        "header": (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", b"b" * 65536),
        "headers": (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-N: c\r\n" * 8192),
        "body": (f"POST /targets HTTP/1.1\r\nHost: x\r\nContent-Length: {2**40}\r\n\r\n".encode(), b"d" * 65536),
        "chunks": (
            b"POST /targets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"10000\r\n" + b"e" * 65536 + b"\r\n",
        ),
    }
    for node in victim.nodes:
        for kind, (start, piece) in starts.items():
            connection = await connect(node.host, node.http_port, tally)
            if connection is not None:
                taken = await _endless_one(connection, start, piece, mebibytes * _MIB)
                await _note_endless(connection, f"{node.name} {kind}", taken, tally)
                if taken >= mebibytes * _MIB:
                    tally.complaints.append(f"{node.name} took {mebibytes} MiB of one {kind} and asked for more")
                drop(connection)
    return tally


async def _endless_one(connection: Connection, start: bytes, piece: bytes, most: int) -> int:
    """Send pieces until the node takes no more; the bytes it took."""
    taken = 0
    if await write(connection, start):
        while taken < most and await write(connection, piece):
            taken += len(piece)
    return taken


async def _note_endless(connection: Connection, what: str, taken: int, tally: Tally) -> None:
    status = status_of(await answer(connection, 1.0))
    tally.count("closed") if status is None else tally.count_status(status, what)
    key = "most_mib_taken"
    tally.figures[key] = max(tally.figures.get(key, 0.0), round(taken / _MIB, 1))


async def unread_answers(victim: Victim, *, connections: int, requests: int, seconds: float) -> Tally:
    """Many requests for large pages on each connection, whose answers nobody reads."""
    tally = Tally()
    opened = await _many(victim.master, connections, tally)
    request = f"GET /metrics HTTP/1.1\r\nHost: {victim.master.host}\r\n\r\n".encode()
    for connection in opened:
        stop_reading(connection)
        connection[1].write(request * requests)
    await asyncio.sleep(seconds)
    tally.sent += len(opened) * requests
    _drop_all(opened)
    return tally


async def page_readers(victim: Victim, *, clients: int, seconds: float, path: str) -> Tally:
    """Clients that ask the master for one large page all the time."""
    tally = Tally()
    deadline = time.monotonic() + seconds
    request = f"GET {path} HTTP/1.1\r\nHost: {victim.master.host}\r\nConnection: close\r\n\r\n".encode()

    async def read_on(_: int) -> None:
        while time.monotonic() < deadline:
            connection = await connect(victim.master.host, victim.master.http_port, tally)
            if connection is None:
                await asyncio.sleep(0.05)
                continue
            await write(connection, request)
            head = await answer(connection, 30.0)
            while await answer(connection, 30.0):
                pass
            status = status_of(head)
            tally.count("closed") if status is None else tally.count_status(status, path)
            drop(connection)

    await in_parallel(read_on, clients, clients)
    return tally


async def exhaust_descriptors(victim: Victim, *, count: int, seconds: float, all_nodes: bool) -> Tally:
    """Connections to pages and clustering ports until no more are taken, held, and opened again when closed."""
    tally = Tally()
    nodes = victim.nodes if all_nodes else victim.nodes[:1]
    deadline = time.monotonic() + seconds

    async def press(node: NodeAddress, port: int) -> None:
        held: list[Connection] = []
        while time.monotonic() < deadline:
            held = [each for each in held if not each[0].at_eof() and not each[1].transport.is_closing()]
            for _ in range(min(100, count - len(held))):
                connection = await connect(node.host, port, tally)
                if connection is not None:
                    held.append(connection)
            await asyncio.sleep(0.1)
        tally.figures["held"] = tally.figures.get("held", 0) + len(held)
        _drop_all(held)

    await asyncio.gather(*(press(node, port) for node in nodes for port in (node.http_port, node.clustering_port)))
    tally.figures["own_descriptors"] = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a number
    return tally


async def _many(node: NodeAddress, count: int, tally: Tally) -> list[Connection]:
    """So many open connections to a node's pages, as far as they are taken."""
    opened: list[Connection] = []

    async def one(_: int) -> None:
        connection = await connect(node.host, node.http_port, tally)
        if connection is not None:
            tally.count("opened")
            opened.append(connection)

    await in_parallel(one, count, _AT_ONCE)
    return opened


def _drop_all(connections: list[Connection]) -> None:
    for connection in connections:
        drop(connection)
