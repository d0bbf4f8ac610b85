"""A TCP proxy whose connections misbehave on demand, between a node and something it depends on."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from cluster import tasks
from simulator.harness.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"
RETRANSMISSION_SECONDS = 0.5
"""How much later than another one a connection may go on after a hole."""
_CHUNK_BYTES = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Way(Enum):
    """Direction of a stream of bytes through the proxy."""

    REQUEST = "request"
    """From the client to the server."""
    ANSWER = "answer"
    """From the server to the client."""


@dataclass(slots=True)
class Weather:
    """How connections fare; times in seconds. The default is fair."""

    latency_seconds: float = 0.0
    """Delay of every piece of data, each way."""
    bytes_per_second: float | None = None
    """Bandwidth each way; None is unlimited."""
    close_delay_seconds: float = 0.0
    """How late the end of a stream is passed on."""
    refusing: bool = False
    """New connections are reset."""
    answers_to_cut: int = 0
    """So many answers are not delivered: the request has reached the server, then the connection is reset."""


@dataclass(eq=False, slots=True)
class _Connection:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    pumps: list[asyncio.Task[None]] = field(default_factory=list)
    moving: asyncio.Event = field(default_factory=asyncio.Event)
    """Clear while this connection alone is stalled."""

    def reset(self) -> None:
        for writer in (self.client, self.server):
            with contextlib.suppress(OSError):
                own = writer.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


class FaultProxy:
    """One server as seen through bad weather. Use it from one event loop; :meth:`start` before anything else.

    A hole (:meth:`drop`) holds bytes back instead of losing them, as TCP does across a partition that heals: what was
    in transit arrives late, each connection after a pause of its own, so that it may also overtake. That is the harder
    test of a receiver.
    """

    def __init__(self, target_port: int, tap: Callable[[bytes], None] | None = None) -> None:
        """``tap`` sees every piece of a request that is passed on to the server."""
        self.weather = Weather()
        self.port = 0
        """Where the proxy listens, after :meth:`start`."""
        self._target_port = target_port
        self._tap = tap
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[_Connection] = set()
        self._accepted = Connections("proxy.connection", self._serve)
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen on a free port of the loopback interface; returns it."""
        self._server = await asyncio.start_server(self._accepted.accept, HOST, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        """Reset every connection and listen no more."""
        if self._server is not None:
            self._server.close()
        self.reset()
        await self._accepted.end()

    def drop(self) -> None:
        """Hold back every byte both ways, also of new connections, until :meth:`heal`."""
        self._open.clear()

    def stall(self) -> None:
        """Hold back the bytes of every open connection, until :meth:`heal`; new connections work."""
        for connection in self._connections:
            connection.moving.clear()

    def reset(self) -> None:
        """Reset every open connection; new ones are taken."""
        for connection in tuple(self._connections):
            connection.reset()

    def heal(self) -> None:
        """Fair weather again; what was held back is delivered."""
        self.weather = Weather()
        self._open.set()
        for connection in self._connections:
            connection.moving.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.weather.refusing:
            return
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            return
        connection = _Connection(writer, to_server)
        connection.moving.set()
        self._connections.add(connection)
        connection.pumps = [
            tasks.spawn("proxy.request", self._pump(Way.REQUEST, reader, to_server, connection), finite=True),
            tasks.spawn("proxy.answer", self._pump(Way.ANSWER, from_server, writer, connection), finite=True),
        ]
        try:
            await asyncio.gather(*connection.pumps)
        finally:
            self._connections.discard(connection)
            to_server.transport.abort()
            await tasks.cancel(*connection.pumps)

    async def _pump(
        self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        """Pass bytes on in one direction until its end; a break is passed on as a reset."""
        try:
            while chunk := await reader.read(_CHUNK_BYTES):
                await self._hold_back(connection, len(chunk))
                if way is Way.ANSWER and self.weather.answers_to_cut > 0:
                    self.weather.answers_to_cut -= 1
                    connection.reset()
                    return
                if way is Way.REQUEST and self._tap is not None:
                    self._tap(chunk)
                writer.write(chunk)
                await writer.drain()
            await self._pass_hole(connection)
            await asyncio.sleep(self.weather.close_delay_seconds)
            writer.write_eof()
        except OSError:
            connection.reset()

    async def _hold_back(self, connection: _Connection, size: int) -> None:
        await self._pass_hole(connection)
        weather = self.weather
        wait = weather.latency_seconds + (size / weather.bytes_per_second if weather.bytes_per_second else 0.0)
        if wait > 0.0:
            await asyncio.sleep(wait)
            await self._pass_hole(connection)

    async def _pass_hole(self, connection: _Connection) -> None:
        held = False
        while not (self._open.is_set() and connection.moving.is_set()):
            held = True
            await self._open.wait()
            await connection.moving.wait()
        if held:
            await asyncio.sleep(random.uniform(0.0, RETRANSMISSION_SECONDS))
