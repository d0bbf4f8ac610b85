"""The listening side of a port: takes connections, bounds them, and relays them to the gRPC server of this process.

gRPC bounds neither the connections of one address nor how long one may say nothing, and it can take up new certificates
only by a new server. So the port is opened here; the server behind it listens on a Unix socket that nobody else can
reach, and can be replaced while the port stays open. It runs in a thread of its own: members notice a silent peer
within a second, and an event loop that is busy for as long is no reason to lose every connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from cluster import addresses
from cluster.descriptors import RESERVED_FROM_MEMBERS, Descriptors
from cluster.outside_text import one_line
from cluster.peers import callers
from cluster.peers.connection_book import ConnectionBook, ConnectionLimits
from cluster.peers.relay import Relay, ServerSide

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

log = structlog.get_logger(__name__)

BACKLOG = 256
_DESCRIPTORS_PER_CONNECTION = 3
_SHARE_OF_DESCRIPTORS = 0.4
"""Most of the process's descriptors that the connections of one port use."""
_STOP_SECONDS = 5.0
FULL_SECONDS = 0.1
"""Pause before the next connection is taken while there is no descriptor for it."""
_TURNS_TO_SETTLE = 4
"""Turns of the loop after which accepted connections have begun, and the sockets of aborted ones are closed."""


def limits_of_this_process(wanted: ConnectionLimits) -> ConnectionLimits:
    """The limits, made smaller where the process may open too few descriptors for them."""
    most = max(16, int(Descriptors().limit * _SHARE_OF_DESCRIPTORS / _DESCRIPTORS_PER_CONNECTION))
    return ConnectionLimits(min(wanted.most, most), min(wanted.most_per_address, most))


