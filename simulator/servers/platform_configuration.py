"""The platform configuration interface (GWS): records of one type a request, paged, behind Basic authentication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from simulator.servers.basic_auth import UNAUTHORIZED, user_of
from simulator.servers.faults import Garble
from simulator.servers.misbehaviour import delayed, held_up, refusal, spoiled
from simulator.servers.platform_records import Records, platform_records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from simulator.servers.configuration_document import ConfigurationDocument
    from simulator.servers.faults import FaultBoard

LARGEST_PAGE = 500
"""Records of one answer at most, whatever limit is asked for."""

MISSING_PARAMETER, INTERNAL_ERROR, NO_PERMISSION, NOT_FOUND = 1, 4, 5, 6
"""Values of ``statusCode`` beside 0."""


class PlatformConfiguration:
    """``GET /api/v2/platform/configuration/{type}?name=&limit=&offset=``."""

    def __init__(self, document: ConfigurationDocument, users: Mapping[str, str], board: FaultBoard) -> None:
        self._document = document
        self._users = users
        self._board = board
        self._records: tuple[int, Records] | None = None

    async def answer(self, request: Request) -> Response:
        """Records of the type, or a statusCode that says why not."""
        slow = await held_up(self._board, "configuration")
        fault = refusal(self._board, "configuration", request)
        if fault is not None:
            failed = _failed(fault.status_code, INTERNAL_ERROR, "simulated error")
            return await delayed(self._board, "configuration", failed, slow)
        if user_of(request, self._users) is None:
            return JSONResponse(
                {"statusCode": NO_PERMISSION, "statusMessage": "authentication required"}, 401, headers=UNAUTHORIZED
            )
        kind = request.path_params["kind"]
        records = self._current().get(kind)
        if records is None:
            return _failed(404, NOT_FOUND, f"no resource {kind}")
        try:
            page = _page(records, request.query_params)
        except ValueError as error:
            return _failed(400, MISSING_PARAMETER, str(error))
        answer: dict[str, Any] = {"statusCode": 0, kind: page}
        return await delayed(self._board, "configuration", spoiled(answer, self._garble(), {}), slow)

    def _garble(self) -> Garble | None:
        return self._board.take(Garble, "configuration")

    def _current(self) -> Records:
        if self._records is None or self._records[0] != self._document.version:
            self._records = (self._document.version, platform_records(self._document.objects))
        return self._records[1]


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
