"""One connection of a port, relayed byte by byte to the server of this process over a Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from cluster.peers.stranger_bounds import StrangerBounds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

FIRST_BYTES_SECONDS = 5.0
"""How long a connection may say nothing before it is closed; the server bounds what follows."""
_DEAD_AFTER_SECONDS = 15
"""Silence of a caller's machine after which the kernel asks whether it still lives."""
_FAREWELL_SECONDS = 5.0
"""How long a caller may take to read what the server has sent before it closed."""


class Relay(asyncio.Protocol):
    """The caller's side. Nothing is opened behind it before the caller has said something."""

    def __init__(
        self,
        open_server_side: Callable[[Relay], Awaitable[asyncio.Transport]],
        admit: Callable[[Relay], bool],
        on_closed: Callable[[Relay], None],
    ) -> None:
        """``open_server_side`` connects to the server; it raises OSError. ``admit`` says whether there is room."""
        self._open_server_side = open_server_side
        self._admit = admit
        self._on_closed = on_closed
        self._first = b""
        self._bounds: StrangerBounds | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self.caller: asyncio.Transport | None = None
        self.server: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or close it at once when there is no room."""
        assert isinstance(transport, asyncio.Transport)
        self.caller = transport
        if not self._admit(self):
            transport.abort()
            return
        _notice_dead_callers(transport.get_extra_info("socket"))
        self._bounds = StrangerBounds(asyncio.get_running_loop().time())
        self._timer = asyncio.get_running_loop().call_later(FIRST_BYTES_SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        """Pass on what the caller has sent; a stranger who sends too much is cut off."""
        if self._bounds is not None and not self._bounds.allow(data, asyncio.get_running_loop().time()):
            self.abort()
            return
        if self.server is not None:
            self.server.write(data)
            return
        self._first += data
        if self._opening is None and self.caller is not None:
            self.caller.pause_reading()
            self._opening = asyncio.get_running_loop().create_task(self._open())

    def eof_received(self) -> bool:
        """The caller sends no more: what is on the way to the server still arrives."""
        if self.server is not None:
            self.server.close()
        return False

    def connection_lost(self, _failure: Exception | None) -> None:
        """The caller is gone."""
        self._stop_timer()
        if self._opening is not None:
            self._opening.cancel()
        if self.server is not None:
            self.server.close()
        self._on_closed(self)

    def pause_writing(self) -> None:
        """The caller does not read: read no more from the server, whose memory is bounded by its own windows."""
        if self.server is not None:
            self.server.pause_reading()

    def resume_writing(self) -> None:
        """The caller reads again."""
        if self.server is not None:
            self.server.resume_reading()

    def proved(self) -> None:
        """The caller has shown who they are: from now on everything is passed on."""
        self._bounds = None

    def abort(self) -> None:
        """Close the connection at once, on both sides."""
        for side in (self.caller, self.server):
            if side is not None:
                side.abort()

    async def _open(self) -> None:
        try:
            self.server = await self._open_server_side(self)
        except OSError:
            self.abort()
            return
        self._stop_timer()
        self.server.write(self._first)
        self._first = b""
        if self.caller is not None and not self.caller.is_closing():
            self.caller.resume_reading()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class ServerSide(asyncio.Protocol):
    """The side of the server in this process."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def data_received(self, data: bytes) -> None:
        """Pass on what the server has sent."""
        if self._relay.caller is not None:
            self._relay.caller.write(data)

    def connection_lost(self, _failure: Exception | None) -> None:
        """The server has closed: what is on the way to the caller still arrives, if they read it."""
        if self._relay.caller is not None and not self._relay.caller.is_closing():
            self._relay.caller.close()
            asyncio.get_running_loop().call_later(_FAREWELL_SECONDS, self._relay.abort)

    def pause_writing(self) -> None:
        """The server does not read."""
        if self._relay.caller is not None:
            self._relay.caller.pause_reading()

    def resume_writing(self) -> None:
        """The server reads again."""
        if self._relay.caller is not None:
            self._relay.caller.resume_reading()


def _notice_dead_callers(connection: socket.socket) -> None:
    """Have the kernel end connections whose other machine is gone without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", _DEAD_AFTER_SECONDS), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)):
        with contextlib.suppress(AttributeError, OSError):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
