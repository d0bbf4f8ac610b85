"""The platform configuration interface (GWS): records of one type a request, paged, behind Basic authentication.

``GET …/{type}?name=&limit=&offset=``, ``GET …/{type}/{DBID}``, ``POST …/{type}``, ``PUT …/{type}/{DBID}``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from simulator.servers.basic_auth import UNAUTHORIZED, user_of
from simulator.servers.configuration.platform_records import Records, platform_records
from simulator.servers.configuration.platform_writes import PlatformWrites, WriteRefusedError
from simulator.servers.faults.fault_board import Garble
from simulator.servers.faults.misbehaviour import delayed, held_up, refusal, spoiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from simulator.servers.configuration.configuration_document import ConfigurationDocument
    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.simulator_options import SimulatorOptions

LARGEST_PAGE = 500
"""Records of one answer at most, whatever limit is asked for."""

MISSING_PARAMETER, FORBIDDEN, INTERNAL_ERROR, NO_PERMISSION, NOT_FOUND = 1, 3, 4, 5, 6
"""Values of ``statusCode`` beside 0."""


class PlatformConfiguration:
    """Records by type, or one of them by its DBID; what can be written is written by users who may."""

    def __init__(self, document: ConfigurationDocument, options: SimulatorOptions, board: FaultBoard) -> None:
        self._document = document
        self._options = options
        self._board = board
        self._writes = PlatformWrites(document)
        self._records: tuple[int, Records] | None = None

    async def answer(self, request: Request) -> Response:
        """What is asked for, or a statusCode that says why not."""
        slow = await held_up(self._board, "configuration")
        fault = refusal(self._board, "configuration", request)
        if fault is not None:
            failed = _failed(fault.status_code, INTERNAL_ERROR, "simulated error")
            return await delayed(self._board, "configuration", failed, slow)
        user = user_of(request, self._options.users)
        if user is None:
            return JSONResponse(
                {"statusCode": NO_PERMISSION, "statusMessage": "authentication required"}, 401, headers=UNAUTHORIZED
            )
        if request.method in {"POST", "PUT"}:
            answer = self._written(request, user, await request.body())
        else:
            answer = self._read(request)
        if isinstance(answer, dict):
            return await delayed(self._board, "configuration", spoiled(answer, self._garble(), {}), slow)
        return answer

    def _read(self, request: Request) -> dict[str, Any] | Response:
        kind = request.path_params["kind"]
        records = self._current().get(kind)
        if records is None:
            return _failed(404, NOT_FOUND, f"no resource {kind}")
        dbid = request.path_params.get("dbid")
        if dbid is not None:
            found = next((record for record in records if record["DBID"] == dbid), None)
            name = kind.removesuffix("s")
            return _failed(404, NOT_FOUND, f"no {kind} {dbid}") if found is None else {"statusCode": 0, name: found}
        try:
            return {"statusCode": 0, kind: _page(records, request.query_params)}
        except ValueError as error:
            return _failed(400, MISSING_PARAMETER, str(error))

    def _written(self, request: Request, user: str, body: bytes) -> dict[str, Any] | Response:
        """The answer to a write: all of it was done, or nothing."""
        try:
            return {"statusCode": 0} | self._write(request, user, body)
        except WriteRefusedError as error:
            return _failed(error.status, error.code, str(error))

    def _write(self, request: Request, user: str, body: bytes) -> dict[str, Any]:
        """Create a record, or change one. Raises WriteRefusedError."""
        kind, dbid = request.path_params["kind"], request.path_params.get("dbid")
        if not self._options.platform_writable:
            raise WriteRefusedError(405, FORBIDDEN, "the interface is read only")
        if user not in self._options.writers:
            raise WriteRefusedError(403, NO_PERMISSION, f"{user} has no permission to write")
        try:
            fields = json.loads(body)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            raise WriteRefusedError(400, MISSING_PARAMETER, "the body is no object")
        if request.method == "POST" and dbid is None:
            return {"path": f"/{kind}/{self._writes.create(kind, fields)}"}
        if request.method == "PUT" and dbid is not None:
            self._writes.change(kind, dbid, fields)
            return {}
        raise WriteRefusedError(405, FORBIDDEN, "POST makes a record, PUT changes one by its DBID")

    def _garble(self) -> Garble | None:
        return self._board.take(Garble, "configuration")

    def _current(self) -> Records:
        if self._records is None or self._records[0] != self._document.version:
            self._records = (self._document.version, platform_records(self._document.objects))
        return self._records[1] | self._writes.records()


def _page(records: list[dict[str, Any]], query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The records asked for. Raises ValueError for a limit or offset that is no number."""
    name = query.get("name")
    if name is not None:
        wanted = name.strip('"')
        records = [record for record in records if wanted in _names(record)]
    numbers = {key: query.get(key, default) for key, default in (("limit", str(LARGEST_PAGE)), ("offset", "0"))}
    for key, text in numbers.items():
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise ValueError(f"{key} must be a non-negative integer")
    offset = int(numbers["offset"])
    return records[offset : offset + min(int(numbers["limit"]), LARGEST_PAGE)]


def _names(record: dict[str, Any]) -> set[str]:
    info = record.get("groupInfo", record)
    return {info[key] for key in ("name", "userName", "number") if key in info}


def _failed(status: int, code: int, message: str) -> Response:
    return JSONResponse({"statusCode": code, "statusMessage": message}, status)
