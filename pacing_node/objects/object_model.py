"""Configuration objects of the contact centre: what discovery works on, wherever they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pacing_node.options.yaml_documents import Value
    from pacing_node.targets import Finding

Annex: TypeAlias = Mapping[str, Mapping[str, str]]
"""Options of an object by section and name."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch; queues belong to one."""

    name: str
    type: str = ""
    origin: str = field(default="", compare=False)
    """File it was read from; empty when it came from a feed. The same for every kind of object."""
    line: int = field(default=0, compare=False)
    """Line of the file, from 1; 0 where none is known. The same for every kind of object."""

    @property
    def label(self) -> str:
        """The object as messages name it."""
        return f'switch "{self.name}"'


@dataclass(frozen=True, slots=True)
class VirtualQueue:
    """A virtual queue (a DN)."""

    name: str
    number: str
    alias: str
    switch: str
    annex: Annex = field(default_factory=dict)
    enabled: bool = True
    origin: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """The object as messages name it."""
        return f'virtual queue "{self.name}"@{self.switch}'


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent with skills by level."""

    user_name: str
    employee_id: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    capacity_rule: str = ""
    """Name of the capacity rule; empty for the built-in rule."""
    logins: tuple[str, ...] = ()
    """Queues the agent is logged in to, as ``number@switch``."""
    enabled: bool = True
    origin: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """The object as messages name it."""
        return f'agent "{self.user_name}"'


@dataclass(frozen=True, slots=True)
class AgentGroup:
    """A group of agents: regular with a list of members, virtual with an expression."""

    name: str
    agents: tuple[str, ...] = ()
    script: str = ""
    origination_dns: tuple[str, ...] = ()
    annex: Annex = field(default_factory=dict)
    enabled: bool = True
    origin: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """The object as messages name it."""
        return f'agent group "{self.name}"'


@dataclass(frozen=True, slots=True)
class CapacityRule:
    """How many interactions of each medium an agent may have at once."""

    name: str
    media: Mapping[str, int] = field(default_factory=dict)
    exclusive: bool = False
    """Whether interactions of different media exclude each other."""
    origin: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """The object as messages name it."""
        return f'capacity rule "{self.name}"'


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction object; its annex may hold secrets and never shows in texts."""

    name: str
    type: str = ""
    annex: Annex = field(default_factory=dict, repr=False)
    origin: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def label(self) -> str:
        """The object as messages name it."""
        return f'transaction "{self.name}"'


ConfigurationObject: TypeAlias = Switch | VirtualQueue | Agent | AgentGroup | CapacityRule | Transaction


@dataclass(frozen=True, slots=True)
class ConfigurationObjects:
    """All objects of one version of the configuration, each kind in the order of its source, names unique."""

    version: str = ""
    """Changes whenever the objects change; opaque."""
    tenant: str = ""
    switches: tuple[Switch, ...] = ()
    virtual_queues: tuple[VirtualQueue, ...] = ()
    agents: tuple[Agent, ...] = ()
    agent_groups: tuple[AgentGroup, ...] = ()
    capacity_rules: tuple[CapacityRule, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What was wrong with single objects; those with an error are left out."""


Item: TypeAlias = "tuple[str, int, Value]"
"""An object before it is made: origin and line as objects have them, and its data."""


def place(origin: str, line: int) -> str:
    """File and line for people; empty when there is no file."""
    return f"{origin}:{line}" if line else origin


def where(item: ConfigurationObject) -> str:
    """An object and, where known, the place it was read from, for findings."""
    return f"{place(item.origin, item.line)}: {item.label}" if item.origin else item.label
