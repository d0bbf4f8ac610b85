"""Answers that are written once and shared by all who ask, each with a head of its own: how current it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cluster.clock import boot_seconds
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
        head = Head(self._view)
        kept = await self._kept.get(self._written, *sources)
        return head.before(kept.page)

    async def _written(self) -> bytes:
        return self._model.model_validate(await self._read()).model_dump_json().encode()[1:]


class Head:
    """The beginning of an answer: how current what it is made from is, as it was asked for.

    Cycles that come while it waits to be written are not in it, and make no number of it younger.
    """

    def __init__(self, view: ApiView) -> None:
        """To be made where the sources of the answer are taken, with no wait in between."""
        self._values = view.answer()
        self._asked_at = boot_seconds()

    def values(self) -> dict[str, Any]:
        """The fields of :class:`pacing_node.api.v1.answer_models.Answer`, the age as it is now."""
        age = self._values["age_seconds"]
        later = boot_seconds() - self._asked_at
        return {**self._values, "age_seconds": None if age is None else round(age + later, 3)}

    def before(self, rest: bytes) -> Response:
        """The answer; ``rest`` is a JSON object without its first brace."""
        head = json.dumps(self.values(), separators=(",", ":")).removesuffix("}").encode()
        return PiecesResponse(head + b",", rest, media_type="application/json", headers={"Cache-Control": "no-store"})
