"""Connections on which nothing goes out late: what was given up is thrown away, what is too late is not begun.

A kernel goes on sending what a closed connection has not delivered, for minutes, and so a push that was given up on a
dead line would arrive when the line heals. Connections opened here are reset when they are closed, and then the kernel
forgets what it holds; if the process is frozen meanwhile, the kernel gives them up by itself.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Any

import httpx

from pacing_node.engagement.deadline import TRACED_AS

if TYPE_CHECKING:
    import ssl

    from pacing_node.engagement.deadline import Deadline

SocketOption = tuple[int, int, int | bytes]

_DISCARD_ON_CLOSE: SocketOption = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
_OPENED = "connection.connect_tcp.complete"
_BYTES_FOLLOW = (".send_request_headers.started", ".send_request_body.started")


class PushTransport(httpx.AsyncHTTPTransport):
    """One way to the platform, direct or through a forward proxy.

    The options are set when a connection has been opened and before anything is sent on it, by the trace hook: the
    client gives none to the connections it opens to a proxy.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        limits: httpx.Limits,
        *,
        proxy: httpx.Proxy | None = None,
        unacknowledged_seconds: float | None = None,
    ) -> None:
        """Bytes not acknowledged for ``unacknowledged_seconds`` make the kernel give a connection up; None: its own."""
        super().__init__(verify=context, trust_env=False, limits=limits, proxy=proxy)
        self._options = socket_options(unacknowledged_seconds)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises ``LateError`` instead of sending anything of it after its deadline."""
        watch = _Watch(self._options, request.extensions.get(TRACED_AS))
        request.extensions = {**request.extensions, "trace": watch}
        return await super().handle_async_request(request)


class _Watch:
    """What the HTTP client reports while it works on one request."""

    def __init__(self, options: list[SocketOption], deadline: Deadline | None) -> None:
        self._options = options
        self._deadline = deadline

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        if event == _OPENED:
            opened = info["return_value"].get_extra_info("socket")
            for option in self._options:
                opened.setsockopt(*option)
        elif self._deadline is not None and event.endswith(_BYTES_FOLLOW):
            self._deadline.check()


def socket_options(unacknowledged_seconds: float | None) -> list[SocketOption]:
    """Options of every connection; the second one where the system has it."""
    options = [_DISCARD_ON_CLOSE]
    limit = getattr(socket, "TCP_USER_TIMEOUT", None)
    if limit is not None and unacknowledged_seconds is not None:
        options.append((socket.IPPROTO_TCP, limit, max(1, round(unacknowledged_seconds * 1000))))
    return options
