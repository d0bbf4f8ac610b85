"""Pacing targets: what discovery finds in the configuration objects and everything else works on."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PacingTarget:
    """A media-specific virtual queue and the agent groups that serve it."""

    name: str
    """``<virtual queue name> - <media>``."""
    queue: str
    number: str
    switch: str
    media: str
    goal_percent: float
    """optimizationGoal in force for this target: the queue's, else the groups' lowest, else the service's."""
    groups: tuple[str, ...]
    """Names of the agent groups that list the queue, sorted."""
    agents: tuple[str, ...]
    """User names of the agents of all groups, each once, sorted."""
    enabled: bool = True

    @property
    def queue_id(self) -> str:
        """The queue as statistics know it, ``number@switch``."""
        return f"{self.number}@{self.switch}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something discovery noticed that an operator should know; the rest goes on."""

    severity: str
    """``error``: the object is left out; ``warning``: it works, but likely not as meant."""
    code: str
    """Stable word for programs, for example ``alias_differs_from_number``."""
    where: str
    """File, line or object, for example ``virtual queue "Sales"@chat-switch``."""
    message: str
    """What was found and what is allowed, in one sentence."""


@dataclass(frozen=True, slots=True)
class GroupCapacity:
    """An agent group by name with its members and media, for reads by group."""

    name: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetSet:
    """All targets of one version of the configuration, sorted by name."""

    version: str
    """Changes whenever the targets change."""
    targets: tuple[PacingTarget, ...]
    groups: tuple[GroupCapacity, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Names of the targets in row order; made once, for every cycle asks for them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(target.name for target in self.targets))
