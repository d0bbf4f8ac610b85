"""The two reads a web page makes: how much inbound traffic to allow, and how much agents can take.

``reactiveState`` is the share of inbound traffic to allow, 0..1; ``capacity`` the interactions ready agents can still
take. Source of the rules: the documentation of Web Engagement's pacing; groups are consolidated as there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cluster.outside_text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import IntArray
    from pacing_node.cycle.report import CycleReport
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import TargetSet


_MOST_MEDIA = 20
_SHOWN = 60
_MOST_STATES = 1000
"""Different questions whose answers are remembered."""


class UnknownError(Exception):
    """A channel or group that no pacing target knows; the message never names groups, for anybody may read it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The channel and groups a page asks for."""

    channel: str
    groups: frozenset[str]
    """Empty means every group of the channel."""


class InboundReads:
    """The two reads over thousands of targets: what follows from targets and report alone is worked out once."""

    def __init__(self) -> None:
        self._targets: TargetSet | None = None
        self._groups: dict[str, frozenset[str]] = {}
        self._rows: dict[str, IntArray] = {}
        """By medium the targets' places in their set."""
        self._rows_of_group: dict[tuple[str, str], list[int]] = {}
        """By medium and group the same."""
        self._report: CycleReport | None = None
        self._places: IntArray | None = None
        """By a target's place in its set its place in the report, -1 for none; None where both are the same."""
        self._states: dict[Selection, float] = {}

    def select(self, channel: str, groups: Sequence[str], targets: TargetSet) -> Selection:
        """Check the names a page asks for.

        Raises UnknownError when no target has this channel, or a group serves none of the channel's targets.
        """
        self._follow(targets)
        known = self._groups.get(channel)
        if known is None:
            media = ", ".join(sorted(self._groups)[:_MOST_MEDIA]) or "none"
            raise UnknownError(f'unknown channel "{one_line(channel, _SHOWN)}"; known are {media}')
        for group in groups:
            if group not in known:
                raise UnknownError(f'group "{one_line(group, _SHOWN)}" serves no target of channel "{channel}"')
        return Selection(channel, frozenset(groups))

    def groups(self, channel: str, targets: TargetSet) -> frozenset[str]:
        """Names of the groups that serve a target of the channel."""
        self._follow(targets)
        return self._groups.get(channel, frozenset())

    def reactive_state(self, selection: Selection, targets: TargetSet, report: CycleReport | None) -> float:
        """Share of inbound traffic to allow, remembered until the next report.

        The capacity-weighted mean over the targets asked for; equal weights where none has capacity. 1 where nothing is
        known or the law does not control inbound traffic: without proactive traffic there is nothing to protect.
        """
        self._follow(targets)
        if report is not self._report or len(self._states) >= _MOST_STATES:
            if report is not self._report:
                self._places = _places(targets, report)
            self._report, self._states = report, {}
        if selection not in self._states:
            self._states[selection] = reactive_state(self._chosen(selection), report)
        return self._states[selection]

    def count(self, selection: Selection, targets: TargetSet) -> int:
        """Targets a page asks for."""
        self._follow(targets)
        return len(self._asked(selection))

    def _chosen(self, selection: Selection) -> IntArray:
        """Places in the report of the targets a page asks for."""
        rows = self._asked(selection)
        if self._places is None:
            return rows
        places = self._places[rows]
        return places[places >= 0]

    def _asked(self, selection: Selection) -> IntArray:
        if not selection.groups:
            return self._rows.get(selection.channel, np.zeros(0, np.int64))
        of_groups = (self._rows_of_group.get((selection.channel, group), ()) for group in selection.groups)
        return np.array(sorted(set().union(*of_groups)), np.int64)

    def _follow(self, targets: TargetSet) -> None:
        """Sets of targets never change, so they are compared by identity."""
        if targets is self._targets:
            return
        rows: dict[str, list[int]] = {}
        self._rows_of_group = {}
        for row, target in enumerate(targets.targets):
            rows.setdefault(target.media, []).append(row)
            for group in target.groups:
                self._rows_of_group.setdefault((target.media, group), []).append(row)
        groups: dict[str, set[str]] = {media: set() for media in rows}
        for media, group in self._rows_of_group:
            groups[media].add(group)
        self._targets, self._report, self._places, self._states = targets, None, None, {}
        self._groups = {media: frozenset(names) for media, names in groups.items()}
        self._rows = {media: np.array(places, np.int64) for media, places in rows.items()}


def _places(targets: TargetSet, report: CycleReport | None) -> IntArray | None:
    if report is None or report.targets == targets.names:
        return None
    rows = {name: row for row, name in enumerate(report.targets)}
    return np.array([rows.get(name, -1) for name in targets.names], np.int64)


def reactive_state(rows: IntArray, report: CycleReport | None) -> float:
    """The share for some rows of a report."""
    if report is None or not len(rows):
        return 1.0
    portions = report.result.inbound_portion[rows]
    portions = np.where(np.isnan(portions), 1.0, portions)
    capacity = np.nan_to_num(report.snapshot.ready[rows] + report.snapshot.busy[rows])
    weights = capacity if capacity.sum() > 0.0 else np.ones(len(rows))
    return float(np.average(portions, weights=weights))


def channel_capacity(
    selection: Selection, statistics: StatisticsSource | None, stale_after_seconds: float
) -> int | None:
    """Interactions that ready agents of the channel or groups can still take, each agent counted once.

    None where nobody knows: without statistics, or with some that are older than the limit.
    """
    if statistics is None:
        return None
    capacity = statistics.channel_capacity(selection.channel, selection.groups, stale_after_seconds)
    return None if capacity is None else int(capacity)
