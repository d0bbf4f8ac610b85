"""Discovery: from configuration objects to pacing targets.

A pacing target is a virtual queue with exactly one medium in its annex (``pacing/media``) together with the agent
groups that list the queue in their origination DNs. Whatever does not fit is reported and left out; the rest goes on.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from pacing_node.discovery.agent_groups import GroupMembership, counted, named
from pacing_node.discovery.look_alikes import LookAlikes, alike
from pacing_node.discovery.media_capacity import Capacities
from pacing_node.discovery.monitored_queues import MonitoredQueue, monitored_queues
from pacing_node.objects.object_model import where
from pacing_node.runtime.gc_freeze import freeze, uncollected
from pacing_node.targets import Finding, GroupCapacity, PacingTarget, TargetSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pacing_node.objects.object_model import ConfigurationObjects

MAX_FINDINGS_PER_CODE = 200
"""Findings of one kind that are kept in full; the rest is counted."""


@uncollected()
def discover(objects: ConfigurationObjects, default_goal_percent: float = 3.0) -> TargetSet:
    """Find the pacing targets.

    Args:
        objects: the configuration objects.
        default_goal_percent: goal of a target for which neither its queue nor one of its groups has one.
    """
    targets = _Discovery(objects, default_goal_percent).run()
    freeze(len(targets.targets))
    return targets


class _Discovery:
    """One run over one version of the objects."""

    def __init__(self, objects: ConfigurationObjects, default_goal_percent: float) -> None:
        self._default_goal = default_goal_percent
        self._findings = list(objects.findings)
        self._queues = monitored_queues(objects, self._findings)
        self._membership = GroupMembership(objects, self._queues, self._findings)
        self._capacities = Capacities(objects)
        self._agents: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._incapable: dict[tuple[tuple[str, ...], str], list[str]] = {}
        self._media = LookAlikes(self._capacities.media())

    def run(self) -> TargetSet:
        targets = sorted(filter(None, map(self._target, self._queues)), key=lambda target: target.name)
        self._findings += _look_alikes(targets)
        used = sorted({name for target in targets for name in target.groups})
        groups = tuple(GroupCapacity(name, self._membership.groups[name].agents) for name in used)
        self._findings += self._shared_agents(groups)
        members = sorted({name for group in groups for name in group.agents})
        self._findings += self._capacities.findings(tuple(map(self._membership.agent, members)))
        findings = tuple(limited(self._findings))
        return TargetSet(_version(targets, groups), tuple(targets), groups, findings)

    def _target(self, monitored: MonitoredQueue) -> PacingTarget | None:
        groups = tuple(sorted(self._membership.of_target[monitored.target_name]))
        queue = monitored.queue
        if not groups:
            text = "found no agent group that lists this queue; allowed: at least one with it in its origination DNs"
            self._findings.append(Finding("error", "queue_without_groups", where(queue), text))
            return None
        target = PacingTarget(
            name=monitored.target_name,
            queue=queue.name,
            number=queue.number,
            switch=queue.switch,
            media=monitored.media,
            goal_percent=self._goal(monitored, groups),
            groups=groups,
            agents=self._agents_of(groups),
            enabled=queue.enabled,
        )
        self._findings += self._capacity_doubts(target)
        return target

    def _goal(self, monitored: MonitoredQueue, groups: tuple[str, ...]) -> float:
        if monitored.goal_percent is not None:
            return monitored.goal_percent
        own = [self._membership.groups[name].goal_percent for name in groups]
        return min((goal for goal in own if goal is not None), default=self._default_goal)

    def _agents_of(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Computed once per combination of groups, which many targets may share."""
        if groups not in self._agents:
            self._agents[groups] = self._membership.agents_of(groups)
        return self._agents[groups]

    def _capacity_doubts(self, target: PacingTarget) -> Iterator[Finding]:
        key = (target.groups, target.media)
        if key not in self._incapable:
            agents = map(self._membership.agent, target.agents)
            self._incapable[key] = [
                agent.user_name for agent in agents if not self._capacities.capacity_for(agent, target.media)
            ]
        incapable = self._incapable[key]
        if incapable:
            yield Finding(
                "warning",
                "agents_without_capacity",
                f'pacing target "{target.name}"',
                f"found {len(incapable)} of {len(target.agents)} agents without capacity for {target.media}: "
                f"{named(incapable)}; allowed: a capacity rule with {target.media} of 1 or more"
                f"{self._media.hint(target.media)}",
            )

    def _shared_agents(self, groups: Iterable[GroupCapacity]) -> Iterator[Finding]:
        """One finding per combination of groups that share agents, the largest first."""
        groups_of: defaultdict[str, list[str]] = defaultdict(list)
        for group in groups:
            for agent in group.agents:
                groups_of[agent].append(group.name)
        combinations: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for agent, names in groups_of.items():
            if len(names) > 1:
                combinations[tuple(names)].append(agent)
        for shared_by, agents in sorted(combinations.items(), key=lambda item: (-len(item[1]), item[0])):
            yield Finding(
                "warning",
                "agents_in_several_groups",
                "agent groups " + ", ".join(f'"{name}"' for name in shared_by),
                f"found {counted(agents)} in all of them: {named(sorted(agents))}; "
                "each counts once, and what one target uses of an agent the others lack",
            )


def _look_alikes(targets: Iterable[PacingTarget]) -> Iterator[Finding]:
    """One finding for all targets that look like each other."""
    queues = {target.name: target.queue_id for target in targets}
    for names in alike(queues):
        found = ", ".join(f'"{name}" of {queues[name]}' for name in names[:5])
        text = f"found {len(names)} names that differ in capitals, blanks or Unicode form alone: {found}"
        yield Finding("warning", "targets_look_alike", f'pacing target "{names[0]}"', text)


def limited(findings: list[Finding]) -> Iterator[Finding]:
    """At most ``MAX_FINDINGS_PER_CODE`` findings of each kind, then one that counts the rest."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.code] += 1
        if counts[finding.code] <= MAX_FINDINGS_PER_CODE:
            yield finding
    for code, count in counts.items():
        if count > MAX_FINDINGS_PER_CODE:
            more = count - MAX_FINDINGS_PER_CODE
            yield Finding("warning", code, "configuration objects", f"found {more} more of the same kind")


def _version(targets: Iterable[PacingTarget], groups: Iterable[GroupCapacity]) -> str:
    """Digest of everything the targets consist of; members are covered by their groups."""
    digest = hashlib.sha256()
    for target in targets:
        identity = (target.name, target.number, target.switch, target.goal_percent, target.groups, target.enabled)
        digest.update(repr(identity).encode())
    for group in groups:
        digest.update(repr((group.name, group.agents)).encode())
    return digest.hexdigest()[:16]
