"""The two reads of visitors' browsers over HTTP: open to other origins, and so many a second for each caller."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cluster.addresses import site
from pacing_node.api.answers import OPEN, PREFLIGHT, problem
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.http_limits import HttpCounters, LimitRefusal
from pacing_node.api.inbound_reads import InboundReads, UnknownError, channel_capacity
from pacing_node.api.parameters import ParameterError, Parameters

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from pacing_node.api.call_rates import CallRates
    from pacing_node.api.inbound_reads import Selection
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.plan import Plan
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import TargetSet

PREFIXES = ("/backend/data/pacing", "/server/data/pacing")


class PublicReads:
    """The pages, the same on every port they are on."""

    def __init__(
        self,
        plan: Plan,
        latest_report: LatestReport,
        statistics: Callable[[], StatisticsSource | None],
        *,
        rates: CallRates | None = None,
        proxies: TrustedProxies | None = None,
        counters: HttpCounters | None = None,
    ) -> None:
        """``rates`` bounds what each caller may ask; None: nobody is bounded."""
        self._plan = plan
        self._latest_report = latest_report
        self._statistics = statistics
        self._reads = InboundReads()
        self._rates = rates
        self._proxies = proxies or TrustedProxies()
        self._counters = counters or HttpCounters()

    def routes(self) -> list[Route]:
        """Where the reads are."""
        pages = (("reactiveState", self.reactive_state), ("channelCapacity", self.channel_capacity))
        return [
            Route(f"{prefix}/{name}", page, methods=["GET", "OPTIONS"]) for prefix in PREFIXES for name, page in pages
        ]

    async def reactive_state(self, request: Request) -> Response:
        """Share of inbound traffic a page should allow."""

        def answer(selection: Selection, targets: TargetSet) -> dict[str, Any]:
            latest_report, settings = self._latest_report, self._plan.settings
            fresh = latest_report.age_seconds(time.monotonic()) <= settings.stale_after_seconds
            return {
                "reactiveState": self._reads.reactive_state(selection, targets, latest_report.report if fresh else None)
            }

        return self._read(request, answer)

    async def channel_capacity(self, request: Request) -> Response:
        """Interactions of the channel that ready agents can still take."""

        def answer(selection: Selection, _targets: TargetSet) -> dict[str, Any]:
            statistics = self._statistics()
            return {"capacity": channel_capacity(selection, statistics) if statistics else 0}

        return self._read(request, answer)

    def _read(self, request: Request, answer: Callable[[Selection, TargetSet], dict[str, Any]]) -> Response:
        if not self._admitted(request):
            return problem(429, "too many requests from this address", {**OPEN, "Retry-After": "1"})
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        targets = self._plan.targets
        try:
            parameters = Parameters(request, ("channel",), ("groups",))
            channel = parameters.text("channel")
            if channel is None:
                raise ParameterError("the parameter channel is missing, for example channel=chat")
            if targets is None:
                return problem(503, "the configuration has not been read yet", OPEN)
            groups = parameters.names("groups", self._reads.groups(channel, targets))
            selection = self._reads.select(channel, groups, targets)
        except (ParameterError, UnknownError) as error:
            return problem(404 if isinstance(error, UnknownError) else 400, str(error), OPEN)
        return JSONResponse(answer(selection, targets), headers=OPEN)

    def _admitted(self, request: Request) -> bool:
        """Whether this caller may ask now."""
        if self._rates is None or request.client is None:
            return True
        caller = self._proxies.caller(request.client.host, ",".join(request.headers.getlist("x-forwarded-for")))
        admitted = self._rates.admit(site(caller), time.monotonic())
        if not admitted:
            self._counters.refused[LimitRefusal.RATE] += 1
        return admitted
