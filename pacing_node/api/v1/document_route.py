"""`/api/v1/openapi.json`: the document of the API, generated once, in the thread of the pages.

It takes some hundred milliseconds of processor time, and anybody may ask for it: on the event loop, the first who did
held up a cycle and the lease for so long.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pacing_node.api.pieces import PiecesResponse
from pacing_node.api.renderings import KeptPage
from pacing_node.runtime.pools import PAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Response


class DocumentRoute:
    """The document as it is sent; kept as long as the node runs."""

    def __init__(self, generate: Callable[[], dict[str, Any]]) -> None:
        """``generate`` makes the document from the routes."""
        self._generate = generate
        self._kept: KeptPage[bytes] = KeptPage()

    async def document(self) -> Response:
        """The document."""
        kept = await self._kept.get(self._made)
        return PiecesResponse(kept.page, media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _made(self) -> bytes:
        return await PAGES.run(self._text)

    def _text(self) -> bytes:
        return json.dumps(self._generate(), ensure_ascii=False, separators=(",", ":")).encode()
