"""Which statistics a set of targets needs, and where each target finds its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.statistics.aggregation import Roster, build_roster
from pacing_node.statistics.registry import Registry, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacing_node.algorithms.model import IntArray
    from pacing_node.targets import TargetSet


@dataclass(frozen=True, slots=True)
class StatisticNames:
    """Names under which the site's servers know the statistics."""

    current: str = "PACS_VQ_Current"
    accepted: str = "PACS_VQ_Accepted"
    abandoned: str = "PACS_VQ_Abandoned"
    entered: str = "PACS_VQ_Entered"
    handle_time: str | None = "PACS_VQ_AverageHandleTime"
    """Mean handle time in seconds, over all interactions; None where no such statistic is defined."""
    agent_state: str = "AgentState"
    proactive_filter: str = "PACS_Proactive_Interaction"


@dataclass(frozen=True, slots=True)
class Columns:
    """Slots of the queues' statistics, one row per target."""

    current: IntArray
    accepted: IntArray
    abandoned: IntArray
    current_all: IntArray
    entered: IntArray
    entered_all: IntArray
    handle_time: IntArray | None

    @property
    def totals(self) -> IntArray:
        """Slots of the totals, (4, targets): accepted, abandoned, entered proactive, entered all."""
        return np.stack([self.accepted, self.abandoned, self.entered, self.entered_all])


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that follows from a target set: where values are and who serves what."""

    columns: Columns
    roster: Roster
    groups: Roster
    """The same over agent groups, whose media are all media of the targets in turn; for reads by group."""
    group_names: tuple[str, ...]
    group_agents: dict[str, frozenset[int]]
    """Slots of each group's agents."""
    media_agents: dict[str, frozenset[int]]
    """Slots of the agents of each medium's targets."""

    def agents_of(self, media: str, groups: frozenset[str]) -> IntArray:
        """Slots of the agents of these groups, or of the medium's targets when no group is given; each once."""
        if groups:
            found = frozenset().union(*(self.group_agents.get(name, frozenset()) for name in groups))
        else:
            found = self.media_agents.get(media, frozenset())
        return np.array(sorted(found), dtype=np.int64)


def subjects(targets: TargetSet, names: StatisticNames) -> Iterator[Subject]:
    """Every subscription the targets need; a queue or an agent of several targets comes several times."""
    only = names.proactive_filter
    for target in targets.targets:
        queue = target.queue_id
        yield Subject(False, queue, names.current, only)
        yield Subject(False, queue, names.accepted, only)
        yield Subject(False, queue, names.abandoned, only)
        yield Subject(False, queue, names.current)
        yield Subject(False, queue, names.entered, only)
        yield Subject(False, queue, names.entered)
        if names.handle_time is not None:
            yield Subject(False, queue, names.handle_time)
    agents = {name for target in targets.targets for name in target.agents}
    agents.update(name for group in targets.groups for name in group.agents)
    for name in sorted(agents):
        yield Subject(True, name, names.agent_state)


def layout(targets: TargetSet, names: StatisticNames, registry: Registry) -> Layout:
    """Where the targets' values are; ``registry`` must hold their subjects."""
    queues = [target.queue_id for target in targets.targets]

    def column(statistic: str, only: str = "") -> IntArray:
        return np.array([registry.slot(Subject(False, queue, statistic, only)) for queue in queues], dtype=np.int64)

    only = names.proactive_filter
    columns = Columns(
        current=column(names.current, only),
        accepted=column(names.accepted, only),
        abandoned=column(names.abandoned, only),
        current_all=column(names.current),
        entered=column(names.entered, only),
        entered_all=column(names.entered),
        handle_time=column(names.handle_time) if names.handle_time is not None else None,
    )
    slots = {subject.object_id: registry.slot(subject) for _, subject in registry.items() if subject.agent}
    media = [target.media for target in targets.targets]
    roster = build_roster([target.agents for target in targets.targets], media, slots)
    every = sorted(set(media))
    groups = build_roster(
        [group.agents for group in targets.groups for _ in every],
        [medium for _ in targets.groups for medium in every],
        slots,
    )
    return Layout(
        columns=columns,
        roster=roster,
        groups=groups,
        group_names=tuple(group.name for group in targets.groups),
        group_agents={group.name: frozenset(slots[name] for name in group.agents) for group in targets.groups},
        media_agents={
            medium: frozenset(slots[name] for each in targets.targets if each.media == medium for name in each.agents)
            for medium in every
        },
    )
