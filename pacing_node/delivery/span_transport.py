"""Two ways to a collector of OpenTelemetry: OTLP over HTTP with protobuf, and over gRPC. Both are on the event loop."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import grpc
import grpc.aio

from cluster import addresses
from cluster.outside_text import one_line
from pacing_node.http_client.client import ClientSettings, HttpClient, public_authorities
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError, described
from pacing_node.runtime.server_channels import open_channel

if TYPE_CHECKING:
    from types import TracebackType

MOST_BYTES = 64 * 1024
"""Longest answer of a collector that is read."""
PATH = "/v1/traces"
CALL = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
GRPC_PORT = 4317
"""Where collectors listen for gRPC, for an address without a port."""


class SpanTransport(Protocol):
    """Sends batches; an asynchronous context manager that holds the connection."""

    async def __aenter__(self) -> SpanTransport:
        """Begin."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""

    async def send(self, batch: bytes) -> str:
        """Send an encoded batch; why it was not taken, empty when it was. Never longer than the time allowed."""


def transport_to(collector: str, seconds: float, *, over_grpc: bool) -> SpanTransport:
    """The way to a collector; ``seconds`` is the longest time for one batch."""
    return _OverGrpc(collector, seconds) if over_grpc else _OverHttp(collector, seconds)


class _OverHttp:
    def __init__(self, collector: str, seconds: float) -> None:
        self._url = collector.rstrip("/") + PATH
        self._client = HttpClient(ClientSettings(MOST_BYTES, seconds))

    async def __aenter__(self) -> _OverHttp:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def send(self, batch: bytes) -> str:
        """Post it; any status of 200 to 299 is good."""
        headers = {"Content-Type": "application/x-protobuf"}
        try:
            answer = await self._client.request("POST", self._url, content=batch, headers=headers)
        except (UnreadableAnswerError, *REQUEST_FAILURES) as error:
            return described(error)
        return "" if answer.good else f"the collector answered {answer.status}"


class _OverGrpc:
    def __init__(self, collector: str, seconds: float) -> None:
        parts = urlsplit(collector)
        address = addresses.join(parts.hostname or "", parts.port or GRPC_PORT)
        limits = (("grpc.max_receive_message_length", MOST_BYTES), ("grpc.max_metadata_size", MOST_BYTES))
        self._channel = open_channel(address, _credentials() if parts.scheme == "https" else None, limits)
        self._call = self._channel.unary_unary(CALL, None, None)
        self._seconds = seconds

    async def __aenter__(self) -> _OverGrpc:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._channel.close(None)

    async def send(self, batch: bytes) -> str:
        """Call it; what the answer says is not read."""
        try:
            await self._call(batch, timeout=self._seconds)
        except grpc.aio.AioRpcError as failure:
            return f"{failure.code().name}: {one_line(failure.details())}"
        return ""


def _credentials() -> grpc.ChannelCredentials:
    """TLS that trusts the authorities that HTTP trusts, not a list of gRPC's own."""
    known = public_authorities().get_ca_certs(binary_form=True)
    return grpc.ssl_channel_credentials("".join(map(ssl.DER_cert_to_PEM_cert, known)).encode())
