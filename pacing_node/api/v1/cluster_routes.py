"""`/api/v1/cluster`, `/history` and `/alarms`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query

from pacing_node.api.cluster_page import terms
from pacing_node.api.renderings import OneAtATime
from pacing_node.api.v1.alarm_models import AlarmsAnswer
from pacing_node.api.v1.cluster_models import ClusterAnswer, HistoryAnswer

if TYPE_CHECKING:
    from pacing_node.api.v1.api_view import ApiView

HISTORY_LIMIT = 50
HISTORY_MOST = 1000


class ClusterRoutes:
    """Who is there, who leads, what is wrong."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self._cluster = OneAtATime(view.cluster_page)
        self._history = OneAtATime(self._newest_terms)
        self.router = APIRouter(tags=["cluster"])
        self.router.add_api_route("/cluster", self.cluster, operation_id="cluster")
        self.router.add_api_route("/history", self.history, operation_id="history")
        self.router.add_api_route("/alarms", self.alarms, operation_id="alarms")

    async def cluster(self) -> ClusterAnswer:
        """Members, master, pause and the newest terms, asked of every member now."""
        page = await self._cluster.get()
        return ClusterAnswer.model_validate({**page, **self._view.answer()})

    async def history(self, limit: Annotated[int, Query(ge=1, le=HISTORY_MOST)] = HISTORY_LIMIT) -> HistoryAnswer:
        """The newest terms with cause and gap, newest first."""
        page = await self._history.get()
        shown = {**page, "history": page["history"][:limit]}
        return HistoryAnswer.model_validate({**shown, **self._view.answer()})

    async def _newest_terms(self) -> dict[str, Any]:
        return await terms(self._view.history, HISTORY_MOST)

    async def alarms(self) -> AlarmsAnswer:
        """Alarms that are raised, of this node and of the cluster, and how their receivers do."""
        return AlarmsAnswer.model_validate({**self._view.alarms(), **self._view.answer()})
