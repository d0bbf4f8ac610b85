"""The simulator's own pages: how the centre is doing, what was pushed, alarms received, faults."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulator.servers.faults.fault_board import FAULT

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from simulator.servers.engagement.journal import Journal
    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.live_centre import LiveCentre

MOST_ALARMS = 10_000


class ControlPages:
    """Routes under ``/simulator``, and the alarm sink."""

    def __init__(self, live: LiveCentre, journal: Journal, board: FaultBoard) -> None:
        self._live = live
        self._journal = journal
        self._board = board
        self._alarms: list[dict[str, Any]] = []

    @property
    def routes(self) -> list[Route]:
        """The routes to mount."""
        return [
            Route("/simulator/status", self._status, methods=["GET"]),
            Route("/simulator/pushes", self._pushes, methods=["GET"]),
            Route("/simulator/alarms", self._list_alarms, methods=["GET"]),
            Route("/simulator/alarms", self._take_alarm, methods=["POST"]),
            Route("/api/v2/alerts", self._take_alarm, methods=["POST"]),
            Route("/simulator/faults", self._list_faults, methods=["GET"]),
            Route("/simulator/faults", self._begin_fault, methods=["POST"]),
            Route("/simulator/faults", self._clear_faults, methods=["DELETE"]),
        ]

    async def _status(self, request: Request) -> Response:
        """Measures since the start; ``?targets=no`` leaves the rows out."""
        self._live.advance()
        measures = self._live.centre.measures()
        answer: dict[str, Any] = {
            "time_seconds": measures.time_seconds,
            "busy_ratio": measures.busy_ratio,
            "abandonment_percent": measures.abandonment_percent,
            "pushes_accepted": self._journal.pushes_accepted,
            "pushes_refused": self._journal.pushes_refused,
            "accepted_out_of_order": self._journal.accepted_out_of_order,
        }
        if request.query_params.get("targets") != "no":
            answer["targets"] = [asdict(row) for row in measures.targets]
        return JSONResponse(answer)

    async def _pushes(self, request: Request) -> Response:
        text = request.query_params.get("after", "0")
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            return _bad("after must be the index of a push, a non-negative integer")
        return JSONResponse({"pushes": self._journal.after(int(text))})

    async def _list_alarms(self, _: Request) -> Response:
        return JSONResponse({"alarms": self._alarms})

    async def _take_alarm(self, request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            return _bad("the body is not JSON")
        self._alarms.append({"received_at": time.time(), "path": request.url.path, "body": body})
        del self._alarms[:-MOST_ALARMS]
        return JSONResponse({"taken": len(self._alarms)})

    async def _list_faults(self, _: Request) -> Response:
        return JSONResponse({"faults": self._board.listing()})

    async def _begin_fault(self, request: Request) -> Response:
        try:
            fault = FAULT.validate_json(await request.body())
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors()]
            return _bad("; ".join(faults))
        try:
            number = self._board.begin(fault)
        except LookupError as error:
            return _bad(f"unknown object {error}")
        return JSONResponse({"number": number}, 201)

    async def _clear_faults(self, request: Request) -> Response:
        """End one fault (``?number=``) or all."""
        text = request.query_params.get("number")
        if text is None:
            self._board.clear()
            return JSONResponse({"faults": []})
        if not text.isascii() or not text.isdigit() or len(text) > 18 or not self._board.end(int(text)):
            return JSONResponse({"message": f"no active fault {text[:18]}"}, 404)
        return JSONResponse({"faults": self._board.listing()})


def _bad(message: str) -> Response:
    return JSONResponse({"message": message}, 400)
