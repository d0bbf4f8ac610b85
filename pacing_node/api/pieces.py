"""Answers of megabytes, sent in pieces of what is kept once: a slow reader holds one piece, not a copy of the page."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive, Scope, Send

PIECE_BYTES = 64 * 1024


class PiecesResponse(Response):
    """A body of several parts one after the other; none of them is copied as a whole."""

    def __init__(self, *parts: bytes, media_type: str, headers: Mapping[str, str] | None = None) -> None:
        """The parts make up the body."""
        length = str(sum(map(len, parts)))
        super().__init__(media_type=media_type, headers={**(headers or {}), "Content-Length": length})
        self._parts = parts

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the head, then piece by piece as the reader takes them."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self._parts:
            for start in range(0, len(part), PIECE_BYTES):
                piece = part[start : start + PIECE_BYTES]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)  # a fast reader would take the whole page in one turn of the event loop
        await send({"type": "http.response.body", "body": b"", "more_body": False})
