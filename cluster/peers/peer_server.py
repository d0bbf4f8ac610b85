"""The gRPC server on the clustering port, or on another one, behind the front that takes its connections."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import grpc.aio
import structlog

from cluster import addresses, tasks
from cluster.peers.channels import SERVER_OPTIONS
from cluster.peers.connection_book import ConnectionLimits
from cluster.peers.front import Front, limits_of_this_process
from cluster.peers.grpc_log import bound_grpc_log
from cluster.peers.ready_answers import ReadyAnswers
from cluster.peers.socket_directory import SocketDirectory
from cluster.peers.tls import PeerCertificates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cluster.security import PeerTls

    AddService = Callable[[grpc.aio.Server], None]
    """Adds a service to a server; called again for each new one."""

log = structlog.get_logger(__name__)

STOP_GRACE_SECONDS = 0.2
SWITCH_SECONDS = 1.0
"""How long a server that was replaced goes on taking connections that were meant for it."""
RETIRE_SECONDS = 10.0
"""How long the calls on a server that was replaced have to end."""


class PeerServer:
    """A port and the server behind it. The port stays open while a server with new certificates replaces the old."""

    def __init__(
        self,
        bind_address: str,
        port: int,
        tls: PeerTls | None = None,
        *,
        name: str = "clustering port",
        interceptors: Sequence[grpc.aio.ServerInterceptor[Any, Any]] = (),
        limits: ConnectionLimits | None = None,
    ) -> None:
        """``name`` is what messages call the port. Raises SettingsError when a certificate file cannot be read."""
        self._name = name
        self._certificates = PeerCertificates(tls) if tls is not None else None
        self._bind_address = bind_address
        self._port = port
        self._interceptors = tuple(interceptors)
        self._limits = limits or ConnectionLimits()
        self._services: list[AddService] = []
        self._on_renewed: list[Callable[[], None]] = []
        self._servers: list[grpc.aio.Server] = []
        self._numbers = itertools.count(1)
        self._directory: SocketDirectory | None = None
        self._front: Front | None = None
        self._renewing = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def serve(self, add_service: AddService) -> None:
        """Serve what this adds to a server. Before :meth:`start`."""
        self._services.append(add_service)

    def on_renewed(self, act: Callable[[], None]) -> None:
        """Call this when a server with new certificates has replaced the old: streams on the old one should end."""
        self._on_renewed.append(act)

    async def start(self) -> int:
        """Listen; returns the port. Raises OSError when it is taken."""
        bound_grpc_log()
        self._loop = asyncio.get_running_loop()
        address = addresses.join(self._bind_address, self._port)
        try:
            self._directory = await asyncio.to_thread(SocketDirectory)
            self._front = Front(self._directory.path, limits_of_this_process(self._limits), self._before_relay)
            port = await asyncio.to_thread(self._front.open, self._bind_address, self._port)
            await self._open_server()
        except (OSError, RuntimeError) as failure:
            await self._close()
            message = f"{self._name} {address} cannot be opened: {failure}"
            raise OSError(message) from failure
        self._front.start()
        log.info("peers.listening", name=self._name, address=self._bind_address, port=port)
        return port

    async def renew(self) -> None:
        """Look at the certificate files now, and take up new ones; files that cannot be used change nothing."""
        certificates = self._certificates
        if certificates is None:
            return
        async with self._renewing:
            if not await asyncio.to_thread(certificates.refresh):
                return
            old = list(self._servers)
            try:
                await self._open_server()
            except RuntimeError as failure:
                log.error("peers.certificates_unusable", error=str(failure))
                return
            log.info("peers.certificates_renewed")
            for act in self._on_renewed:
                act()
            for server in old:
                tasks.spawn("peers.old_server", self._retire(server), finite=True)

    async def stop(self) -> None:
        """Stop listening; running calls have a moment to end."""
        if self._front is not None:
            self._front.stop_accepting()
        await asyncio.gather(*(server.stop(STOP_GRACE_SECONDS) for server in self._servers))
        await self._close()

    async def _close(self) -> None:
        self._servers.clear()
        if self._front is not None:
            await self._front.stop()
        if self._directory is not None:
            await asyncio.to_thread(self._directory.remove)
        self._front = self._directory = None

    async def _open_server(self) -> None:
        """Start a server and relay new connections to it. Raises RuntimeError for what gRPC does not take."""
        if self._front is None or self._directory is None:
            return
        path = f"{self._directory.path}/s{next(self._numbers)}"
        interceptors = (*self._interceptors, ReadyAnswers())
        server = grpc.aio.server(interceptors=interceptors, options=SERVER_OPTIONS)
        for add_service in self._services:
            add_service(server)
        if self._certificates is None:
            server.add_insecure_port(f"unix:{path}")
        else:
            server.add_secure_port(f"unix:{path}", self._certificates.server())
        await server.start()
        self._servers.append(server)
        self._front.target = path

    async def _retire(self, server: grpc.aio.Server) -> None:
        await asyncio.sleep(SWITCH_SECONDS)
        await server.stop(RETIRE_SECONDS)
        if server in self._servers:
            self._servers.remove(server)

    async def _before_relay(self) -> None:
        """In the front's loop: files that were replaced count from the next connection on."""
        if self._certificates is None or self._loop is None:
            return
        if not self._certificates.touched() and not self._renewing.locked():
            return
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.renew(), self._loop))
