"""Serves the HTTP application on the node's own event loop; the node, not the server, handles signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

import uvicorn

from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from pacing_node.tls import POLL_SECONDS, RenewedContext, follow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.applications import Starlette

    from pacing_node.tls import TlsFiles

STOP_SECONDS = 2.0
_BACKLOG = 512


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One listening port and the application behind it."""

    def __init__(
        self, address: str, port: int, tls: TlsFiles | None = None, *, poll_seconds: float = POLL_SECONDS
    ) -> None:
        """Bind the port at once, so that a taken one is an error before anything else starts.

        The certificate files are looked at every ``poll_seconds``; a renewed certificate is shown without a restart.

        Raises OSError when the address or port cannot be had.
        """
        self._socket = listening_socket(address, port)
        self._tls = tls
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._poll_seconds = poll_seconds
        self._following: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port that listens; differs from the one asked for when that was 0."""
        port: int = self._socket.getsockname()[1]
        return port

    def _build(self, app: Starlette) -> _Server:
        context = RenewedContext(self._tls) if self._tls else None
        if context is not None:
            self._following = spawn(
                "http-certificates", lasting("http-certificates", lambda: follow(context, self._poll_seconds))
            )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=int(STOP_SECONDS),
            ssl_context_factory=(lambda _config, _default: context) if context is not None else None,
        )
        config.load()
        return _Server(config)

    async def start(self, app: Starlette) -> None:
        """Begin to answer with this application.

        Raises OSError or ssl.SSLError when the certificate files cannot be used.
        """
        self._server = self._build(app)
        self._task = spawn("http", self._server.serve(sockets=[self._socket]), finite=True)
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish what is being answered, at most ``STOP_SECONDS``, and close the port."""
        await cancel(self._following)
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await asyncio.wait({self._task}, timeout=STOP_SECONDS + 1.0)
        self._socket.close()


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
