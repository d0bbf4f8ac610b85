"""The statistic service of the mobile-services interface (GMS): one statistic per request, from a cache with an age."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.responses import JSONResponse

from simulator.scenarios.objects import TENANT
from simulator.servers.basic_auth import UNAUTHORIZED, user_of
from simulator.servers.faults.fault_board import Garble
from simulator.servers.faults.misbehaviour import delayed, held_up, refusal, spoiled
from simulator.servers.statistics.statistics_reading import StatisticsReading, plain
from simulator.servers.statistics.statistics_values import NO_DATA, Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from simulator.servers.faults.fault_board import FaultBoard

NOTIFICATION_MODES = frozenset({"", "NoNotification", "Reset", "Immediate"})
_Key = tuple[str, str, str, str | None]
_MAX_AGE = re.compile(r"max-age=(\d{1,9})")
_EXCEPTION = "com.example.gms.StatisticException"


class StatisticService:
    """``POST /genesys/1/statistic``. Without ``Cache-Control: max-age`` the newest cached value is the answer.

    An average without data yet is null.
    """

    def __init__(self, reading: StatisticsReading, users: Mapping[str, str], board: FaultBoard) -> None:
        self._reading = reading
        self._users = users
        self._board = board
        self._cache: dict[_Key, tuple[float, Any]] = {}

    async def answer(self, request: Request) -> Response:
        """One statistic, its age in the header ``Age``; 403 with the reason for one that is not well defined."""
        slow = await held_up(self._board, "statistics")
        fault = refusal(self._board, "statistics", request)
        if fault is not None:
            return await delayed(self._board, "statistics", fault, slow)
        if user_of(request, self._users) is None:
            return JSONResponse({"message": "authentication required"}, 401, headers=UNAUTHORIZED)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        response = self._statistic({key: values[0] for key, values in form.items()}, _max_age(request))
        return await delayed(self._board, "statistics", response, slow)

    def _statistic(self, form: dict[str, str], max_age: float | None) -> Response:
        missing = [key for key in ("objectId", "objectType", "tenant") if not form.get(key)]
        statistic = form.get("metric") or form.get("statisticType")
        if missing or not statistic:
            return _forbidden(f"{', '.join(missing) or 'metric or statisticType'} missing")
        if form["tenant"] != TENANT:
            return _forbidden(f"Tenant '{form['tenant']}' not found")
        if form.get("notificationMode", "") not in NOTIFICATION_MODES:
            return _forbidden(f"notificationMode '{form['notificationMode']}' is unknown")
        by_name = "metric" in form and "filter" not in form
        only = None if by_name else form.get("filter", "")
        key = (form["objectType"], form["objectId"], statistic, only)
        try:
            taken_at, value = self._cached(key, max_age)
        except LookupError as error:
            return _forbidden(str(error.args[0]))
        except OSError as error:
            return JSONResponse({"message": str(error), "exception": _EXCEPTION}, 500)
        headers = {"Age": str(int(time.monotonic() - taken_at))}
        return spoiled({"value": value}, self._board.take(Garble, "statistics"), headers)

    def _cached(self, key: _Key, max_age: float | None) -> tuple[float, Any]:
        """When a value was taken, and the value.

        Raises LookupError when there is no such statistic, OSError when its source is lost.
        """
        now = time.monotonic()
        known = self._cache.get(key)
        if known is not None and (max_age is None or now - known[0] < max_age):
            return known
        wanted = self._reading.find(*key)
        if isinstance(wanted, Invalid):
            raise LookupError(wanted.reason)
        value = self._reading.read(wanted)
        if isinstance(value, Invalid) and value != NO_DATA:
            raise OSError(value.reason)
        self._cache[key] = (now, None if isinstance(value, Invalid) else plain(value))
        return self._cache[key]


def _max_age(request: Request) -> float | None:
    match = _MAX_AGE.search(request.headers.get("cache-control", ""))
    return float(match[1]) if match else None


def _forbidden(message: str) -> Response:
    return JSONResponse({"message": message, "exception": _EXCEPTION}, 403)
