"""Which statistics a set of targets needs, and where each target finds its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.statistics.aggregation import Roster, build_roster
from pacing_node.statistics.registry import Registry

if TYPE_CHECKING:
    from pacing_node.algorithms.model import IntArray
    from pacing_node.targets import TargetSet


_NOBODY: IntArray = np.zeros(0, dtype=np.int64)


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
    totals: IntArray = field(init=False)
    """Slots of the totals, (4, targets): accepted, abandoned, entered proactive, entered all."""

    def __post_init__(self) -> None:
        totals = np.stack([self.accepted, self.abandoned, self.entered, self.entered_all])
        object.__setattr__(self, "totals", totals)


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that follows from a target set: where values are and who serves what."""

    columns: Columns
    roster: Roster
    group_rows: dict[str, int]
    """Row of each group in the next two."""
    group_ends: IntArray
    """Where the slots of a row's group end, (groups,)."""
    group_agents: IntArray
    """Slots of the agents of all groups, one group after the other."""
    media_agents: dict[str, IntArray]
    """Slots of the agents of each medium's targets, each once, sorted."""

    def agents_of(self, media: str, groups: frozenset[str]) -> IntArray:
        """Slots of the agents of these groups, or of the medium's targets when no group is given; each once."""
        if not groups:
            return self.media_agents.get(media, _NOBODY)
        rows = [self.group_rows[name] for name in groups if name in self.group_rows]
        return np.unique(np.concatenate([_NOBODY, *map(self._agents_of_group, rows)]))

    def _agents_of_group(self, row: int) -> IntArray:
        return self.group_agents[self.group_ends[row - 1] if row else 0 : self.group_ends[row]]


def make_registry(names: StatisticNames) -> Registry:
    """An empty registry for these statistics."""
    only = names.proactive_filter
    statistics = [
        (names.current, only),
        (names.accepted, only),
        (names.abandoned, only),
        (names.current, ""),
        (names.entered, only),
        (names.entered, ""),
    ]
    if names.handle_time is not None:
        statistics.append((names.handle_time, ""))
    return Registry(statistics, names.agent_state)


def queues_of(targets: TargetSet) -> list[str]:
    """Queues the targets need; one of several targets comes several times."""
    return [target.queue_id for target in targets.targets]


def agents_of(targets: TargetSet) -> list[str]:
    """Agents the targets and groups need, each once, sorted."""
    agents: set[str] = set()
    agents.update(*(target.agents for target in targets.targets), *(group.agents for group in targets.groups))
    return sorted(agents)


def layout(targets: TargetSet, names: StatisticNames, registry: Registry) -> Layout:
    """Where the targets' values are; ``registry`` must hold their queues and agents."""
    first = registry.queues(queues_of(targets))
    only = names.proactive_filter
    columns = Columns(
        current=first + registry.offset(names.current, only),
        accepted=first + registry.offset(names.accepted, only),
        abandoned=first + registry.offset(names.abandoned, only),
        current_all=first + registry.offset(names.current),
        entered=first + registry.offset(names.entered, only),
        entered_all=first + registry.offset(names.entered),
        handle_time=first + registry.offset(names.handle_time) if names.handle_time is not None else None,
    )
    slots, media = registry.agents, [target.media for target in targets.targets]
    roster = build_roster([target.agents for target in targets.targets], media, slots)
    group_sizes = [len(group.agents) for group in targets.groups]
    members = chain.from_iterable(group.agents for group in targets.groups)
    return Layout(
        columns=columns,
        roster=roster,
        group_rows={group.name: row for row, group in enumerate(targets.groups)},
        group_ends=np.cumsum(group_sizes, dtype=np.int64),
        group_agents=np.fromiter(map(slots.__getitem__, members), np.int64, sum(group_sizes)),
        media_agents={medium: roster.slots_of(medium) for medium in roster.media},
    )
