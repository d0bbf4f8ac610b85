"""Which agent groups serve which monitored queues, and who is in them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pacing_node.discovery.agent_index import AgentIndex
from pacing_node.discovery.expressions import ExpressionError, parse_expression
from pacing_node.discovery.look_alikes import LookAlikes
from pacing_node.discovery.monitored_queues import own_goal
from pacing_node.objects.object_model import where
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from pacing_node.discovery.expressions import Expression
    from pacing_node.discovery.monitored_queues import MonitoredQueue
    from pacing_node.objects.object_model import Agent, AgentGroup, ConfigurationObjects, VirtualQueue


@dataclass(frozen=True, slots=True)
class MonitoredGroup:
    """An agent group that lists at least one monitored queue, with its enabled members."""

    group: AgentGroup
    agents: tuple[str, ...]
    """User names, sorted."""
    goal_percent: float | None


class QueueDirectory:
    """Finds the queues an origination DN means: ``number@switch``, a number or a name."""

    def __init__(self, queues: tuple[VirtualQueue, ...]) -> None:
        by_id: defaultdict[str, list[VirtualQueue]] = defaultdict(list)
        by_number: defaultdict[str, list[VirtualQueue]] = defaultdict(list)
        by_name: defaultdict[str, list[VirtualQueue]] = defaultdict(list)
        for queue in queues:
            by_id[f"{queue.number}@{queue.switch}"].append(queue)
            by_number[queue.number].append(queue)
            by_name[queue.name].append(queue)
        self._tables = (by_id, by_number, by_name)
        self.look_alikes = LookAlikes(name for table in self._tables for name in table)

    def find(self, origination_dn: str) -> list[VirtualQueue]:
        """The queues meant; a number or name without a switch means those of every switch."""
        return next((table[origination_dn] for table in self._tables if origination_dn in table), [])


class GroupMembership:
    """Groups of every monitored queue."""

    def __init__(self, objects: ConfigurationObjects, queues: list[MonitoredQueue], findings: list[Finding]) -> None:
        self._agents = {agent.user_name: agent for agent in objects.agents}
        self._findings = findings
        self._monitored = {id(item.queue): item for item in queues}
        self._directory = QueueDirectory(objects.virtual_queues)
        self._look_alikes = LookAlikes(self._agents)
        self.groups: dict[str, MonitoredGroup] = {}
        """Groups that serve a monitored queue, by name."""
        self.of_target: defaultdict[str, list[str]] = defaultdict(list)
        """Names of the groups of a target, by the target's name."""
        for group in objects.agent_groups:
            if group.enabled:
                self._add(group)

    def _add(self, group: AgentGroup) -> None:
        targets = self._targets(group)
        if not targets:
            return
        members = self._members(group)
        if members is None:
            return
        if not members:
            text = "found no enabled agent; allowed: at least one, for the group to serve a queue"
            self._findings.append(Finding("warning", "group_without_agents", where(group), text))
        self.groups[group.name] = MonitoredGroup(group, members, own_goal(group, self._findings))
        for target in targets:
            self.of_target[target].append(group.name)

    def _targets(self, group: AgentGroup) -> list[str]:
        """Names of the targets whose queues the group lists; each once."""
        targets: dict[str, None] = {}
        for origination_dn in group.origination_dns:
            queues = self._directory.find(origination_dn)
            if not queues:
                text = (
                    f'origination DNs: found "{origination_dn[:80]}"; allowed: a queue as number@switch, number or name'
                    f"{self._directory.look_alikes.hint(origination_dn)}"
                )
                self._findings.append(Finding("warning", "unknown_queue", where(group), text))
            for queue in queues:
                if id(queue) in self._monitored:
                    targets[self._monitored[id(queue)].target_name] = None
        return list(targets)

    def _members(self, group: AgentGroup) -> tuple[str, ...] | None:
        """Enabled members, sorted; None with a finding when the script is broken."""
        if not group.script:
            return self._listed(group)
        try:
            expression = parse_expression(group.script)
        except ExpressionError as error:
            self._findings.append(Finding("error", "broken_expression", where(group), f"script: {error}"))
            return None
        self._doubt(group, expression)
        return self._index.members(expression)

    def _doubt(self, group: AgentGroup, expression: Expression) -> None:
        """Report the parts of a script that meet no agent at all, which is a slip more often than not."""
        if unknown := self._index.unknown_skills(expression):
            text = f"script: found skills no enabled agent has: {named(list(unknown))}; allowed: skills of agents"
            self._findings.append(Finding("warning", "unknown_skill", where(group), text))
        if unknown := self._index.unknown_places(expression):
            text = (
                f"script: found LoggedIn with what no enabled agent is logged in to: {named(list(unknown))}; "
                "allowed: a queue as number@switch, or a switch, of an agent's logins"
            )
            self._findings.append(Finding("warning", "unknown_login", where(group), text))

    def _listed(self, group: AgentGroup) -> tuple[str, ...]:
        unknown = [name for name in group.agents if name not in self._agents]
        if unknown:
            text = f"found {counted(unknown)} who do not exist: {named(unknown)}; allowed: user names of agents"
            text += self._look_alikes.hint(*unknown)
            self._findings.append(Finding("warning", "unknown_agent", where(group), text))
        return tuple(sorted({name for name in group.agents if name in self._agents and self._agents[name].enabled}))

    @cached_property
    def _index(self) -> AgentIndex:
        return AgentIndex([agent for agent in self._agents.values() if agent.enabled])

    def agents_of(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """User names of the members of several groups, each once, sorted."""
        if len(groups) == 1:
            return self.groups[groups[0]].agents
        return tuple(sorted(set().union(*(self.groups[name].agents for name in groups))))

    def agent(self, user_name: str) -> Agent:
        """An agent by user name; KeyError when there is none."""
        return self._agents[user_name]


def counted(names: list[str]) -> str:
    """``1 agent``, ``2 agents``."""
    return f"{len(names)} agent{'' if len(names) == 1 else 's'}"


def named(names: list[str]) -> str:
    """A few names for a message."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
