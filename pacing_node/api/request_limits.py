"""The application behind its limits: each request tells its connection of its begin and end, and is bounded itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from pacing_node.api.guarded_connection import STATE, GuardedConnection
from pacing_node.api.http_limits import HttpCounters, HttpLimits, LimitRefusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class LimitedRequests:
    """An ASGI application before another."""

    def __init__(self, app: ASGIApp, limits: HttpLimits, counters: HttpCounters) -> None:
        self._app = app
        self._limits = limits
        self._counters = counters
        self._turn = asyncio.Lock()
        self._turn_taken = False
        """Whether a request has begun in this turn of the event loop."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        connection = scope.get("state", {}).get(STATE)
        if not isinstance(connection, GuardedConnection):
            await self._app(scope, receive, send)
            return
        connection.begin_request()
        try:
            if self._turn_taken or self._turn.locked():
                await self._take_turn()
            self._turn_taken = True
            asyncio.get_running_loop().call_soon(self._next_turn)
            refusal = self._refusal(scope)
            await (self._app if refusal is None else refusal)(scope, receive, send)
        except ClientDisconnect:
            return  # a caller that went away while its request was read is no error of the node
        finally:
            connection.end_request()

    async def _take_turn(self) -> None:
        """Begin one request in each turn of the event loop: a flood leaves the turns between to cycle and lease."""
        async with self._turn:
            while self._turn_taken:  # noqa: ASYNC110 - turns follow one another without an event
                await asyncio.sleep(0)

    def _next_turn(self) -> None:
        self._turn_taken = False

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        """The answer to a request that is too large; None for one that is not."""
        url = len(scope["raw_path"]) + 1 + len(scope["query_string"])
        if url > self._limits.url_bytes:
            return self._refuse(LimitRefusal.URL_SIZE, 414, f"an address of {url} bytes", self._limits.url_bytes)
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        # The server below has made sure that it is a number.
        if len(length) > 9 or int(length) > self._limits.body_bytes:
            found = f"a body of {length[:20].decode('latin-1')} bytes"
            return self._refuse(LimitRefusal.BODY_SIZE, 413, found, self._limits.body_bytes)
        return None

    def _refuse(self, reason: LimitRefusal, status: int, found: str, allowed: int) -> JSONResponse:
        self._counters.refused[reason] += 1
        message = f"{found}; allowed: {allowed}"
        return JSONResponse({"error": message}, status_code=status, headers={"Connection": "close"})
