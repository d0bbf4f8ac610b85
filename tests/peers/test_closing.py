"""A clustering port that is closed leaves no connection behind, however far that one has come."""

from __future__ import annotations

import asyncio
import gc
import select
import socket
import threading
import warnings
from pathlib import Path

from cluster.peers.connection_book import ConnectionLimits
from cluster.peers.front import Front
from tests.support.waiting import until


async def test_a_connection_that_comes_while_the_port_closes_is_closed(tmp_path: Path) -> None:
    front = Front(tmp_path, ConnectionLimits(8, 8), lambda: asyncio.sleep(0))
    port = front.open("127.0.0.1", 0)
    front.start()
    first = socket.create_connection(("127.0.0.1", port))
    await until(lambda: len(front) == 1, "the port takes connections")
    busy, go_on = threading.Event(), threading.Event()

    def be_busy() -> None:
        busy.set()
        go_on.wait()

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        front.post(be_busy)
        await asyncio.to_thread(busy.wait)
        # Its loop finds both at once: that it ends, and that somebody has connected.
        with socket.create_connection(("127.0.0.1", port)) as caller:
            await asyncio.to_thread(select.select, front._sockets, [], [], 10.0)
            stopping = asyncio.create_task(front.stop())
            await asyncio.sleep(0)
            go_on.set()
            await stopping
            caller.settimeout(30.0)
            assert await asyncio.to_thread(_ended, caller)
        first.close()
        gc.collect()
    assert [str(each.message) for each in warned] == []


def _ended(caller: socket.socket) -> bool:
    """Whether the other side has closed the connection."""
    try:
        return caller.recv(1) == b""
    except ConnectionResetError:
        return True
