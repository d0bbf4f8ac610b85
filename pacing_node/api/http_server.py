"""Serves the HTTP application on the node's own event loop; the node, not the server, handles signals.

The server below speaks HTTP and is given connections one by one: which are taken, for how long, and how much each may
send is decided here (:mod:`acceptor`, :mod:`guarded_connection`, :mod:`request_limits`).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn

from cluster.descriptors import Descriptors
from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from pacing_node.api.acceptor import Acceptor
from pacing_node.api.caller_source import NamedCaller
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.http_limits import HttpCounters, HttpLimits
from pacing_node.api.http_protocol import HttpProtocol
from pacing_node.api.request_limits import LimitedRequests
from pacing_node.tls import POLL_SECONDS, RenewedContext, follow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from pacing_node.tls import TlsFiles

STOP_SECONDS = 2.0
_TICK_SECONDS = 1.0
"""How often the date of answers is renewed."""
_BACKLOG = 512


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, without listening itself, and without ten wake-ups a second."""

    def __init__(self, config: uvicorn.Config, head_bytes: int) -> None:
        super().__init__(config)
        self.head_bytes = head_bytes
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Finish what is being answered, then end."""
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        """Renew the date of answers until :meth:`leave`. uvicorn's own loop looks ten times a second whether it is
        to end: a fifth of the wake-ups of a node with few targets.
        """
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._leaving.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin; connections are given to :meth:`protocol`."""
        del sockets
        self.servers: list[asyncio.Server] = []
        self.started = True

    def protocol(self, state: dict[str, Any]) -> asyncio.Protocol:
        """The protocol of one connection; its requests carry ``state``."""
        return HttpProtocol(self.config, self.server_state, state, self.head_bytes)


class HttpServer:
    """One listening port and the application behind it."""

    def __init__(
        self,
        address: str,
        port: int,
        tls: TlsFiles | None = None,
        *,
        poll_seconds: float = POLL_SECONDS,
        limits: HttpLimits | None = None,
        counters: HttpCounters | None = None,
        proxies: TrustedProxies | None = None,
        descriptors: Descriptors | None = None,
    ) -> None:
        """Bind the port at once, so that a taken one is an error before anything else starts.

        The certificate files are looked at every ``poll_seconds``; a renewed certificate is shown without a restart.
        ``counters`` and ``descriptors`` may be shared with other ports.

        Raises OSError when the address or port cannot be had.
        """
        self._socket = listening_socket(address, port)
        self._tls = tls
        self._limits = limits or HttpLimits()
        self._counters = counters or HttpCounters()
        self._proxies = proxies or TrustedProxies()
        self._descriptors = descriptors or Descriptors()
        self._server: _Server | None = None
        self._acceptor: Acceptor | None = None
        self._task: asyncio.Task[None] | None = None
        self._poll_seconds = poll_seconds
        self._following: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that listens; differs from the one asked for when that was 0."""
        port: int = self._socket.getsockname()[1]
        return port

    async def start(self, app: ASGIApp) -> None:
        """Begin to answer with this application.

        Raises OSError or ssl.SSLError when the certificate files cannot be used.
        """
        context = RenewedContext(self._tls) if self._tls else None
        if context is not None:
            self._following = spawn(
                "http-certificates", lasting("http-certificates", lambda: follow(context, self._poll_seconds))
            )
        self._server = self._build(app)
        self._task = spawn("http", self._server.serve(), finite=True)
        self._acceptor = Acceptor(
            self._socket,
            self._limits,
            server=self._server.protocol,
            tls=context,
            counters=self._counters,
            proxies=self._proxies,
            descriptors=self._descriptors,
        )
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        self._acceptor.start()

    def _build(self, app: ASGIApp) -> _Server:
        config = uvicorn.Config(
            LimitedRequests(NamedCaller(app, self._proxies), self._limits, self._counters),
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=max(1, round(self._limits.idle_seconds)),
            timeout_graceful_shutdown=int(STOP_SECONDS),
            http="httptools",
        )
        config.load()
        return _Server(config, self._limits.head_bytes)

    async def stop(self) -> None:
        """Finish what is being answered, at most ``STOP_SECONDS``, and close the port."""
        await cancel(self._following)
        if self._acceptor is not None:
            await self._acceptor.stop()
        self._socket.close()
        if self._server is not None and self._task is not None:
            self._server.leave()
            await asyncio.wait({self._task}, timeout=STOP_SECONDS + 1.0)
        if self._acceptor is not None:
            await self._acceptor.close()


def listening_socket(address: str, port: int) -> socket.socket:
    """A socket bound to the address; a port in use is refused, also when its owner allows sharing.

    Raises OSError naming address and port.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Named, so that asyncio turns off the delay of small writes on accepted connections.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise OSError(error.errno, f"cannot listen on {address} port {port}: {error.strerror}") from None
    listening.setblocking(False)
    return listening
