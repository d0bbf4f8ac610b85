"""The platform's rate limit: counts requests in fixed windows and says so in every answer."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from simulator.servers.faults.fault_board import RateLimit

if TYPE_CHECKING:
    from starlette.responses import Response

    from simulator.servers.faults.fault_board import FaultBoard

USUAL_ALLOWED = 100_000
"""Requests a minute while no fault sets a limit: as good as none."""
USUAL_WINDOW_SECONDS = 60.0


class RateMeter:
    """Counts the requests of the running window."""

    def __init__(self, board: FaultBoard) -> None:
        self._board = board
        self._window = -1
        self._count = 0
        self._allowed = USUAL_ALLOWED
        self._reset = 0

    def count(self) -> Response | None:
        """Count a request; the answer 429 when it is one too many."""
        limits = self._board.active(RateLimit)
        self._allowed = limits[0].allowed if limits else USUAL_ALLOWED
        length = limits[0].window_seconds if limits else USUAL_WINDOW_SECONDS
        window, into = divmod(time.monotonic(), length)
        self._count = self._count + 1 if window == self._window else 1
        self._window = int(window)
        self._reset = math.ceil(length - into)
        if self._count <= self._allowed:
            return None
        body = {"status": 429, "code": "too.many.requests", "message": "Rate limit exceeded the maximum."}
        return JSONResponse(body, 429, headers=self.headers | {"Retry-After": str(self._reset)})

    @property
    def headers(self) -> dict[str, str]:
        """Requests counted and allowed in this window, and the whole seconds until the next one."""
        return {
            "inin-ratelimit-count": str(self._count),
            "inin-ratelimit-allowed": str(self._allowed),
            "inin-ratelimit-reset": str(self._reset),
        }
