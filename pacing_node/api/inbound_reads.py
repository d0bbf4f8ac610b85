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

    from pacing_node.cycle.report import CycleReport
    from pacing_node.statistics.statistics_source import StatisticsSource
    from pacing_node.targets import PacingTarget, TargetSet


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
        self._report: CycleReport | None = None
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
        """``reactive_state``, remembered until the next report."""
        self._follow(targets)
        if report is not self._report or len(self._states) >= _MOST_STATES:
            self._report, self._states = report, {}
        if selection not in self._states:
            self._states[selection] = reactive_state(selection, targets, report)
        return self._states[selection]

    def _follow(self, targets: TargetSet) -> None:
        """Sets of targets never change, so they are compared by identity."""
        if targets is self._targets:
            return
        found: dict[str, set[str]] = {}
        for target in targets.targets:
            found.setdefault(target.media, set()).update(target.groups)
        self._targets, self._states = targets, {}
        self._groups = {media: frozenset(groups) for media, groups in found.items()}


def reactive_state(selection: Selection, targets: TargetSet, report: CycleReport | None) -> float:
    """Share of inbound traffic to allow.

    The capacity-weighted mean over the targets asked for; equal weights where none has capacity. 1 where nothing is
    known or the law does not control inbound traffic: without proactive traffic there is nothing to protect.
    """
    if report is None:
        return 1.0
    rows = {name: row for row, name in enumerate(report.targets)}
    chosen = [rows[target.name] for target in targets.targets if asked(selection, target) and target.name in rows]
    if not chosen:
        return 1.0
    portions = report.result.inbound_portion[chosen]
    portions = np.where(np.isnan(portions), 1.0, portions)
    capacity = np.nan_to_num(report.snapshot.ready[chosen] + report.snapshot.busy[chosen])
    weights = capacity if capacity.sum() > 0.0 else np.ones(len(chosen))
    return float(np.average(portions, weights=weights))


def channel_capacity(selection: Selection, statistics: StatisticsSource) -> int:
    """Interactions that ready agents of the channel or groups can still take, each agent counted once."""
    return int(statistics.channel_capacity(selection.channel, selection.groups))


def asked(selection: Selection, target: PacingTarget) -> bool:
    """Whether a target is among those a page asks for."""
    mine = target.media == selection.channel
    return mine and (not selection.groups or bool(selection.groups.intersection(target.groups)))
