"""Errors of the API as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from cluster.outside_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
_SHOWN = 200


class InvalidField(BaseModel):
    """One part of a request that cannot be used."""

    place: str = Field(description="Where it is, for example query.limit or body.why.")
    found: str = Field(description="What was found, cut.")
    allowed: str = Field(description="What is wrong, or allowed.")


class Problem(BaseModel):
    """What is wrong with a request (RFC 9457)."""

    type: str = Field("about:blank", description="about:blank: the title says it all.")
    title: str
    status: int
    detail: str = Field(description="In one sentence: what, where, what is allowed.")
    instance: str = Field(description="Path of the request.")
    errors: list[InvalidField] = Field([], description="Every part of the request that cannot be used.")


class ProblemError(Exception):
    """Ends a request with problem details."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def problem_response(
    path: str,
    status: int,
    detail: str,
    *,
    errors: list[InvalidField] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Problem details as an answer."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=one_line(detail, 1000),
        instance=one_line(path, _SHOWN),
        errors=errors or [],
    )
    given = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(problem.model_dump(), status_code=status, media_type=MEDIA_TYPE, headers=given)


async def on_problem(request: Request, error: Exception) -> JSONResponse:
    """A request ended by a :class:`ProblemError`."""
    assert isinstance(error, ProblemError)
    return problem_response(request.url.path, error.status, error.detail, headers=error.headers)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """A request whose parameters or body cannot be used."""
    found: RequestValidationError = error  # type: ignore[assignment]  # registered for it
    errors = [_invalid(each) for each in found.errors()[:20]]
    detail = "; ".join(f"{each.place}: {each.allowed}" for each in errors)
    return problem_response(request.url.path, HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """No such path, or another method."""
    found: HTTPException = error  # type: ignore[assignment]  # registered for it
    details = {
        HTTPStatus.NOT_FOUND: f"there is no {request.url.path}",
        HTTPStatus.METHOD_NOT_ALLOWED: f"{request.method} is not allowed on {request.url.path}",
    }
    detail = details.get(HTTPStatus(found.status_code), str(found.detail))
    return problem_response(request.url.path, found.status_code, detail, headers=found.headers)


async def on_broken(request: Request, _error: Exception) -> JSONResponse:
    """An error that nobody foresaw."""
    detail = "an error inside the node; its log says more"
    return problem_response(request.url.path, HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the problem details a call can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def _invalid(error: dict[str, Any]) -> InvalidField:
    place = ".".join(str(part) for part in error.get("loc", ()))
    return InvalidField(
        place=one_line(place, _SHOWN),
        found=one_line(repr(error.get("input")), _SHOWN),
        allowed=one_line(str(error.get("msg", "")), _SHOWN),
    )
