"""Answers that are written once and shared by all who ask, each with a head of its own: how current it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pacing_node.api.pieces import PiecesResponse
from pacing_node.api.renderings import KeptPage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import Response
    from pydantic import BaseModel

    from pacing_node.api.v1.api_view import ApiView


class SharedAnswer:
    """One answer, kept for so many seconds at most, and only while it is made from the same things."""

    def __init__(
        self,
        view: ApiView,
        model: type[BaseModel],
        read: Callable[[], Awaitable[dict[str, Any]]],
        most_seconds: float,
    ) -> None:
        """``model`` is the answer without its head."""
        self._view = view
        self._model = model
        self._read = read
        self._kept: KeptPage[bytes] = KeptPage(most_seconds)

    async def get(self, *sources: object) -> Response:
        """The answer made from ``sources``, which are compared by identity. Raises what reading raises."""
        kept = await self._kept.get(self._written, *sources)
        return with_head(self._view, kept.page)

    async def _written(self) -> bytes:
        return self._model.model_validate(await self._read()).model_dump_json().encode()[1:]


def with_head(view: ApiView, rest: bytes) -> Response:
    """An answer whose beginning says how current it is now; ``rest`` is a JSON object without its first brace."""
    head = json.dumps(view.answer(), separators=(",", ":")).removesuffix("}").encode()
    return PiecesResponse(head + b",", rest, media_type="application/json", headers={"Cache-Control": "no-store"})
