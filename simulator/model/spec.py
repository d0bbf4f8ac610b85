"""What a contact centre consists of: the input of the model and the body of a scenario file.

Times are seconds of model time. Names follow the contact centre's configuration objects.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from simulator.model.distributions import Distribution, Exponential, Lognormal, Spec

Ratio = Annotated[float, Field(ge=0.0, le=1.0)]

DEFAULT_RULE = "default"
"""The built-in capacity rule of an agent without one: a single voice interaction and nothing else."""


class Switch(Spec):
    """A switch of the configuration; virtual queues are numbers of one."""

    name: str
    type: str = "multimedia"


class CapacityRule(Spec):
    """How many interactions of each medium an agent may have at once."""

    name: str
    media: dict[str, NonNegativeInt]
    exclusive: bool = False
    """True: an agent who handles one medium gets nothing of another."""


class Breaks(Spec):
    """Pauses of an agent ("not ready"), at random times."""

    every: PositiveFloat
    """Mean seconds at work between two pauses; exponential."""
    length: Distribution


class Shift(Spec):
    """One stretch of work, in seconds after midnight; an end before the start lies on the next day."""

    login: NonNegativeFloat
    logout: NonNegativeFloat


class Staff(Spec):
    """A batch of equal agents, named ``<prefix>-<two or more digits>``."""

    prefix: str
    count: PositiveInt
    capacity_rule: str = ""
    """Name of a capacity rule; empty is the built-in one."""
    skills: dict[str, int] = Field(default_factory=dict)
    shifts: tuple[Shift, ...] = ()
    """Empty: always at work."""
    present: bool = True
    """False: never logs in."""
    breaks: Breaks | None = None
    login_spread: NonNegativeFloat = 0.0
    """Logins and logouts vary by up to this many seconds, so that a shift does not change in one instant."""

    @property
    def user_names(self) -> tuple[str, ...]:
        """User names of the batch."""
        width = max(2, len(str(self.count)))
        return tuple(f"{self.prefix}-{number:0{width}d}" for number in range(1, self.count + 1))


class SkillTerm(Spec):
    """Membership of a virtual group: every agent with more than ``above`` of the skill."""

    skill: str
    above: NonNegativeInt

    @property
    def script(self) -> str:
        """The expression as the configuration holds it."""
        return f'Skill("{self.skill}") > {self.above}'


class Group(Spec):
    """A regular group (batches of staff) or a virtual one (a skill term)."""

    name: str
    queues: tuple[str, ...]
    """Numbers of the virtual queues it serves: its origination DNs."""
    staff: tuple[str, ...] = ()
    virtual: SkillTerm | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.staff) == (self.virtual is not None):
            raise ValueError(f"group {self.name!r} needs either staff (regular) or virtual, not both and not none")
        return self


class Acceptance(Spec):
    """Share of invitations that visitors accept, over time: steps, and a slow wave around them."""

    ratio: Ratio = 0.3
    steps: tuple[tuple[NonNegativeFloat, Ratio], ...] = ()
    """(seconds from the start, ratio from then on), in order."""
    wave: Ratio = 0.0
    """Relative amplitude of a sine around the ratio."""
    wave_period: PositiveFloat = 3600.0


class Invitations(Spec):
    """How visitors react to proactive invitations."""

    acceptance: Acceptance = Acceptance()
    answer: Distribution = Exponential(mean=15.0)
    """Seconds until a visitor accepts or declines."""
    ignored: Ratio = 0.0
    """Share of the refusals that are no click at all: they count as refused when the invitation times out."""
    timeout: PositiveFloat = 60.0
    """Seconds after which an unanswered invitation disappears; answers drawn later than that come just before it."""
    visitors_per_hour: PositiveFloat | None = None
    """Visitors who could be invited; None: always somebody there (ample)."""
    spread: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8
    """Ample visitors: invitations are spread over this share of the allowed interval."""


class Call(Spec):
    """One recorded reactive interaction."""

    at: NonNegativeFloat
    """Seconds after midnight."""
    service: NonNegativeFloat | None = None
    """Handle time in seconds; None draws one."""


class Reactive(Spec):
    """Traffic that visitors start themselves, into the same queue."""

    per_hour: tuple[NonNegativeFloat, ...] = (0.0,)
    """Arrivals per hour: one number for the whole day, or one for each equal part of it (48: half hours)."""
    day_cv: NonNegativeFloat = 0.0
    """Coefficient of variation of a day's level (gamma distributed, drawn once): arrivals are overdispersed."""
    calls: tuple[Call, ...] = ()
    """Recorded interactions to replay, in order of time."""


class Queue(Spec):
    """A virtual queue monitored for pacing, with the traffic it gets: one pacing target."""

    name: str
    number: str
    switch: str
    media: str
    goal: float | None = None
    """optimizationGoal in percent; None leaves the option out."""
    handle: Distribution = Lognormal(mean=300.0, cv=0.8)
    wrap_up: Distribution | None = None
    patience: Distribution = Exponential(mean=60.0)
    invitations: Invitations = Invitations()
    reactive: Reactive = Reactive()

    @property
    def target(self) -> str:
        """Name of the pacing target."""
        return f"{self.name} - {self.media}"

    @property
    def number_target(self) -> str:
        """Its name where the configuration knows queues by number only."""
        return f"{self.number} - {self.media}"

    @property
    def object_id(self) -> str:
        """The queue as statistics know it."""
        return f"{self.number}@{self.switch}"


class Centre(Spec):
    """A whole contact centre."""

    switches: tuple[Switch, ...]
    capacity_rules: tuple[CapacityRule, ...] = ()
    staff: tuple[Staff, ...] = ()
    groups: tuple[Group, ...] = ()
    queues: tuple[Queue, ...]
    start: NonNegativeFloat = 0.0
    """Time of day at which the model starts, seconds after midnight."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        _known("capacity rule", {r.name for r in self.capacity_rules} | {""}, [s.capacity_rule for s in self.staff])
        _known("staff", {s.prefix for s in self.staff}, [name for g in self.groups for name in g.staff])
        _known("queue", {q.number for q in self.queues}, [number for g in self.groups for number in g.queues])
        _known("switch", {s.name for s in self.switches}, [q.switch for q in self.queues])
        _unique("staff", [s.prefix for s in self.staff])
        _unique("queue", [q.number for q in self.queues])
        _unique("target", [q.target for q in self.queues])
        _unique("group", [g.name for g in self.groups])
        return self


def _known(kind: str, known: set[str], used: list[str]) -> None:
    unknown = sorted(set(used) - known)
    if unknown:
        raise ValueError(f"unknown {kind} {', '.join(map(repr, unknown))}; known: {', '.join(sorted(known))}")


def _unique(kind: str, names: list[str]) -> None:
    double = sorted(name for name, times in Counter(names).items() if times > 1)
    if double:
        raise ValueError(f"{kind} {', '.join(map(repr, double))} is defined more than once")
