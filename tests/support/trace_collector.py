"""A collector of OpenTelemetry: takes OTLP over HTTP, or over gRPC, on a real socket, and keeps the spans."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeAlias

import grpc
import grpc.aio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import add_TraceServiceServicer_to_server
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from pacing_node.assembly.node_telemetry import NodeTelemetry
from pacing_node.options.cluster_options import ClusterOptions, parse_cluster_options
from tests.support.listening import listening

NEEDED = "configServer: {kind: file, path: objects.yaml}\nstatServer: {primary: 'stat:7000'}\n"

Context: TypeAlias = "grpc.aio.ServicerContext[ExportTraceServiceRequest, ExportTraceServiceResponse]"


@dataclass
class TraceCollector:
    """What has come in."""

    url: str = ""
    status: str = "200 OK"
    """How it answers."""
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("post /v1/traces "), head
            assert "content-type: application/x-protobuf" in head
            length = int(head.partition("content-length:")[2].split("\r\n")[0])
            request = ExportTraceServiceRequest.FromString(await reader.readexactly(length))
            if self.status.startswith("200"):
                self._keep(request)
            writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()

    def _keep(self, request: ExportTraceServiceRequest) -> None:
        for group in request.resource_spans:
            self.resources.append({each.key: each.value.string_value for each in group.resource.attributes})
            for scope in group.scope_spans:
                self.spans += scope.spans

    async def Export(self, request: ExportTraceServiceRequest, context: Context) -> ExportTraceServiceResponse:
        if not self.status.startswith("200"):
            await context.abort(grpc.StatusCode.UNAVAILABLE, self.status)
        self._keep(request)
        return ExportTraceServiceResponse()


@contextlib.asynccontextmanager
async def collecting_grpc() -> AsyncIterator[TraceCollector]:
    """A collector that listens for gRPC."""
    collector, server = TraceCollector(), grpc.aio.server()
    add_TraceServiceServicer_to_server(collector, server)
    collector.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield collector
    finally:
        await server.stop(None)


@contextlib.asynccontextmanager
async def collecting() -> AsyncIterator[TraceCollector]:
    """A collector that listens."""
    collector = TraceCollector()
    async with listening(collector._serve) as listener:
        collector.url = listener.url
        yield collector


def attributes(span: Span) -> dict[str, object]:
    """The attributes of a span, by their names."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def telemetry_options(telemetry: str = "") -> ClusterOptions:
    """Options of a cluster with this section."""
    return parse_cluster_options(f"{NEEDED}telemetry: {{{telemetry}}}\n" if telemetry else NEEDED, "test")


@contextlib.asynccontextmanager
async def traced(more: str = "", *, over_grpc: bool = False) -> AsyncIterator[tuple[NodeTelemetry, TraceCollector]]:
    """A process whose spans go to a collector; ``more`` options follow a comma."""
    telemetry = NodeTelemetry("n1", "site", "1.0")
    more += ", protocol: grpc" if over_grpc else ""
    async with collecting_grpc() if over_grpc else collecting() as collector:
        await telemetry.use(telemetry_options(f"otlp: '{collector.url}'{more}"))
        try:
            yield telemetry, collector
        finally:
            await telemetry.stop()
