"""The traces of a node by the section ``telemetry`` of its cluster; off, and not even loaded, unless that is given."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from cluster.tracing import use_tracer
from pacing_node.delivery.span_counters import SpanCounters
from pacing_node.options.telemetry_options import OtlpProtocol

if TYPE_CHECKING:
    from pacing_node.delivery.span_export import SpanExport
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.telemetry_options import TelemetryOptions

LAST_SECONDS = 1.0
"""Time for the last spans when the node stops."""


class NodeTelemetry:
    """Follows the section ``telemetry``."""

    def __init__(self, node: str, cluster: str, version: str) -> None:
        self._who = {"node": node, "cluster": cluster, "version": version}
        self._seen: TelemetryOptions | None = None
        self._export: SpanExport | None = None
        self._task: asyncio.Task[Any] | None = None
        self.counters = SpanCounters()

    async def use(self, options: ClusterOptions) -> None:
        """Put the section in force, if it differs from the one that is."""
        section = options.telemetry
        if section == self._seen:
            return
        await self._end()
        self._seen = section
        if section.otlp is None:
            return
        # Loaded here, and in a thread: it takes longer than the event loop may stand still.
        module = await asyncio.to_thread(importlib.import_module, "pacing_node.delivery.span_export")
        settings = module.SpanExportSettings(
            collector=str(section.otlp),
            over_grpc=section.protocol is OtlpProtocol.GRPC,
            ratio=section.sample_ratio,
            **self._who,
        )
        export: SpanExport = module.SpanExport(settings, self.counters)
        self._export = export
        self._task = spawn("telemetry", lasting("telemetry", export.run))
        use_tracer(export)

    async def stop(self) -> None:
        """Send the last spans and trace nothing more."""
        export = self._export
        await self._end()
        if export is not None:
            await export.flush(LAST_SECONDS)

    async def _end(self) -> None:
        use_tracer(None)
        if self._task is not None:
            await cancel(self._task)
        self._task, self._export = None, None
