"""From agents to targets: who serves what, and sums over it. Pure, vectorised.

Agents that serve the same set of targets form a class. Sums go over classes first, so that an agent of a thousand
targets costs once, and then over the pairs (class, target), so that the classes' shares are exactly the targets' sums.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pacing_node.algorithms.model import SharedAgents
from pacing_node.statistics.table import VALID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pacing_node.algorithms.model import FloatArray, IntArray
    from pacing_node.statistics.table import ValueTable


@dataclass(frozen=True, slots=True)
class Roster:
    """Who serves what, for one set of targets (or agent groups: anything that has agents)."""

    agent_slots: IntArray
    """Slot of each agent's state, each once, sorted."""
    class_of_agent: IntArray
    classes: int
    pair_class: IntArray
    pair_target: IntArray
    targets: int
    media: tuple[str, ...]
    """Media of the targets, sorted."""
    media_of_target: IntArray
    """Index into ``media`` for each target."""
    shared: bool
    """True when at least one agent serves several targets."""
    headcount: FloatArray = field(init=False)
    """Agents of each target."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "headcount", self.per_target(self.per_class(np.ones(len(self.agent_slots)))))

    def slots_of(self, media: str) -> IntArray:
        """Slots of the agents of a medium's targets, each once, sorted."""
        served = np.zeros(self.classes, dtype=np.bool_)
        served[self.pair_class[self.media_of_target[self.pair_target] == self.media.index(media)]] = True
        return self.agent_slots[served[self.class_of_agent]]

    def per_target(self, per_class: FloatArray) -> FloatArray:
        """Sums over targets of something counted by class."""
        return _sums(self.pair_target, per_class[self.pair_class], self.targets)

    def per_class(self, per_agent: FloatArray) -> FloatArray:
        """Sums over classes of something counted by agent."""
        return _sums(self.class_of_agent, per_agent, self.classes)

    def per_pair(self, by_medium: FloatArray) -> FloatArray:
        """For every pair the value of its class for its target's medium; ``by_medium`` is (media, classes)."""
        return by_medium[self.media_of_target[self.pair_target], self.pair_class]

    def sum_pairs(self, per_pair: FloatArray) -> FloatArray:
        """Sums over targets of something counted by pair."""
        return _sums(self.pair_target, per_pair, self.targets)


def _sums(index: IntArray, weights: FloatArray, length: int) -> FloatArray:
    sums: FloatArray = np.bincount(index, weights=weights, minlength=length).astype(np.float64)
    return sums


def build_roster(members: Sequence[Sequence[str]], media: Sequence[str], slots: Mapping[str, int]) -> Roster:
    """The roster of targets whose agents and media are given in row order; ``slots`` finds an agent's slot by name."""
    sizes = [len(each) for each in members]
    flat = np.fromiter(map(slots.__getitem__, chain.from_iterable(members)), np.int64, sum(sizes))
    agent_slots, agents = np.unique(flat, return_inverse=True)
    rows = np.repeat(np.arange(len(members), dtype=np.int64), sizes)
    codes = np.unique(agents * max(len(members), 1) + rows)  # by agent, then by target; each pair once
    classes = _classes(*np.divmod(codes, max(len(members), 1)), len(agent_slots))
    media_names = tuple(sorted(set(media)))
    media_index = {name: position for position, name in enumerate(media_names)}
    return Roster(
        agent_slots=agent_slots,
        class_of_agent=classes.of_agent,
        classes=len(classes.sizes),
        pair_class=np.repeat(np.arange(len(classes.sizes), dtype=np.int64), classes.sizes),
        pair_target=classes.targets,
        targets=len(members),
        media=media_names,
        media_of_target=np.array([media_index[each] for each in media], dtype=np.int64),
        shared=bool((classes.sizes > 1).any()),
    )


class _Classes(NamedTuple):
    """Agents by the targets they serve, classes in the order of their first agents."""

    of_agent: IntArray
    sizes: IntArray
    """Targets of each class."""
    targets: IntArray
    """Targets of all classes, one class after the other."""


