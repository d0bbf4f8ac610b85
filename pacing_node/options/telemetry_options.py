"""The section ``telemetry``: where traces go."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from pacing_node.options.schema import Applies, Key, Section
from pacing_node.options.values import Url


class OtlpProtocol(StrEnum):
    """How spans go to a collector, by the names OpenTelemetry has for it."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


class TelemetryOptions(Section):
    """Traces of cycles and orders, for a collector of OpenTelemetry."""

    applies: ClassVar[Applies] = Applies.LIVE

    otlp: Url | None = None
    """Address of a collector that takes OTLP, without the path `/v1/traces`; none: nothing is traced."""
    protocol: OtlpProtocol = OtlpProtocol.HTTP
    """How it takes them. Over gRPC an address without a port means 4317."""
    sample_ratio: Annotated[float, Field(ge=0, le=1), Key("sampleRatio")] = 1.0
    """Share of the traces that are kept; a cycle is one trace."""
