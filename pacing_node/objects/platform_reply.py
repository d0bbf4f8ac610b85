"""Replies of the platform configuration interface (GWS): its envelope, and what a failure says. Pure.

Documented are ``statusCode``, 0 for success, and ``statusMessage``.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from cluster.outside_text import load_json, one_line

PATH = "/api/v2/platform/configuration/"
REQUEST_SECONDS = 30.0
"""Longest time for one answer."""


class PlatformError(Exception):
    """The interface did not do what it was asked; the text says why and holds no secret."""

    def __init__(self, message: str, *, status: int | None = None, code: str = "") -> None:
        """``status`` is that of HTTP, None without an answer; ``code`` is the interface's own ``statusCode``."""
        super().__init__(message)
        self.status = status
        self.code = code


def read_reply(place: str, status: int, body: bytes) -> dict[str, Any]:
    """The document of a successful reply.

    Raises:
        PlatformError: the reply reports a failure, or is not one of this interface.
    """
    if status == HTTPStatus.UNAUTHORIZED:
        raise PlatformError(f"{place}: HTTP {status}: the user or the password was refused", status=status)
    try:
        document = load_json(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        if status == HTTPStatus.FORBIDDEN:
            raise PlatformError(f"{place}: HTTP {status}: the user or the password was refused", status=status)
        found = "a body that is not JSON" if document is None else "no object as its body"
        raise PlatformError(f"{place}: HTTP {status} with {found}", status=status)
    code = str(document.get("statusCode", ""))
    if not 200 <= status < 300 or code != "0":
        message = one_line(document.get("statusMessage", ""))
        text = f"{place}: HTTP {status}, statusCode {one_line(code) or 'missing'} {message}".rstrip()
        raise PlatformError(text, status=status, code=code)
    return document
