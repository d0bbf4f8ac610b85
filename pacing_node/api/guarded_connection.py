"""One connection to an HTTP port: a guard before the server's protocol, which closes what takes too much or too long.

The server below knows the protocol and no times; this one knows times and amounts, and next to nothing of the protocol:
the application tells it when a request begins and when its answer has ended.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

from pacing_node.api.http_limits import LimitRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pacing_node.api.http_limits import HttpLimits

STATE = "connection"
"""Key of the connection in the state of its requests."""
LINGER_SECONDS = 1.0
"""How long a closed connection may take to send what it still holds."""


class GuardedConnection(asyncio.Protocol):
    """Bounds one connection in time and size."""

    def __init__(
        self,
        address: str,
        limits: HttpLimits,
        *,
        server: Callable[[dict[str, object]], asyncio.Protocol],
        refuse: Callable[[LimitRefusal], object],
        lost: Callable[[GuardedConnection], object],
    ) -> None:
        """``server`` makes the protocol behind, with the state its requests carry; ``refuse`` counts what is closed.

        ``lost`` is called when the connection has ended.
        """
        self.address = address
        self._limits = limits
        self._server = server({STATE: self})
        self._refuse = refuse
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._reason: LimitRefusal | None = None
        self._requests = 0
        self._idle_since = time.monotonic()
        self._received = 0

    @property
    def idle(self) -> bool:
        """Whether no request is being answered."""
        return self._requests == 0

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._transport is None or self._transport.is_closing()

    @property
    def certificate(self) -> Mapping[str, Any]:
        """What ``ssl`` says of the caller's certificate, which an authority of the port signed; empty without one."""
        found = self._transport.get_extra_info("peercert") if self._transport is not None else None
        return found or {}

    def idle_seconds(self, now: float) -> float:
        """For how long no request has been answered, at a time of the monotonic clock; 0 while one is."""
        return now - self._idle_since if self.idle else 0.0

    # --- what the transport says -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there, its TLS handshake done."""
        self._transport = cast("asyncio.Transport", transport)
        self._within(self._limits.head_seconds, LimitRefusal.HEAD_TIME)
        self._server.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, passed on while they are within bounds."""
        if self.idle and self._received == 0:
            self._within(self._limits.head_seconds, LimitRefusal.HEAD_TIME)
        self._received += len(data)
        most = self._limits.head_bytes if self.idle else self._limits.body_bytes
        if self._received > most + self._limits.body_bytes:
            self.close(LimitRefusal.HEAD_SIZE if self.idle else LimitRefusal.BODY_SIZE)
            return
        self._server.data_received(data)

    def eof_received(self) -> bool | None:
        """Nothing more will come."""
        return self._server.eof_received()

    def pause_writing(self) -> None:
        """The reader is slower than the answer."""
        self._server.pause_writing()

    def resume_writing(self) -> None:
        """The reader has caught up."""
        self._server.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        self._stop_timer()
        self._lost(self)
        self._server.connection_lost(error)

    # --- what the application says -----------------------------------------------------------------------------------

    def begin_request(self) -> None:
        """The head of a request was read."""
        self._requests += 1
        self._received = 0
        self._within(self._limits.request_seconds, LimitRefusal.REQUEST_TIME)

    def stream(self, seconds: float) -> None:
        """The answer that has begun may go on for so long: its application bounds what it writes itself."""
        self._within(seconds, None)

    def end_request(self) -> None:
        """Its answer has been written."""
        self._requests -= 1
        self._idle_since = time.monotonic()
        self._received = 0
        if self._transport is not None and not self._transport.is_closing():
            sent = self._transport.get_write_buffer_size() == 0
            self._within(self._limits.idle_seconds if sent else self._limits.request_seconds, None)
        else:
            self._linger()

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self, reason: LimitRefusal | None = None) -> None:
        """Close the connection at once; ``reason`` says which bound it was beyond."""
        self._stop_timer()
        if self._transport is None:
            return
        if reason is not None and not self._transport.is_closing():
            self._refuse(reason)
        self._transport.abort()

    def _expire(self) -> None:
        self._timer = None
        loop, reason = asyncio.get_running_loop(), self._reason
        if loop.time() < self._due:
            self._timer = loop.call_at(self._due, self._expire)
            return
        if reason is LimitRefusal.REQUEST_TIME or self._transport is None or self._transport.is_closing():
            self.close(reason)
            return
        if reason is not None:
            self._refuse(reason)
        self._transport.close()
        self._linger()

    def _linger(self) -> None:
        """What is still to be sent has a moment."""
        self._within(LINGER_SECONDS, None)

    def _within(self, seconds: float, reason: LimitRefusal | None) -> None:
        """Close the connection after so long, instead of what was due before.

        Most requests move it on three times in a millisecond: a timer that fires too early looks again.
        """
        loop = asyncio.get_running_loop()
        self._due, self._reason = loop.time() + seconds, reason
        if self._timer is None or self._timer.when() > self._due:
            self._stop_timer()
            self._timer = loop.call_at(self._due, self._expire)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
