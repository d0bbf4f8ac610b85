"""The target of a request in the form every page has: a caller may also name the whole address (RFC 9112, 3.2.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_SCHEME_AND_HOST = re.compile(r"https?://[^/]*", re.IGNORECASE)


class OriginForm:
    """An ASGI application before another, which is asked for paths alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its path without scheme and host: whom it was meant for counts for nothing here."""
        await self._app(origin_form(scope), receive, send)


def origin_form(scope: Scope) -> Scope:
    """The scope of a request with the path alone; the same one where it has nothing else."""
    named = _SCHEME_AND_HOST.match(scope.get("path", ""))
    if named is None:
        return scope
    raw_path = scope["raw_path"]
    host_ends = raw_path.find(b"/", raw_path.index(b"//") + 2)
    raw = raw_path[host_ends:] if host_ends >= 0 else b"/"
    return {**scope, "path": scope["path"][named.end() :] or "/", "raw_path": raw}
