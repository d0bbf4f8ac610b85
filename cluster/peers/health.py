"""Health for load balancers and drills: the standard ``grpc.health.v1`` on the clustering port.

The servicer that comes with grpcio-health-checking changes a status under a lock which it holds while it writes to
watchers, so that a watcher that stopped reading could delay the news that this node is no longer master. Here a status
is changed at once, by plain assignment, and watchers catch up.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cluster.peers.peer_server import PeerServer
from cluster.peers.request_check import RequestCheck

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Context = grpc.aio.ServicerContext[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]

MOST_WATCHERS = 64
"""Watchers at a time, those who do not read among them."""
PROCESS = ""
"""Name of the service that means the whole process."""


class HealthPort:
    """The health service, and nothing else, on a port without TLS: for probes that cannot show a certificate."""

    def __init__(self, health: Health, bind_address: str, port: int | None) -> None:
        """``port`` None opens none."""
        self._server = (
            PeerServer(bind_address, port, name="health port", interceptors=(RequestCheck(),))
            if port is not None
            else None
        )
        self.port: int | None = None
        """Where it listens, once started."""
        if self._server is not None:
            self._server.serve(health.add_to)

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._server is not None:
            self.port = await self._server.start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await self._server.stop()


class Health:
    """Three answers: the process is ready, this node has joined, this node is master with a valid lease."""

    def __init__(self, node_service: str, master_service: str) -> None:
        """Nothing is serving at birth."""
        self._node = node_service
        self._master = master_service
        self._serving = {PROCESS: False, node_service: False, master_service: False}
        self._changed = asyncio.Event()
        self._closed = False
        self._watchers = 0

    def add_to(self, server: grpc.aio.Server) -> None:
        """Serve it on this server."""
        health_pb2_grpc.add_HealthServicer_to_server(self, server)

    def set(self, *, process: bool | None = None, node: bool | None = None, master: bool | None = None) -> None:
        """Set what is given, at once; watchers are sent the change."""
        for name, serving in ((PROCESS, process), (self._node, node), (self._master, master)):
            if serving is not None and not self._closed:
                self._serving[name] = serving
        self._wake()

    def close(self) -> None:
        """Nothing serves any more, and nothing will again; streams of watchers end after they were sent this."""
        self.set(process=False, node=False, master=False)
        self._closed = True
        self._wake()

    async def Check(  # noqa: N802 - the name in the contract
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> health_pb2.HealthCheckResponse:
        """The status of one service; NOT_FOUND for an unknown one."""
        if request.service not in self._serving:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"unknown service {request.service!r}")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    async def List(  # noqa: N802 - the name in the contract
        self, request: health_pb2.HealthListRequest, context: Context
    ) -> health_pb2.HealthListResponse:
        """The status of every service."""
        del request, context
        statuses = {name: health_pb2.HealthCheckResponse(status=self._status(name)) for name in self._serving}
        return health_pb2.HealthListResponse(statuses=statuses)

    async def Watch(  # noqa: N802 - the name in the contract
        self, request: health_pb2.HealthCheckRequest, context: Context
    ) -> AsyncIterator[health_pb2.HealthCheckResponse]:
        """The status of one service at once, then each change; SERVICE_UNKNOWN for an unknown one."""
        if self._watchers >= MOST_WATCHERS:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{MOST_WATCHERS} watch already")
        self._watchers += 1
        try:
            async for status in self._changes(request.service):
                yield health_pb2.HealthCheckResponse(status=status)
        finally:
            self._watchers -= 1

    async def _changes(self, service: str) -> AsyncIterator[health_pb2.HealthCheckResponse.ServingStatus]:
        last = None
        while True:
            changed, status = self._changed, self._status(service)
            if status != last:
                last = status
                yield status
            elif self._closed:
                return
            else:
                await changed.wait()

    def _status(self, service: str) -> health_pb2.HealthCheckResponse.ServingStatus:
        if service not in self._serving:
            return health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        if self._serving[service]:
            return health_pb2.HealthCheckResponse.SERVING
        return health_pb2.HealthCheckResponse.NOT_SERVING

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
