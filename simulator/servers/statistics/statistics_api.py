"""The statistics API (v3): subscriptions over REST, values by request or pushed over CometD.

A browser session ties both together by the cookie ``STATISTICS_SESSIONID``: updates of a session's subscriptions go to
the CometD clients of the same session. Fail-over of the servers behind it is sent on the service channel. A value that
cannot be had is null, with the reason beside it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from simulator.servers.faults.fault_board import Garble
from simulator.servers.faults.misbehaviour import delayed, held_up, refusal, spoiled
from simulator.servers.statistics.api_session import ApiSession, Statistic
from simulator.servers.statistics.bayeux import Bayeux
from simulator.servers.statistics.statistics_values import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from simulator.model import Agent, Target
    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.oauth import TokenOffice
    from simulator.servers.statistics.statistics_reading import StatisticsReading
    from simulator.servers.statistics.statistics_server import StatisticsServer

COOKIE = "STATISTICS_SESSIONID"
UPDATE_SECONDS = 0.25
SESSION_SECONDS = 120.0
"""A session nobody asks for this long is dropped with its subscriptions."""


class StatisticsApi:
    """Everything under ``/statistics/v3``. ``run`` pushes updates until cancelled."""

    def __init__(self, reading: StatisticsReading, office: TokenOffice, board: FaultBoard) -> None:
        self._reading = reading
        self._office = office
        self._board = board
        self._sessions: dict[str, ApiSession] = {}
        self._served_by = reading.server
        self._doubts = self._served_by.doubts if self._served_by is not None else 0
        self._changed: set[Agent | Target] = set()

    async def subscribe(self, request: Request) -> Response:
        """``POST /subscriptions``: statistics under an ``operationId``; answers with their first values."""
        return await self._guarded(request, self._subscribe)

    async def values(self, request: Request) -> Response:
        """``GET /subscriptions/{id}/statistic-values``: what a subscription's values are now."""
        return await self._guarded(request, self._values)

    async def unsubscribe(self, request: Request) -> Response:
        """``DELETE /subscriptions/{id}``."""
        return await self._guarded(request, self._unsubscribe)

    async def notifications(self, request: Request) -> Response:
        """``POST /notifications``: Bayeux messages; a connect is held until there is something to tell."""
        slow = await held_up(self._board, "statistics")
        refused = self._refused(request)
        if refused is not None:
            return await delayed(self._board, "statistics", refused, slow)
        session = self._session(request)
        try:
            messages = Bayeux.parse(await request.body())
        except ValueError as error:
            return _answer({}, 400, str(error))
        replies = await session.bayeux.handle(messages, lambda: self._service_data(session))
        session.touched_at = time.monotonic()
        response: Response = JSONResponse(replies)
        response.set_cookie(COOKIE, session.name, path="/", httponly=True)
        return await delayed(self._board, "statistics", response, slow)

    async def run(self) -> None:
        """Push what changed to every session, tell changes of the service's state, drop sessions nobody uses."""
        while True:
            await asyncio.sleep(UPDATE_SECONDS)
            self._drop_idle()
            server = self._reading.server
            doubtful = self._look_at(server)
            if server is not None and not server.silent:
                server.advance()
                changed, self._changed = self._changed, set()
                for session in list(self._sessions.values()):
                    self._push(session, set(session.subjects) if doubtful else changed)
                    await asyncio.sleep(0)

    def release(self) -> None:
        """Answer every connect that is held, so that the server can end."""
        for session in self._sessions.values():
            session.bayeux.release()

    def agent_changed(self, agent: Agent) -> None:
        """Remember that an agent's values differ."""
        self._changed.add(agent)

    def target_changed(self, target: Target) -> None:
        """Remember that a queue's values differ."""
        self._changed.add(target)

    def _look_at(self, server: StatisticsServer | None) -> bool:
        """Tell sessions when another server, or none, serves now; True when every value may differ."""
        doubts = server.doubts if server is not None else 0
        doubtful = server is not self._served_by or doubts != self._doubts
        if server is not self._served_by:
            for session in self._sessions.values():
                session.bayeux.publish("/statistics/v3/service", self._service_data(session))
        self._served_by, self._doubts = server, doubts
        return doubtful

    async def _guarded(self, request: Request, work: Callable[[ApiSession, Request, bytes], Response]) -> Response:
        slow = await held_up(self._board, "statistics")
        refused = self._refused(request)
        if refused is not None:
            return await delayed(self._board, "statistics", refused, slow)
        session = self._session(request)
        response = work(session, request, await request.body())
        response.set_cookie(COOKIE, session.name, path="/", httponly=True)
        return await delayed(self._board, "statistics", response, slow)

    def _refused(self, request: Request) -> Response | None:
        fault = refusal(self._board, "statistics", request)
        if fault is not None:
            return fault
        if not request.headers.get("x-api-key"):
            return _answer({}, 403, "x-api-key is missing")
        if self._office.client_of(request.headers.get("authorization", "")) is None:
            return _answer({}, 401, "bearer token is unknown or expired")
        return None

    def _session(self, request: Request) -> ApiSession:
        """The session of the request's cookie, or a new one."""
        session = self._sessions.get(request.cookies.get(COOKIE, ""))
        if session is None:
            session = ApiSession(secrets.token_hex(16))
            self._sessions[session.name] = session
        session.touched_at = time.monotonic()
        return session

    def _subscribe(self, session: ApiSession, _: Request, body: bytes) -> Response:
        try:
            name, statistics = read_subscription(body, self._reading)
        except ValueError as error:
            return _answer({}, 400, str(error))
        if self._reading.server is None:
            return _answer({}, 503, "statistics are not available")
        session.add(name, statistics)
        return self._with_values(name, statistics)

    def _values(self, session: ApiSession, request: Request, _: bytes) -> Response:
        name = request.path_params["name"]
        statistics = session.subscriptions.get(name)
        if statistics is None:
            return _answer({}, 404, f"no subscription {name}")
        return self._with_values(name, statistics)

    def _unsubscribe(self, session: ApiSession, request: Request, _: bytes) -> Response:
        name = request.path_params["name"]
        if not session.remove(name):
            return _answer({}, 404, f"no subscription {name}")
        return _answer({"subscriptionId": name}, 200, "")

    def _with_values(self, name: str, statistics: list[Statistic]) -> Response:
        clock = self._clock()
        shown = [statistic.shown(self._value(statistic), clock) for statistic in statistics]
        body = _document({"subscriptionId": name, "statistics": shown}, 0, "")
        return spoiled(body, self._board.take(Garble, "statistics"), {})

    def _push(self, session: ApiSession, changed: set[Agent | Target]) -> None:
        news: dict[str, list[dict[str, Any]]] = {}
        clock = self._clock()
        for subject in changed & session.subjects.keys():
            for name, statistic in session.subjects[subject]:
                value = self._value(statistic)
                if value != statistic.sent:
                    news.setdefault(name, []).append(statistic.shown(value, clock))
        for name, statistics in news.items():
            session.bayeux.publish("/statistics/v3/updates", {"subscriptionId": name, "statistics": statistics})

    def _value(self, statistic: Statistic) -> Any:
        wanted = statistic.wanted
        return wanted if isinstance(wanted, Invalid) else self._reading.read(wanted)

    def _clock(self) -> int:
        """The servers' clock in milliseconds."""
        server = self._reading.server
        return int((server.clock() if server is not None else time.time()) * 1000)

    def _service_data(self, session: ApiSession) -> dict[str, Any]:
        state = "Available" if self._reading.server is not None else "Unavailable"
        return {"serviceState": state, "subscriptionIds": sorted(session.subscriptions)}

    def _drop_idle(self) -> None:
        limit = time.monotonic() - SESSION_SECONDS
        for name in [name for name, session in self._sessions.items() if session.touched_at < limit]:
            del self._sessions[name]


def read_subscription(body: bytes, reading: StatisticsReading) -> tuple[str, list[Statistic]]:
    """The name and the statistics of a subscription request. Raises ValueError saying what is wrong."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("the body is not JSON") from error
    name = document.get("operationId") if isinstance(document, dict) else None
    if not isinstance(name, str) or not name:
        raise ValueError("operationId is missing")
    data = document.get("data")
    listed = data.get("statistics") if isinstance(data, dict) else None
    if not isinstance(listed, list) or not listed:
        raise ValueError("data.statistics must be a list that is not empty")
    statistics = [Statistic.read(entry, reading) for entry in listed]
    if len({statistic.statistic_id for statistic in statistics}) < len(statistics):
        raise ValueError("statisticId must be unique within a subscription")
    return name, statistics


def _document(data: dict[str, Any], code: int, message: str) -> dict[str, Any]:
    return {"status": {"code": code, "message": message}, "data": data}


def _answer(data: dict[str, Any], status: int, message: str) -> Response:
    return JSONResponse(_document(data, 0 if status == 200 else status, message), status)
