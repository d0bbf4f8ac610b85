"""The two reads of visitors' browsers over HTTP: open to other origins, and so many a second for each caller."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cluster.addresses import site
from cluster.clock import boot_seconds
from pacing_node.api.answers import OPEN, PREFLIGHT, problem
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.http_limits import HttpCounters, LimitRefusal
from pacing_node.api.inbound_reads import InboundReads, UnknownError, channel_capacity
from pacing_node.api.parameters import ParameterError, Parameters

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pacing_node.api.call_rates import CallRates
    from pacing_node.api.inbound_reads import Selection
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.plan import Plan
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import TargetSet

PREFIXES = ("/backend/data/pacing", "/server/data/pacing")


_MOST_QUESTIONS = 1000
"""Different questions whose answers are kept as bytes."""
_LONGEST_QUESTION = 1000
"""Bytes of a query that is kept."""


_Answer = Callable[["Selection", "TargetSet"], dict[str, Any]]


@dataclass(slots=True)
class _Question:
    """One question, and its newest answer as it is sent."""

    targets: TargetSet
    selection: Selection
    answer: _Answer
    value: dict[str, Any]
    response: JSONResponse


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
        self._questions: dict[tuple[str, bytes], _Question] = {}
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
        return self._read(request, self._state)

    def _state(self, selection: Selection, targets: TargetSet) -> dict[str, Any]:
        latest_report, settings = self._latest_report, self._plan.settings
        fresh = latest_report.age_seconds(boot_seconds()) <= settings.stale_after_seconds
        report = latest_report.report if fresh else None
        return {"reactiveState": self._reads.reactive_state(selection, targets, report)}

    async def channel_capacity(self, request: Request) -> Response:
        """Interactions of the channel that ready agents can still take."""
        return self._read(request, self._capacity)

    def _capacity(self, selection: Selection, _targets: TargetSet) -> dict[str, Any]:
        limit = self._plan.settings.stale_after_seconds
        # Nothing is assumed of agents nobody knows of, as no invitation is sent by stale statistics.
        return {"capacity": channel_capacity(selection, self._statistics(), limit) or 0}

    def again(self, scope: Scope) -> Response | None:
        """The answer to a question that was answered before for the same targets; None for any other.

        Worked out anew, and written anew only where it has changed.
        """
        question = self._questions.get((scope["path"], scope["query_string"]))
        if question is None or question.targets is not self._plan.targets or scope["method"] != "GET":
            return None
        if not self._admitted(scope):
            return _too_many()
        value = question.answer(question.selection, question.targets)
        if value != question.value:
            question.value, question.response = value, JSONResponse(value, headers=OPEN)
        return question.response

    def _read(self, request: Request, answer: _Answer) -> Response:
        if not self._admitted(request.scope):
            return _too_many()
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
        value = answer(selection, targets)
        question = _Question(targets, selection, answer, value, JSONResponse(value, headers=OPEN))
        if len(self._questions) >= _MOST_QUESTIONS:
            self._questions.clear()
        if request.method == "GET" and len(request.scope["query_string"]) <= _LONGEST_QUESTION:
            self._questions[request.scope["path"], request.scope["query_string"]] = question
        return question.response

    def _admitted(self, scope: Scope) -> bool:
        """Whether this caller may ask now."""
        client = scope.get("client")
        if self._rates is None or client is None:
            return True
        caller = client[0]
        if self._proxies.trusts(caller):
            caller = self._proxies.caller(caller, ",".join(Headers(scope=scope).getlist("x-forwarded-for")))
        admitted = self._rates.admit(site(caller), time.monotonic())
        if not admitted:
            self._counters.refused[LimitRefusal.RATE] += 1
        return admitted


def _too_many() -> Response:
    return problem(429, "too many requests from this address", {**OPEN, "Retry-After": "1"})


class KeptReads:
    """An ASGI application before another: answers what was asked before, without the other's routing."""

    def __init__(self, app: ASGIApp, reads: PublicReads) -> None:
        self._app = app
        self._reads = reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        answer = self._reads.again(scope) if scope["type"] == "http" else None
        await (self._app if answer is None else answer)(scope, receive, send)
