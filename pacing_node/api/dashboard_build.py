"""Names the dashboard that a node serves in each answer of its API: an open page sees that it is another now."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pacing_node.api.static_files import StaticFile

HEADER = "Pacing-Dashboard"
_LENGTH = 16


def build_of(files: Mapping[str, StaticFile]) -> str:
    """A word for what is in the files, the same on all nodes that serve the same; empty without any."""
    if not files:
        return ""
    named = "\n".join(f"{path} {file.etag}" for path, file in sorted(files.items()))
    return hashlib.sha256(named.encode()).hexdigest()[:_LENGTH]


class NamedBuild:
    """An ASGI application before the API."""

    def __init__(self, app: ASGIApp, build: str) -> None:
        self._app = app
        self._build = build

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and name the build in its answer."""

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = self._build
            await send(message)

        await self._app(scope, receive, named if self._build else send)
