"""Sends spans to a collector over OTLP, from a bounded queue, whatever becomes of the collector.

OpenTelemetry's SDK makes spans, identifiers and messages. The sending is the service's own: the SDK's exporters bring
another HTTP client and a thread, log every failure, and count nothing that is lost.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from cluster.backoff import Backoff
from pacing_node.delivery.span_transport import transport_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan

    from cluster.tracing import Attribute
    from pacing_node.delivery.span_counters import SpanCounters
    from pacing_node.delivery.span_transport import SpanTransport

log = structlog.get_logger(__name__)

CAPACITY = 4096
"""Spans that wait, at most; a cycle makes five and one for each part of its push."""
BATCH = 512
EVERY_SECONDS = 1.0
ANSWER_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
_PROPAGATOR = TraceContextTextMapPropagator()


@dataclass(frozen=True, slots=True)
class SpanExportSettings:
    """Where spans go, and what they say of their node."""

    collector: str
    """Address of the collector, without the path."""
    over_grpc: bool
    """Over gRPC, else over HTTP."""
    ratio: float
    """Share of the traces that are kept."""
    node: str
    cluster: str
    version: str


class _Queue(SpanProcessor):
    """Keeps ended spans until they are sent. Called in whichever thread a span ends."""

    def __init__(self, counters: SpanCounters) -> None:
        self._counters = counters
        self.waiting: deque[ReadableSpan] = deque()

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a span, or count it as lost."""
        if len(self.waiting) >= CAPACITY:
            self._counters.dropped += 1
        else:
            self.waiting.append(span)


class SpanExport:
    """A tracer whose spans go to a collector while :meth:`run` runs."""

    def __init__(self, settings: SpanExportSettings, counters: SpanCounters) -> None:
        self._settings = settings
        self._counters = counters
        self._queue = _Queue(counters)
        self._unreachable = ""
        names = {"service.name": "agent-pacing", "service.version": settings.version}
        resource = Resource(names | {"service.instance.id": settings.node, "pacing.cluster": settings.cluster})
        sampler = ParentBased(TraceIdRatioBased(settings.ratio))
        provider = TracerProvider(resource=resource, sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(self._queue)
        self._tracer = provider.get_tracer("agent-pacing", settings.version)

    @contextmanager
    def span(self, name: str, attributes: dict[str, Attribute], parent: str = "") -> Iterator[object]:
        """A span that lasts as long as the block; of an error it keeps the kind, for its text can hold anything."""
        given = {f"pacing.{key}": value for key, value in attributes.items()}
        context = _PROPAGATOR.extract({"traceparent": parent}) if parent else None
        with self._tracer.start_as_current_span(
            name, context=context, attributes=given, record_exception=False, set_status_on_exception=False
        ) as made:
            try:
                yield made
            except BaseException as error:
                made.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def note(self, attributes: dict[str, Attribute]) -> None:
        """Add to the open span."""
        trace.get_current_span().set_attributes({f"pacing.{key}": value for key, value in attributes.items()})

    def traceparent(self) -> str:
        """The open span as the header of W3C Trace Context; empty without one."""
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return ""
        return f"00-{found.trace_id:032x}-{found.span_id:016x}-{int(found.trace_flags):02x}"

    def trace_id(self) -> str:
        """Identifier of the trace of the open span; empty without one, and where that trace is not kept."""
        found = trace.get_current_span().get_span_context()
        return f"{found.trace_id:032x}" if found.is_valid and found.trace_flags.sampled else ""

    async def run(self) -> None:
        """Send what waits, until cancelled; a collector that is away is asked less and less often."""
        backoff = Backoff(EVERY_SECONDS, LONGEST_PAUSE_SECONDS)
        async with self._transport(ANSWER_SECONDS) as transport:
            while True:
                while self._queue.waiting:
                    if await self._send(transport):
                        backoff.reset()
                    else:
                        await asyncio.sleep(backoff.next_seconds())
                await asyncio.sleep(EVERY_SECONDS)

    async def flush(self, seconds: float) -> None:
        """Send what waits, within this time: the last spans of a node are those of its end."""
        try:
            async with asyncio.timeout(seconds), self._transport(seconds) as transport:
                while self._queue.waiting and await self._send(transport):
                    pass
        except TimeoutError:
            self._counters.dropped += len(self._queue.waiting)

    def _transport(self, seconds: float) -> SpanTransport:
        return transport_to(self._settings.collector, seconds, over_grpc=self._settings.over_grpc)

    async def _send(self, transport: SpanTransport) -> bool:
        """Send a batch; one that fails is lost, so that a collector that comes back gets what is new."""
        waiting = self._queue.waiting
        batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
        trouble = await transport.send(await asyncio.to_thread(lambda: encode_spans(batch).SerializeToString()))
        if trouble:
            self._counters.dropped += len(batch)
        else:
            self._counters.sent += len(batch)
        self._report(trouble)
        return not trouble

    def _report(self, trouble: str) -> None:
        """Log a change, and only a change: spans are lost every few seconds while a collector is away."""
        if bool(trouble) != bool(self._unreachable):
            if trouble:
                log.warning("telemetry.collector_unreachable", collector=self._settings.collector, error=trouble)
            else:
                log.info("telemetry.collector_reached", collector=self._settings.collector)
        self._unreachable = trouble