class Front:
    """One port. ``target`` is the path of the Unix socket that new connections are relayed to."""

    def __init__(
        self,
        directory: Path,
        limits: ConnectionLimits,
        before_relay: Callable[[], Awaitable[None]],
        descriptors: Descriptors | None = None,
    ) -> None:
        """``before_relay`` is awaited, in this object's loop, before a connection is relayed."""
        self.target = ""
        self._descriptors = descriptors or Descriptors(RESERVED_FROM_MEMBERS)
        self._directory = directory
        self._before_relay = before_relay
        self._book = ConnectionBook(limits)
        self._numbers = itertools.count(1)
        self._connections: dict[int, _Connection] = {}
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        self._accepts = asyncio.Event()
        self._ended = asyncio.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        """How many connections are open."""
        return len(self._book)

    def open(self, bind_address: str, port: int) -> int:
        """Take the port; nothing is accepted before :meth:`start`. Returns the port. Raises OSError."""
        for family, at in _bindings(bind_address, port):
            self._sockets.append(_listening(family, at))
            if port == 0:
                port = int(self._sockets[-1].getsockname()[1])
        return port

    def start(self) -> None:
        """Accept connections from now on."""
        self._thread = threading.Thread(target=self._run, name="peers.front", daemon=True)
        self._thread.start()

    def stop_accepting(self) -> None:
        """Close the port; connections stay."""
        if self._thread is not None:
            asyncio.run_coroutine_threadsafe(self._close_port(), self._loop)

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._thread is None:
            for listening in self._sockets:
                listening.close()
            self._loop.close()
            return
        self.post(self._ended.set)
        await asyncio.to_thread(self._thread.join, _STOP_SECONDS)

    def post(self, act: Callable[[], None]) -> None:
        """Do something in the loop of this object; nothing once it has ended."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act)

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(_log_failure)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._accepting = [self._loop.create_task(self._accept(listening)) for listening in self._sockets]
        self._accepts.set()
        await self._ended.wait()
        await self._close_port()
        # What the kernel has handed over already becomes a connection first, which can then be closed.
        await _turns()
        for connection in list(self._connections.values()):
            connection.relay.abort()
        await _cancel_others()
        await _turns()

    async def _close_port(self) -> None:
        await self._accepts.wait()
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for listening in self._sockets:
            listening.close()

    async def _accept(self, listening: socket.socket) -> None:
        """Take connections one by one: a burst must not have the last descriptors before :meth:`admit` can say no."""
        while True:
            try:
                accepted = await self._next(listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                _log_failure(self._loop, {"exception": error})
                await asyncio.sleep(FULL_SECONDS)
                continue
            try:
                await self._loop.connect_accepted_socket(self._connection, accepted)
            except OSError as error:
                accepted.close()
                _log_failure(self._loop, {"exception": error})

    async def _next(self, listening: socket.socket) -> socket.socket:
        """The next connection. Unlike ``sock_accept``, loses none when it is cancelled just as one has come."""
        while True:
            with contextlib.suppress(BlockingIOError):
                return listening.accept()[0]
            readable = asyncio.Event()
            self._loop.add_reader(listening, readable.set)
            try:
                await readable.wait()
            finally:
                self._loop.remove_reader(listening)

    def _connection(self) -> Relay:
        return _Connection(self, next(self._numbers), self._directory).relay

    def admit(self, connection: _Connection, descriptor: int) -> bool:
        """Whether there is room for a connection with this descriptor; another one may be closed for it."""
        short = self._descriptors.short(descriptor)
        admission = self._book.admit(connection.number, connection.host, short=short)
        if admission.gives_way is not None:
            self._connections.pop(admission.gives_way).relay.abort()
        if admission.admitted:
            self._connections[connection.number] = connection
        return admission.admitted

    def proved(self, connection: _Connection) -> None:
        """A call on the connection has shown who calls."""
        self._book.proved(connection.number)
        connection.relay.proved()

    def closed(self, connection: _Connection) -> None:
        """The connection is gone."""
        if self._connections.pop(connection.number, None) is not None:
            self._book.closed(connection.number)

    async def server_side(self, connection: _Connection) -> asyncio.Transport:
        """Connect to the server on behalf of a connection. Raises OSError, also where only the reserve is left."""
        await self._before_relay()
        behind = socket.socket(socket.AF_UNIX)
        try:
            if self._descriptors.short(behind.fileno()):
                raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            behind.setblocking(False)
            behind.bind(connection.path)
            await self._loop.sock_connect(behind, self.target)
            transport, _ = await self._loop.create_unix_connection(lambda: ServerSide(connection.relay), sock=behind)
        except BaseException:
            behind.close()
            raise
        return transport


class _Connection:
    """A connection and what is known of it (``cluster.peers.callers.Caller``)."""

    def __init__(self, front: Front, number: int, directory: Path) -> None:
        self._front = front
        self._forget: Callable[[], None] = lambda: None
        self.number = number
        self.path = str(directory / f"c{number}")
        self.host = ""
        self.source = ""
        self.relay = Relay(self._open, self._admit, self._closed)

    def proved(self) -> None:
        """A call on it has shown who calls."""
        self._front.post(lambda: self._front.proved(self))

    def close(self) -> None:
        """Close it at once."""
        self._front.post(self.relay.abort)

    def _admit(self, relay: Relay) -> bool:
        name = relay.caller.get_extra_info("peername") if relay.caller is not None else None
        if not name or relay.caller is None:
            return False
        self.host, self.source = name[0], callers.source_name(name[0], name[1])
        return self._front.admit(self, relay.caller.get_extra_info("socket").fileno())

    async def _open(self, _relay: Relay) -> asyncio.Transport:
        self._forget = callers.enter(self.path, self)
        return await self._front.server_side(self)

    def _closed(self, _relay: Relay) -> None:
        self._forget()
        self._front.closed(self)
        with contextlib.suppress(FileNotFoundError):
            Path(self.path).unlink()


def _bindings(bind_address: str, port: int) -> list[tuple[int, tuple[str, int]]]:
    found = socket.getaddrinfo(
        addresses.bare_host(bind_address), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    # Addresses of other families, which the type counts in, are not asked for.
    return list(dict.fromkeys((int(family), at) for family, _, _, _, at in found))  # type: ignore[misc]


def _listening(family: int, at: tuple[str, int]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections of an earlier process that are still in TIME_WAIT do not count; one that listens does.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(at[0] != "::"))
        listening.bind(at)
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _log_failure(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception") or context.get("message")
    log.warning("peers.connection_failed", error=one_line(f"{type(error).__name__}: {error}"))


async def _turns() -> None:
    for _ in range(_TURNS_TO_SETTLE):
        await asyncio.sleep(0)


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
