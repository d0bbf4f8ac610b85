"""`/api/v1/cluster`, `/history` and `/alarms`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response

from pacing_node.api.cluster_page import terms
from pacing_node.api.renderings import OneAtATime
from pacing_node.api.v1.alarm_models import AlarmsAnswer, AlarmsPage
from pacing_node.api.v1.cluster_models import ClusterAnswer, ClusterPage, HistoryAnswer
from pacing_node.api.v1.shared_answer import SharedAnswer

if TYPE_CHECKING:
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.monitoring.event_log import EventLog

HISTORY_LIMIT = 50
HISTORY_MOST = 1000
KEPT_SECONDS = 1.0
"""Longest time an answer is shared by those who ask while nothing happens."""


class ClusterRoutes:
    """Who is there, who leads, what is wrong."""

    def __init__(self, view: ApiView, events: EventLog) -> None:
        self._view = view
        self._events = events
        self._cluster = SharedAnswer(view, ClusterPage, self._asked, KEPT_SECONDS)
        self._alarms = SharedAnswer(view, AlarmsPage, self._active, KEPT_SECONDS)
        self._history = OneAtATime(self._newest_terms)
        self.router = APIRouter(tags=["cluster"])
        route = self.router.add_api_route
        route("/cluster", self.cluster, operation_id="cluster", response_model=ClusterAnswer)
        route("/history", self.history, operation_id="history")
        route("/alarms", self.alarms, operation_id="alarms", response_model=AlarmsAnswer)

    async def cluster(self) -> Response:
        """Members, master, pause and the newest terms, asked of every member, a second ago at most.

        Asked anew after every event but those of cycles.
        """
        return await self._cluster.get(self._events.state)

    async def _asked(self) -> dict[str, Any]:
        asked_at = round(time.time(), 3)
        return {**await self._view.cluster_page(), "asked_at": asked_at}

    async def history(self, limit: Annotated[int, Query(ge=1, le=HISTORY_MOST)] = HISTORY_LIMIT) -> HistoryAnswer:
        """The newest terms with cause and gap, newest first."""
        page = await self._history.get()
        shown = {**page, "history": page["history"][:limit]}
        return HistoryAnswer.model_validate({**shown, **self._view.answer()})

    async def _newest_terms(self) -> dict[str, Any]:
        return await terms(self._view.history, HISTORY_MOST)

    async def alarms(self) -> Response:
        """Alarms that are raised, of this node and of the cluster, and how their receivers do."""
        return await self._alarms.get(self._events.state)

    async def _active(self) -> dict[str, Any]:
        return self._view.alarms()
