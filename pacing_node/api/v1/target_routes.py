"""`/api/v1/targets` and `/targets/{name}`."""

from __future__ import annotations

import json
import time
from collections import Counter, OrderedDict
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Query, Request, Response

from pacing_node.api.renderings import KeptPage
from pacing_node.api.target_pages import PIECE, cycle_head, explain_page, json_rows
from pacing_node.api.v1.asking import Asking
from pacing_node.api.v1.hour_answers import abandonment_times, target_hour
from pacing_node.api.v1.problem_details import ProblemError, problems
from pacing_node.api.v1.shared_answer import Head
from pacing_node.api.v1.target_models import TargetAnswer, TargetsAnswer
from pacing_node.api.v1.target_query import (
    MOST_TARGETS,
    TargetField,
    TargetOrder,
    TargetQuery,
    chosen_fields,
    find_targets,
)
from pacing_node.runtime.gc_freeze import uncollected
from pacing_node.runtime.pools import QUERIES

if TYPE_CHECKING:
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.report import CycleReport
    from pacing_node.monitoring.last_hour import RecentSlots
    from pacing_node.targets import TargetSet

MOST_KEPT = 20
"""Different questions whose answers are kept for the cycle they are of."""
MOST_KEPT_BYTES = 16 * 2**20
"""Most that these answers may be long together."""
KEPT_SECONDS = 5.0
"""Longest time an answer is kept while no cycle comes: holds run out, and the last quarter of an hour goes on."""
MOST_SHARED = 50
_LONGEST = 600

Key = TypeVar("Key")
Page = TypeVar("Page")
Shared = list[dict[str, Any]]
"""Targets with which agents are shared, and how many."""


class TargetRoutes:
    """Targets with the newest cycle's numbers. An answer is written once per cycle and question."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self._kept: OrderedDict[TargetQuery, KeptPage[bytes]] = OrderedDict()
        self._shared: OrderedDict[str, KeptPage[Shared]] = OrderedDict()
        self._asking = Asking()
        self.router = APIRouter(tags=["targets"])
        route = self.router.add_api_route
        route("/targets", self.targets, operation_id="targets", response_model=TargetsAnswer, responses=problems(429))
        route("/targets/{name:path}", self.target, operation_id="target", responses=problems(404, 429))

    async def targets(
        self,
        request: Request,
        *,
        name: Annotated[str, Query(max_length=_LONGEST, description="Part of the name, in any case.")] = "",
        media: Annotated[str, Query(max_length=_LONGEST)] = "",
        group: Annotated[str, Query(max_length=_LONGEST)] = "",
        reason: Annotated[list[str] | None, Query(max_length=30, description="One or several reasons.")] = None,
        sort: Annotated[TargetOrder, Query(description="Field to sort by; unknown values come last.")] = (
            TargetOrder.NAME
        ),
        descending: Annotated[bool, Query(description="The largest first.")] = False,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_TARGETS)] = 100,
        fields: Annotated[list[TargetField] | None, Query(max_length=30)] = None,
        recent: Annotated[bool, Query(description="With the invitations of the last quarter of an hour.")] = False,
    ) -> Response:
        """A page of the targets that fit, with the newest cycle's numbers and reasons."""
        query = TargetQuery(
            name=name,
            media=media,
            group=group,
            reasons=frozenset(reason or ()),
            order=sort,
            largest_first=descending,
            offset=offset,
            limit=limit,
            fields=frozenset(field.value for field in fields or ()),
            recent=recent,
        )
        report, known, holds = self._view.latest_report.report, self._view.plan.targets, self._view.plan.holds
        head = Head(self._view)

        async def write() -> bytes:
            slots = self._view.last_hour.recent("invitations", time.time()) if query.recent else None
            return await QUERIES.run(_targets_text, report, known, query, holds, slots)

        page = _place(self._kept, query, KEPT_SECONDS)
        if page.fits(report, known, holds):
            kept = await page.get(write, report, known, holds)
        else:
            with self._asking.one_more(request.scope):
                kept = await page.get(write, report, known, holds)
        self._drop_beyond(MOST_KEPT_BYTES)
        return head.before(kept.page)

    async def _shared_with(self, request: Request, name: str, known: TargetSet | None) -> Shared:
        """Agents in common with other targets, kept as long as the targets are the same."""
        page = _place(self._shared, name)

        async def count() -> Shared:
            return await QUERIES.run(_shared_with, name, known)

        if page.fits(known):
            return (await page.get(count, known)).page
        with self._asking.one_more(request.scope):
            return (await page.get(count, known)).page

    def _drop_beyond(self, most_bytes: int) -> None:
        """Keep no more of the answers than so many bytes, those asked for last."""
        total = sum(len(page.made or b"") for page in self._kept.values())
        while total > most_bytes and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            total -= len(oldest.made or b"")

    async def target(
        self, request: Request, name: Annotated[str, Path(min_length=1, max_length=_LONGEST)]
    ) -> TargetAnswer:
        """One target: the sum behind its number, findings, the platform's error, the last hour."""
        report, known, head = self._view.latest_report.report, self._view.plan.targets, Head(self._view)
        page = explain_page(name, report, self._view.plan, self._view.watch.state())
        if page is None:
            raise ProblemError(404, f'unknown target "{name}"; /api/v1/targets lists them')
        shared = await self._shared_with(request, name, known)
        more = {
            "shared_with": shared,
            "last_hour": target_hour(self._view.last_hour, name),
            "abandonment": abandonment_times(self._view.last_hour, name),
        }
        return TargetAnswer.model_validate({**page, **more, **head.values()})


def _place(kept: OrderedDict[Key, KeptPage[Page]], key: Key, most_seconds: float = float("inf")) -> KeptPage[Page]:
    """The place of the answer to a question, kept so long; the one asked longest ago makes room."""
    page = kept.pop(key, None) or KeptPage(most_seconds)
    kept[key] = page
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
    return page


@uncollected()
def _targets_text(
    report: CycleReport | None, known: TargetSet | None, query: TargetQuery, holds: Holds, slots: RecentSlots | None
) -> bytes:
    """The answer without its beginning, which says how current it is, and changes all the time."""
    found = find_targets(report, known, query, holds, time.time())
    values = {
        **cycle_head(report),
        "total": found.total,
        "matched": found.matched,
        "offset": query.offset,
        "limit": query.limit,
        "reasons": found.reasons,
        "totals": found.totals,
    }
    head = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))[1:-1].encode()
    rows = [chosen_fields(row, query.fields) for row in found.rows]
    if slots is not None:
        for row, allowed in zip(rows, slots.of([row["name"] for row in rows]), strict=True):
            row["recent"] = [None if value is None else int(value) for value in allowed]
    # In pieces: no single call of the encoder keeps the interpreter from other threads for long.
    pieces = [json_rows(rows[start : start + PIECE]) for start in range(0, len(rows), PIECE)]
    return b'%b,"targets":[%b]}' % (head, b",".join(pieces))


def _shared_with(name: str, known: TargetSet | None) -> Shared:
    """The targets that most of a target's agents serve too."""
    targets = known.targets if known is not None else ()
    mine = next((frozenset(target.agents) for target in targets if target.name == name), frozenset[str]())
    if not mine:
        return []
    common = Counter({target.name: len(mine.intersection(target.agents)) for target in targets if target.name != name})
    return [{"target": other, "agents": agents} for other, agents in common.most_common(MOST_SHARED) if agents]
