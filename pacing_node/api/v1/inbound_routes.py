"""`/api/v1/channels` and `/groups`: what pages are told about inbound traffic, and who serves what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query

from cluster.clock import boot_seconds
from pacing_node.api.inbound_reads import InboundReads, UnknownError, channel_capacity
from pacing_node.api.v1.inbound_models import ChannelAnswer, Group, GroupInbound, GroupsAnswer, Inbound
from pacing_node.api.v1.problem_details import ProblemError, problems

if TYPE_CHECKING:
    from pacing_node.api.inbound_reads import Selection
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.targets import TargetSet

MOST_GROUPS = 200
"""Groups of a channel that are answered for one by one."""
MOST_LISTED = 1000
_NOT_READ = "the configuration has not been read yet"


class InboundRoutes:
    """The public reads for people: by channel and group, with what they mean."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self._reads = InboundReads()
        self._serving: _Serving | None = None
        self.router = APIRouter(tags=["inbound"])
        path, responses = "/channels/{channel}", problems(404, 503)
        self.router.add_api_route(path, self.channel, operation_id="channel", responses=responses)
        self.router.add_api_route("/groups", self.groups, operation_id="groups")

    async def channel(self, channel: Annotated[str, Path(min_length=1, max_length=200)]) -> ChannelAnswer:
        """What the two public reads answer for a channel, whole and by group."""
        targets = self._view.plan.targets
        if targets is None:
            raise ProblemError(503, _NOT_READ)
        try:
            whole = self._reads.select(channel, (), targets)
        except UnknownError as error:
            raise ProblemError(404, str(error)) from None
        served = sorted(self._reads.groups(channel, targets))[:MOST_GROUPS]
        groups = [
            GroupInbound(group=group, **dict(self._inbound(self._reads.select(channel, (group,), targets), targets)))
            for group in served
        ]
        inbound = self._inbound(whole, targets)
        decides = self._view.plan.settings.algorithm.dual
        advice = _advice(inbound.reactive_state, decides=decides)
        values = {"channel": channel, "decides": decides, "advice": advice, "groups": groups}
        return ChannelAnswer.model_validate({**values, **inbound.model_dump(), **self._view.answer()})

    async def groups(
        self,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = MOST_LISTED,
    ) -> GroupsAnswer:
        """The agent groups that serve targets, by name."""
        targets = self._view.plan.targets
        if self._serving is None or self._serving.of is not targets:
            self._serving = _Serving(targets)
        serving = self._serving
        groups = [
            Group(
                name=name,
                agents=serving.agents.get(name, 0),
                targets=serving.targets[name],
                channels=sorted(serving.channels[name]),
            )
            for name in serving.names[offset : offset + limit]
        ]
        values = {"channels": serving.media, "total": len(serving.names), "groups": groups}
        return GroupsAnswer.model_validate({**values, **self._view.answer()})

    def _inbound(self, selection: Selection, targets: TargetSet) -> Inbound:
        latest_report, settings = self._view.latest_report, self._view.plan.settings
        fresh = latest_report.age_seconds(boot_seconds()) <= settings.stale_after_seconds
        state = self._reads.reactive_state(selection, targets, latest_report.report if fresh else None)
        return Inbound(
            reactive_state=state,
            capacity=channel_capacity(selection, self._view.statistics(), settings.stale_after_seconds),
            targets=self._reads.count(selection, targets),
        )


class _Serving:
    """Which groups serve which targets of a set, which never changes; worked out once for thousands of them."""

    def __init__(self, of: TargetSet | None) -> None:
        self.of = of
        self.targets: dict[str, list[str]] = {}
        self.channels: dict[str, set[str]] = {}
        known = of.targets if of is not None else ()
        for target in known:
            for group in target.groups:
                self.targets.setdefault(group, []).append(target.name)
                self.channels.setdefault(group, set()).add(target.media)
        self.agents = {group.name: len(group.agents) for group in of.groups} if of is not None else {}
        self.names = sorted(self.targets)
        self.media = sorted({target.media for target in known})


def _advice(state: float, *, decides: bool) -> str:
    if not decides:
        return "The law in force leaves inbound traffic alone: a page offers the channel to every visitor."
    return f"A page offers the channel to {100 * state:.0f} % of its visitors."
