"""`/api/v1/doctor`: what the node found when it last examined itself."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pacing_node.api.v1.answer_models import Answer

if TYPE_CHECKING:
    from pacing_node.api.v1.api_view import ApiView


class DoctorCheck(BaseModel):
    """One finding."""

    severity: str = Field(description="ok, skipped, warning or error.")
    check: str = Field(description="What was looked at: area, then detail, with a dot between.")
    found: str
    allowed: str = Field(description="What would be well; empty where nothing has to be said.")
    remedy: str = Field(description="What to change; empty when nothing has to.")


class DoctorAnswer(Answer):
    """The newest examination of the node that answers."""

    period_seconds: float | None = Field(description="From one to the next; null: this node does not examine itself.")
    examined_at: float | None = Field(description="When the newest one ended; null before the first.")
    examination_age_seconds: float | None
    took_seconds: float | None
    failure: str = Field(description="Why the newest attempt brought nothing; then `checks` are of the one before.")
    counts: dict[str, int] = Field(description="Findings by severity.")
    checks: list[DoctorCheck]


class DoctorRoutes:
    """What the node keeps of its examinations."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self.router = APIRouter(tags=["cluster"])
        self.router.add_api_route("/doctor", self.doctor, operation_id="doctor")

    async def doctor(self) -> DoctorAnswer:
        """What the node found when it last examined itself, how long ago that was, and what to change."""
        kept, now = self._view.examination, time.time()
        age = None if kept.examined_at is None else round(max(0.0, now - kept.examined_at), 3)
        values = {
            "period_seconds": kept.period_seconds,
            "examined_at": kept.examined_at,
            "examination_age_seconds": age,
            "took_seconds": kept.took_seconds,
            "failure": kept.failure,
            "counts": Counter(each.severity for each in kept.checks),
            "checks": [asdict(each) for each in kept.checks],
        }
        return DoctorAnswer.model_validate({**values, **self._view.answer()})