def _classes(pair_agents: IntArray, pair_rows: IntArray, agents: int) -> _Classes:
    """Classes from pairs of agent and target sorted by agent; each agent has at least one."""
    sizes = np.bincount(pair_agents, minlength=agents)
    starts = np.cumsum(sizes) - sizes
    kind = pair_rows[starts]  # what an agent serves, as a number: of one target its row, of several one behind the rows
    several: dict[bytes, int] = {}
    behind = int(pair_rows.max(initial=0)) + 1
    for agent in np.flatnonzero(sizes > 1).tolist():
        served = pair_rows[starts[agent] : starts[agent] + sizes[agent]].tobytes()
        kind[agent] = several.setdefault(served, behind + len(several))
    _, first, of_agent = np.unique(kind, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    found = first[order]
    ends = np.cumsum(sizes[found])
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts[found] - ends + sizes[found], sizes[found])
    return _Classes(place[of_agent], sizes[found], pair_rows[at])


@dataclass(frozen=True, slots=True)
class Staffing:
    """Agents summed up by target, in the sense of ``Snapshot``."""

    logged_in: FloatArray
    capable: FloatArray
    ready: FloatArray
    busy: FloatArray
    known_ratio: FloatArray
    """Share of the target's agents whose state is known; 1 for a target without agents."""
    shared: SharedAgents | None


@dataclass(frozen=True, slots=True)
class Slots:
    """Slots of a roster's agents by medium, arrays (media, agents)."""

    ready: FloatArray
    busy: FloatArray
    capable: FloatArray


def agent_slots(roster: Roster, table: ValueTable) -> Slots:
    """Ready and busy slots of every agent by medium.

    An agent at work with a maximum for the medium has ``maximum`` slots: ready are those the agent would
    be given now, busy the others.
    """
    slots = roster.agent_slots
    at_work, logged_in = table.at_work[slots], table.logged_in[slots]
    ready, busy, capable = (np.zeros((len(roster.media), len(slots))) for _ in range(3))
    for row, name in enumerate(roster.media):
        medium = table.media.get(name)
        if medium is None:
            continue
        maximum = medium.maximum[slots]
        free = np.maximum(maximum - medium.in_use[slots], 0.0)
        ready[row] = np.where(at_work & medium.routable[slots], free, 0.0)
        busy[row] = np.where(at_work, maximum - ready[row], 0.0)
        capable[row] = logged_in & (maximum > 0)
    return Slots(ready, busy, capable)


def sum_staffing(roster: Roster, table: ValueTable) -> Staffing:
    """Sums of all agents over all targets."""
    slots = agent_slots(roster, table)
    known = (table.state[roster.agent_slots] == VALID).astype(np.float64)
    headcount = roster.headcount
    ready = roster.per_pair(by_class(roster, slots.ready))
    busy = roster.per_pair(by_class(roster, slots.busy))
    shared = None
    if roster.shared:
        shared = SharedAgents(
            class_index=roster.pair_class,
            class_target=roster.pair_target,
            ready=ready,
            busy=busy,
            ready_agents=roster.per_class(np.any(slots.ready > 0, axis=0).astype(np.float64)),
        )
    return Staffing(
        logged_in=roster.per_target(roster.per_class(table.logged_in[roster.agent_slots].astype(np.float64))),
        capable=roster.sum_pairs(roster.per_pair(by_class(roster, slots.capable))),
        ready=roster.sum_pairs(ready),
        busy=roster.sum_pairs(busy),
        known_ratio=np.where(headcount > 0, roster.per_target(roster.per_class(known)) / np.maximum(headcount, 1), 1.0),
        shared=shared,
    )


def sum_completed(roster: Roster, table: ValueTable) -> FloatArray:
    """Interactions of each target's medium that ended at its agents since the last call."""
    per_agent = [table.take_completed(name, roster.agent_slots) for name in roster.media]
    shape = (len(roster.media), len(roster.agent_slots))
    return roster.sum_pairs(roster.per_pair(by_class(roster, np.array(per_agent, dtype=np.float64).reshape(shape))))


def forget_completed(roster: Roster, table: ValueTable) -> None:
    """What :func:`sum_completed` would sum up now is not wanted."""
    for name in roster.media:
        table.forget_completed(name, roster.agent_slots)


def sum_ready(table: ValueTable, medium: str, slots: IntArray) -> float:
    """Ready slots of these agents for the medium together."""
    capacity = table.media.get(medium)
    if capacity is None:
        return 0.0
    free = np.maximum(capacity.maximum[slots] - capacity.in_use[slots], 0.0)
    return float(free[table.at_work[slots] & capacity.routable[slots]].sum())


def by_class(roster: Roster, by_agent: FloatArray) -> FloatArray:
    """Sums over classes of an array (media, agents), as (media, classes)."""
    rows = [roster.per_class(each) for each in by_agent]
    return np.array(rows, dtype=np.float64).reshape(len(rows), roster.classes)
