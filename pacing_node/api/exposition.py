"""`/metrics` as text: in the Prometheus format, and as OpenMetrics, which has exemplars, for who asks for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from pacing_node.api.renderings import KeptPage
from pacing_node.api.target_series import TargetSeries
from pacing_node.http_client.bodies import packed
from pacing_node.runtime.pools import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client.registry import Collector

    from pacing_node.api.metrics import NodeCollector

NODE_SECONDS = 1.0
"""How long the metrics of the node are kept; a scrape this soon after another gets the same."""
_OPENMETRICS, _PLAIN = "application/openmetrics-text", "text/plain"
_VERSION = "1.0.0"
_END = b"# EOF\n"


@dataclass(frozen=True, slots=True)
class Form:
    """One format of the page."""

    content_type: str
    render: Callable[[Collector], bytes]
    """The metrics of a collector, without what ends the page."""
    end: tuple[bytes, ...] = ()
    """What ends the page."""


@dataclass(slots=True)
class _Kept:
    """What was made in one form."""

    node: KeptPage[bytes] = field(default_factory=lambda: KeptPage(NODE_SECONDS))
    packed: KeptPage[bytes] = field(default_factory=KeptPage)


class Exposition:
    """All metrics of a node as text, however many ask for them.

    Those of the targets are written once a cycle, for thousands take their time; those of the node once a second, and
    at each cycle.
    """

    def __init__(self, collector: NodeCollector) -> None:
        self._collector = collector
        self._kept = {TEXT: _Kept(), OPEN: _Kept()}
        self._targets: KeptPage[bytes] = KeptPage()
        self._series = TargetSeries()

    async def page(self, form: Form) -> tuple[tuple[bytes, ...], int]:
        """The text in parts, and the age of the node's in seconds."""
        report = self._collector.sources.latest_report.report

        async def of_node() -> bytes:
            """On the event loop, for all of it is read from what lives there."""
            return form.render(self._collector)

        node = await self._kept[form].node.get(of_node, report)
        if report is None or not self._collector.sources.per_target():
            return (node.page, *form.end), node.age_seconds
        # A gauge reads the same in both forms.
        targets = await self._targets.get(lambda: PAGES.run(self._series.text, report), report)
        return (node.page, targets.page, *form.end), node.age_seconds

    async def packed(self, form: Form, parts: tuple[bytes, ...]) -> bytes:
        """The parts of a page as gzip: packed once for all who take it like this."""

        async def pack() -> bytes:
            return await PAGES.run(packed, b"".join(parts))

        return (await self._kept[form].packed.get(pack, *parts)).page


def render(collector: Collector) -> bytes:
    """All metrics of a collector in the Prometheus text format."""
    return generate_latest(_registry(collector))


def _render_open(collector: Collector) -> bytes:
    # The library has no types for it.
    text: bytes = openmetrics.generate_latest(_registry(collector), version=_VERSION)  # type: ignore[no-untyped-call]
    return text.removesuffix(_END)


def _registry(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


TEXT = Form("text/plain; version=0.0.4; charset=utf-8", render)
OPEN = Form(openmetrics.CONTENT_TYPE_LATEST, _render_open, (_END,))


def form_for(accept: str) -> Form:
    """The form for a header ``Accept``: OpenMetrics 1.0.0 where it is named and plain text is not preferred."""
    quality = {_OPENMETRICS: 0.0, _PLAIN: 0.0}
    for each in accept.lower().split(","):
        kind, *words = (word.strip() for word in each.split(";"))
        parameters = {name.strip(): value.strip(' "') for name, _, value in (word.partition("=") for word in words)}
        if kind in quality and (kind == _PLAIN or parameters.get("version", _VERSION) == _VERSION):
            quality[kind] = max(quality[kind], _quality(parameters.get("q", "1")))
    return OPEN if quality[_OPENMETRICS] > 0.0 and quality[_OPENMETRICS] >= quality[_PLAIN] else TEXT


def _quality(text: str) -> float:
    """A quality as RFC 9110 has it; 0 for what is none."""
    digits = text.replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0.0
