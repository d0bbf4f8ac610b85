"""`/api/v1/reasons`: the words of the API, each with what it means and where to look."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

from fastapi import APIRouter

from pacing_node.api.v1.reason_models import Meaning, ReasonsAnswer
from pacing_node.discovery.remedies import REMEDIES
from pacing_node.runtime.documented_words import meanings

if TYPE_CHECKING:
    from pacing_node.api.v1.api_view import ApiView


class ReasonRoutes:
    """Words with their meanings."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self.router = APIRouter(tags=["words"])
        self.router.add_api_route("/reasons", self.reasons, operation_id="reasons")

    async def reasons(self) -> ReasonsAnswer:
        """Why a target gets its number, why pacing is silent, why a term ended, what discovery finds."""
        return ReasonsAnswer.model_validate({**await asyncio.to_thread(_reasons), **self._view.answer()})


@cache  # read from the sources, which do not change while the node runs
def _reasons() -> dict[str, list[Meaning]]:
    findings = [
        Meaning(code=code, meaning=f"{remedy.meaning} {remedy.remedy}") for code, remedy in sorted(REMEDIES.items())
    ]
    return {
        "targets": _words("pacing_node.algorithms.model", "Reason"),
        "silence": _words("pacing_node.monitoring.silence", "SilenceReason"),
        "ends": _words("cluster.mastership", "EndCause"),
        "findings": findings,
    }


def _words(module: str, name: str) -> list[Meaning]:
    found = meanings(module, name).items()
    return [
        Meaning(code=code, meaning=f"{meaning} Look at: {look}" if look else meaning) for code, (meaning, look) in found
    ]
