"""Takes connections on a listening socket: so many in all and for each address, and none that others need more.

Beyond a bound the oldest connection without a request makes room for the new one, so that idle and silent ones keep
nobody out: of the same address first, of any when there are too many in all.
"""

from __future__ import annotations

import asyncio
import errno
import time
from typing import TYPE_CHECKING

from cluster.addresses import site
from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from pacing_node.api.guarded_connection import GuardedConnection
from pacing_node.api.http_limits import HttpCounters, LimitRefusal

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterable

    from cluster.descriptors import Descriptors
    from pacing_node.api.client_address import TrustedProxies
    from pacing_node.api.http_limits import HttpLimits

FULL_SECONDS = 0.1
"""Pause before the next connection is taken while there are no descriptors for it."""
YIELD_SECONDS = 0.2
"""A connection must have been idle for so long to make room: else a flood would cost a connection each time."""
_NO_ROOM = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """The connections of one port."""

    def __init__(
        self,
        listening: socket.socket,
        limits: HttpLimits,
        *,
        server: Callable[[dict[str, object]], asyncio.Protocol],
        tls: ssl.SSLContext | None,
        counters: HttpCounters,
        proxies: TrustedProxies,
        descriptors: Descriptors,
    ) -> None:
        """``server`` makes the protocol behind each connection; ``proxies`` have no bound of their own."""
        self._listening = listening
        self._limits = limits
        self._server = server
        self._tls = tls
        self._counters = counters
        self._proxies = proxies
        self._descriptors = descriptors
        self._open: dict[GuardedConnection, asyncio.Task[None]] = {}
        self._by_address: dict[str, dict[GuardedConnection, None]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take connections."""
        self._task = spawn("http-accept", lasting("http-accept", self._accept))

    async def stop(self) -> None:
        """Take no more connections; those that are open go on."""
        await cancel(self._task)

    async def close(self) -> None:
        """Close what is still open."""
        for connection in tuple(self._open):
            connection.close()
        await cancel(*self._open.values())

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, place = await loop.sock_accept(self._listening)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._make_room(self._open, LimitRefusal.DESCRIPTORS)
                await asyncio.sleep(FULL_SECONDS)
                continue
            address = str(place[0])
            short = self._descriptors.short(accepted.fileno())
            if self._admit(address, short=short):
                self._begin(accepted, site(address))
            else:
                accepted.close()
            # Also where connections come faster than they are taken, everything else has its turn.
            await asyncio.sleep(FULL_SECONDS if short else 0)

    def _admit(self, address: str, *, short: bool) -> bool:
        """Whether there is room for one more, after what is idle has made it."""
        mine = self._by_address.get(site(address), {})
        if len(mine) >= self._limits.connections_per_address and not self._proxies.trusts(address):
            return self._make_room(mine, LimitRefusal.CONNECTIONS_PER_ADDRESS)
        if len(self._open) >= self._limits.connections:
            return self._make_room(self._open, LimitRefusal.CONNECTIONS)
        if short:
            return self._make_room(self._open, LimitRefusal.DESCRIPTORS)
        return True

    def _make_room(self, among: Iterable[GuardedConnection], reason: LimitRefusal) -> bool:
        """Close the oldest connection among these that has been idle for a moment; False when there is none."""
        self._refused(reason)
        now = time.monotonic()
        oldest = next((each for each in among if each.idle_seconds(now) >= YIELD_SECONDS), None)
        if oldest is None:
            return False
        self._drop(oldest)
        return True

    def _begin(self, accepted: socket.socket, address: str) -> None:
        connection = GuardedConnection(
            address, self._limits, server=self._server, refuse=self._refused, lost=self._forget
        )
        self._by_address.setdefault(address, {})[connection] = None
        connecting = spawn("http-connection", self._connect(accepted, connection), finite=True)
        # Not a part of the work: that may be cancelled before it has begun.
        connecting.add_done_callback(lambda task: accepted.close() if task.cancelled() else None)
        self._open[connection] = connecting
        self._counters.open += 1

    async def _connect(self, accepted: socket.socket, connection: GuardedConnection) -> None:
        """Hand the socket over to the event loop, after the TLS handshake if there is one."""
        seconds = self._limits.handshake_seconds if self._tls is not None else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=self._tls, ssl_handshake_timeout=seconds
            )
        except asyncio.CancelledError:
            self._forget(connection)
            raise
        except (OSError, ValueError):
            self._refused(LimitRefusal.HANDSHAKE)
            accepted.close()
            self._forget(connection)

    def _drop(self, connection: GuardedConnection) -> None:
        """Close a connection, also one in the middle of its handshake."""
        task = self._open[connection]
        self._forget(connection)
        task.cancel()
        connection.close()

    def _refused(self, reason: LimitRefusal) -> None:
        self._counters.refused[reason] += 1

    def _forget(self, connection: GuardedConnection) -> None:
        if self._open.pop(connection, None) is None:
            return
        self._counters.open -= 1
        mine = self._by_address[connection.address]
        del mine[connection]
        if not mine:
            del self._by_address[connection.address]
