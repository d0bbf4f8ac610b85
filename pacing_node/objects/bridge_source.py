"""Configuration objects from a pair of bridges in front of Config Server, over gRPC."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import structlog

from cluster.backoff import Backoff
from contact_center.v1 import configuration_pb2, configuration_pb2_grpc
from pacing_node.objects.object_feed import objects_from_feed
from pacing_node.objects.source_status import SourceStatus, hand_over
from pacing_node.options.errors import ConfigurationError
from pacing_node.runtime.failures import innermost
from pacing_node.runtime.server_channels import open_channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.objects.object_model import ConfigurationObjects

log = structlog.get_logger(__name__)

MAXIMUM_MESSAGE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BridgeSettings:
    """Times of the connection, seconds."""

    silence_seconds: float = 25.0
    """A server that says nothing for longer is taken for dead; it has to speak every 10 seconds."""
    first_delay_seconds: float = 0.1
    """Wait after both servers failed; doubles with every round, with jitter."""
    longest_delay_seconds: float = 5.0


class BridgeSource:
    """Follows one server of the pair, and the other one when it fails; stays with a server that works."""

    def __init__(
        self,
        addresses: tuple[str, ...],
        tenant: str = "",
        settings: BridgeSettings | None = None,
        *,
        credentials: Callable[[], grpc.ChannelCredentials | None] | None = None,
    ) -> None:
        """Addresses are ``host:port``, the primary first.

        ``credentials`` is asked anew for every connection, so that renewed certificates take effect; None means plain
        text. It may raise ConfigurationError.
        """
        self._addresses = addresses
        self._tenant = tenant
        self._settings = settings or BridgeSettings()
        self._credentials = credentials or (lambda: None)
        self._known: dict[str, str] = {}
        """Version of the objects in force by the server they came from; versions of different servers differ."""
        self._status = SourceStatus("bridge", addresses[0])

    @property
    def status(self) -> SourceStatus:
        """How the source is doing now."""
        return self._status

    async def run(self, use: Callable[[ConfigurationObjects], None]) -> None:
        """Follow the pair until cancelled."""
        backoff = Backoff(self._settings.first_delay_seconds, self._settings.longest_delay_seconds)
        at = failed = 0
        while True:
            address = self._addresses[at]
            began = time.monotonic()
            problem = await self._guarded(address, use)
            # A server that breaks off again and again at once is no less of a burden than one that does not answer.
            if self._status.connected and time.monotonic() - began > self._settings.longest_delay_seconds:
                backoff.reset()
                failed = 0
            failed += 1
            if self._status.connected or problem not in self._status.problems:
                log.warning("configuration.server_lost", server=address, reason=problem, kept=self._status.version)
            self._status = replace(self._status, connected=False, problems=(problem,))
            at = (at + 1) % len(self._addresses)
            if failed % len(self._addresses) == 0:  # all of them, since one worked for a while
                await asyncio.sleep(backoff.next_seconds())

    async def _guarded(self, address: str, use: Callable[[ConfigurationObjects], None]) -> str:
        """Follow a server; whatever it provokes, the objects in force stay and the next attempt follows."""
        try:
            return await self._follow(address, use)
        except Exception as error:
            log.error("configuration.unexpected", server=address, kind=type(error).__name__, where=innermost(error))
            return f"{address}: unexpected {type(error).__name__}"

    async def _follow(self, address: str, use: Callable[[ConfigurationObjects], None]) -> str:
        """Take objects from one server until it fails; returns why."""
        try:
            credentials = await asyncio.to_thread(self._credentials)
        except ConfigurationError as error:
            return str(error)
        limit = (("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES),)
        async with open_channel(address, credentials, limit) as channel:
            stub = configuration_pb2_grpc.ConfigurationServiceStub(channel)
            request = configuration_pb2.WatchRequest(tenant=self._tenant, known_version=self._known.get(address, ""))
            call = stub.Watch(request)
            try:
                while True:
                    async with asyncio.timeout(self._settings.silence_seconds):
                        answer = await call.read()
                    if not isinstance(answer, configuration_pb2.WatchResponse):
                        return f"{address}: the server ended the stream"
                    await self._take(address, answer, use)
            except TimeoutError:
                return f"{address}: silent for more than {self._settings.silence_seconds:g} s"
            except grpc.aio.AioRpcError as error:
                return f"{address}: {error.code().name}: {(error.details() or '')[:200]}"
            finally:
                call.cancel()

    async def _take(
        self, address: str, answer: configuration_pb2.WatchResponse, use: Callable[[ConfigurationObjects], None]
    ) -> None:
        if not self._status.connected:
            log.info("configuration.server_connected", server=address)
        self._status = replace(self._status, place=address, connected=True, problems=())
        if answer.unchanged:
            return
        objects = await asyncio.to_thread(objects_from_feed, answer.objects, answer.version, self._tenant)
        updated_at = hand_over(use, objects, address)
        self._known = {address: answer.version}
        self._status = replace(self._status, version=answer.version, updated_at=updated_at)
