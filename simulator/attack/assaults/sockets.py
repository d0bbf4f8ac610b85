"""Connections of a stranger: from an address of their own, in numbers, and closed without manners."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from simulator.attack.tally import STRANGER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from simulator.attack.tally import Tally

_CONNECT_SECONDS = 10.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(host: str, port: int, tally: Tally, source: str = STRANGER) -> Connection | None:
    """A connection from a stranger's address; None when it was refused, which is counted."""
    local = (source, 0) if host.startswith("127.") else None
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            return await asyncio.open_connection(host, port, local_addr=local)
    except (OSError, TimeoutError) as error:
        tally.count(f"connect: {type(error).__name__}")
        return None


def drop(connection: Connection) -> None:
    """Close with a reset where something is unread."""
    with contextlib.suppress(OSError, RuntimeError):
        connection[1].transport.abort()


def stop_reading(connection: Connection) -> None:
    """Leave everything that comes in the kernel, which then tells the other side to wait."""
    transport = connection[1].transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()


async def write(connection: Connection, content: bytes, seconds: float = 5.0) -> bool:
    """Send; False when the other side does not take it any more."""
    with contextlib.suppress(OSError, TimeoutError, RuntimeError):
        connection[1].write(content)
        await asyncio.wait_for(connection[1].drain(), seconds)
        return not connection[1].transport.is_closing()
    return False


async def answer(connection: Connection, seconds: float = 5.0) -> bytes | None:
    """What comes next; empty when the other side has closed, None when nothing comes."""
    try:
        return await asyncio.wait_for(connection[0].read(65536), seconds)
    except TimeoutError:
        return None
    except OSError:
        return b""


async def closed_within(connections: Iterable[Connection], seconds: float) -> int:
    """How many of the connections the other side has closed after at most so many seconds."""
    deadline = time.monotonic() + seconds

    async def closed(connection: Connection) -> bool:
        while (left := deadline - time.monotonic()) > 0:
            came = await answer(connection, left)
            if came == b"":
                return True
        return False

    return sum(await asyncio.gather(*(closed(connection) for connection in connections)))


async def in_parallel(work: Callable[[int], Awaitable[None]], count: int, at_once: int) -> None:
    """``work(0)`` to ``work(count - 1)``, so many at once."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    await asyncio.gather(*(worker() for _ in range(min(count, at_once))))


def status_of(head: bytes | None) -> int | None:
    """The status in the first line of an HTTP answer; None when it is none."""
    words = (head or b"").split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") and words[1].isdigit() else None
