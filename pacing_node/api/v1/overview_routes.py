"""`/api/v1/overview`: the whole service in a few numbers, calculated once for each cycle."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from pacing_node.api.v1.hour_answers import abandonment_times
from pacing_node.api.v1.needing_targets import needing, without_invitations
from pacing_node.api.v1.shared_answer import SharedAnswer
from pacing_node.api.v1.target_models import OverviewAnswer, OverviewPage
from pacing_node.api.v1.target_query import TargetQuery, find_targets
from pacing_node.runtime.pools import PAGES

if TYPE_CHECKING:
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.report import CycleReport
    from pacing_node.targets import TargetSet

_QUERY = TargetQuery(limit=1)
KEPT_SECONDS = 5.0
"""Longest time an answer is kept while no cycle comes: what counts as now goes on."""


class OverviewRoutes:
    """Sums over all targets, and their abandonment."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self._shared = SharedAnswer(view, OverviewPage, self._read, KEPT_SECONDS)
        self.router = APIRouter(tags=["targets"])
        self.router.add_api_route("/overview", self.overview, operation_id="overview", response_model=OverviewAnswer)

    async def overview(self) -> Response:
        """Sums over all targets, those by reason, those that need a person, abandonment now, in the hour and today."""
        return await self._shared.get(*self._sources())

    async def _read(self) -> dict[str, Any]:
        summed = await PAGES.run(_summed, *self._sources())
        return {**summed, "abandonment": abandonment_times(self._view.last_hour)}

    def _sources(self) -> tuple[CycleReport | None, TargetSet | None, Holds]:
        return self._view.latest_report.report, self._view.plan.targets, self._view.plan.holds


def _summed(report: CycleReport | None, known: TargetSet | None, holds: Holds) -> dict[str, Any]:
    now = time.time()
    found = find_targets(report, known, _QUERY, holds, now)
    goals = [target.goal_percent for target in known.targets] if known is not None else []
    return {
        "targets": found.total,
        "interval_seconds": report.interval_seconds if report is not None else None,
        "reasons": found.reasons,
        "without_invitations": without_invitations(report),
        "needing": needing(report, holds, now),
        "totals": found.totals,
        "goal_percent": round(sum(goals) / len(goals), 3) if goals else None,
    }
