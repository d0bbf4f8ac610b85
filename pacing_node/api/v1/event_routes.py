"""`/api/v1/events`: what happens, as it happens (server-sent events), resumable by `Last-Event-ID`."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from cluster.access.roles import AccessRole
from pacing_node.api.guarded_connection import STATE, GuardedConnection
from pacing_node.api.v1.problem_details import ProblemError, problems
from pacing_node.monitoring.event_log import EventKind

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from pacing_node.api.v1.api_gate import ApiGate
    from pacing_node.monitoring.event_log import EventLog

MOST_STREAMS = 200
HEARTBEAT_SECONDS = 5.0
"""A comment goes out when nothing has happened for so long; the caller's right to read is judged anew then.

Balancers end an answer of which nothing comes for a while: ours after 10 s.
"""
LONGEST_SECONDS = 3600.0
"""A stream ends after so long; the caller goes on with the next one."""
WRITE_SECONDS = 10.0
"""Longest time a caller may take to accept what is sent."""
RETRY_MS = 500
MEDIA_TYPE = "text/event-stream"


class EventRoutes:
    """The stream of events of one node."""

    def __init__(self, events: EventLog, gate: ApiGate) -> None:
        self._events = events
        self._gate = gate
        self._streams = 0
        self.router = APIRouter(tags=["events"])
        content = {MEDIA_TYPE: {"schema": {"type": "string"}}}
        responses: dict[int | str, dict[str, Any]] = {200: {"description": "Events", "content": content}}
        self.router.add_api_route(
            "/events",
            self.events,
            operation_id="events",
            response_class=Response,
            responses={**responses, **problems(503)},
        )

    async def events(
        self,
        last_event_id: Annotated[str, Header(max_length=100)] = "",
        *,
        kept: Annotated[bool, Query(description="Begin with the events that are kept, not with the next one.")] = False,
        follow: Annotated[bool, Query(description="Go on; without it the answer ends with the newest event.")] = True,
    ) -> Response:
        """Events `cycle`, `leadership`, `alarm`, `configuration`, `hold`, and `resync` when some are missing.

        Data is JSON with `at`; ids are to be sent as `Last-Event-ID` by who goes on.
        """
        if self._streams >= MOST_STREAMS:
            raise ProblemError(503, f"{MOST_STREAMS} streams are open already", {"Retry-After": "5"})
        return _Stream(self, last_event_id or (self._events.oldest_id if kept else ""), follow=follow)

    async def send(self, last_event_id: str, scope: Scope, send: Send, *, follow: bool) -> None:
        """Send events until the caller has gone, may not read any more, or the stream is old."""
        log, began = self._events, time.monotonic()
        place = log.place(last_event_id) if last_event_id else log.newest
        await _write(send, f"retry: {RETRY_MS}\n\n".encode())
        self._streams += 1
        try:
            while time.monotonic() - began < LONGEST_SECONDS:
                found = log.since(place) if place is not None else None
                if found is None:
                    place = log.newest
                    await _write(send, log.frame(place, EventKind.RESYNC, "{}"))
                elif found:
                    place = found[-1].number
                    await _write(send, b"".join(each.frame for each in found))
                elif not follow:
                    return
                else:
                    await self._pause(scope, send, place or 0)
        finally:
            self._streams -= 1

    async def _pause(self, scope: Scope, send: Send, place: int) -> None:
        """Wait for the next event. Raises PermissionError for a caller who may not read any more."""
        await self._events.wait(place, HEARTBEAT_SECONDS)
        if not self._gate.judge(scope, AccessRole.VIEWER).verdict.allowed:
            raise PermissionError
        if self._events.newest == place:
            await _write(send, b": nothing has happened\n\n")


class _Stream(Response):
    """The answer that goes on."""

    def __init__(self, routes: EventRoutes, last_event_id: str, *, follow: bool) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        self._routes = routes
        self._last_event_id = last_event_id
        self._follow = follow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the end."""
        connection = scope.get("state", {}).get(STATE)
        if isinstance(connection, GuardedConnection):
            connection.stream(LONGEST_SECONDS + WRITE_SECONDS)
        headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            # nginx keeps an answer back until some kilobytes of it are there, unless it is told not to.
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": headers})
        gone = asyncio.ensure_future(_gone(receive))
        following = asyncio.ensure_future(self._routes.send(self._last_event_id, scope, send, follow=self._follow))
        try:
            await asyncio.wait({gone, following}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            following.cancel()
            await asyncio.gather(gone, following, return_exceptions=True)
        if not gone.done() or gone.cancelled():
            await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    """Wait until the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, frames: bytes) -> None:
    """Send frames. Raises TimeoutError when the caller does not take it."""
    async with asyncio.timeout(WRITE_SECONDS):
        await send({"type": "http.response.body", "body": frames, "more_body": True})
