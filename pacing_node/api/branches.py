"""Which application answers a path: the pages, the API, or the dashboard's files.

The pages come first and pass through nothing of the API's framework: the two public reads cost what they did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

API_PATH = "/api/"


class Branches:
    """An ASGI application that passes each request on to one of two."""

    def __init__(self, pages: ASGIApp, api: ASGIApp) -> None:
        self._pages = pages
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        of_api = scope["type"] == "http" and scope["path"].startswith(API_PATH)
        await (self._api if of_api else self._pages)(scope, receive, send)
