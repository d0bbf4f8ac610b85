"""Media capacity of agents by their capacity rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.discovery.look_alikes import LookAlikes
from pacing_node.objects.object_model import CapacityRule, where
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacing_node.objects.object_model import Agent, ConfigurationObjects

BUILT_IN_RULE = CapacityRule("", {"voice": 1})
"""What holds for an agent without a rule: one voice interaction and nothing else."""


class Capacities:
    """Looks up how many interactions of a medium an agent may have at once."""

    def __init__(self, objects: ConfigurationObjects) -> None:
        self._rules = {rule.name: rule for rule in objects.capacity_rules}

    def rule_of(self, agent: Agent) -> CapacityRule:
        """The rule of an agent; the built-in one for an agent without a rule, or with one that does not exist."""
        return self._rules.get(agent.capacity_rule, BUILT_IN_RULE)

    def capacity_for(self, agent: Agent, media: str) -> int:
        """Most interactions of a medium the agent may have at once; 0 when the medium is not for this agent."""
        return self.rule_of(agent).media.get(media, 0)

    def media(self) -> Iterator[str]:
        """Every medium of a rule, some of them several times."""
        return (medium for rule in self._rules.values() for medium in rule.media)

    def findings(self, agents: tuple[Agent, ...]) -> Iterator[Finding]:
        """Agents that name a rule nobody defined."""
        look_alikes = LookAlikes(self._rules)
        for agent in agents:
            if agent.capacity_rule and agent.capacity_rule not in self._rules:
                yield Finding(
                    "warning",
                    "unknown_capacity_rule",
                    where(agent),
                    f'found the capacity rule "{agent.capacity_rule}", which does not exist; '
                    f"the built-in rule of one voice interaction is used{look_alikes.hint(agent.capacity_rule)}",
                )
