"""Answers that several pages give: headers, and what is wrong in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

OPEN = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, OPTIONS", "Cache-Control": "no-store"}
"""Headers of the pages that browsers of visitors read from other origins."""
PREFLIGHT = {**OPEN, "Access-Control-Allow-Headers": "*", "Access-Control-Max-Age": "7200"}
"""Headers of the answer to a browser that asks first, because the page's script sends headers of its own: it may, and
need not ask again for two hours."""

CLOSED = {"Cache-Control": "no-store"}


def problem(status: int, message: str, headers: Mapping[str, str] = CLOSED) -> JSONResponse:
    """What is wrong, in one sentence."""
    return JSONResponse({"error": message}, status_code=status, headers=headers)


async def bad_parameter(_request: Request, error: Exception) -> Response:
    """A parameter that cannot be used."""
    return problem(400, str(error))


async def not_found(request: Request, _error: Exception) -> Response:
    """No such page."""
    return problem(404, f"there is no page {request.url.path}")


async def not_allowed(request: Request, _error: Exception) -> Response:
    """A page that is asked in another way."""
    return problem(405, f"{request.method} is not allowed on {request.url.path}")


async def broken(_request: Request, _error: Exception) -> Response:
    """An error that nobody foresaw."""
    return problem(500, "an error inside the node; its log says more")


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether a caller has asked for gzip: named, or by ``*``, and not with the quality 0."""
    found: dict[str, bool] = {}
    for each in headers.get("accept-encoding", "").lower().split(","):
        coding, _, quality = each.replace(" ", "").partition(";q=")
        found[coding] = quality.strip("0.") != "" or not quality
    return found.get("gzip", found.get("*", False))
