"""Distributions of times, written in scenario files by their kind and drawn with a seeded generator."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, field_validator

if TYPE_CHECKING:
    from numpy.random import Generator


class Spec(BaseModel):
    """Base of everything a scenario file may hold: unchangeable, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fixed(Spec):
    """Always the same time."""

    kind: Literal["fixed"] = "fixed"
    seconds: NonNegativeFloat

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return self.seconds

    def draw(self, rng: Generator) -> float:  # noqa: ARG002 - one signature for every kind
        """One time in seconds."""
        return self.seconds


class Exponential(Spec):
    """Memoryless with a mean in seconds."""

    kind: Literal["exponential"] = "exponential"
    mean: PositiveFloat

    def draw(self, rng: Generator) -> float:
        """One time in seconds."""
        return self.mean * rng.standard_exponential()


class Lognormal(Spec):
    """Lognormal by mean and coefficient of variation: σ² = ln(1 + cv²), µ = ln(mean) − σ²/2."""

    kind: Literal["lognormal"] = "lognormal"
    mean: PositiveFloat
    cv: PositiveFloat

    def draw(self, rng: Generator) -> float:
        """One time in seconds."""
        sigma = math.sqrt(math.log1p(self.cv * self.cv))
        return math.exp(math.log(self.mean) - sigma * sigma / 2.0 + sigma * rng.standard_normal())


class LognormalLog(Spec):
    """Lognormal by the mean µ and the standard deviation σ of the logarithm, as fits report it."""

    kind: Literal["lognormal-log"] = "lognormal-log"
    mu: float
    sigma: PositiveFloat

    @property
    def mean(self) -> float:
        """Mean in seconds: exp(µ + σ²/2)."""
        return math.exp(self.mu + self.sigma * self.sigma / 2.0)

    def draw(self, rng: Generator) -> float:
        """One time in seconds."""
        return math.exp(self.mu + self.sigma * rng.standard_normal())


class Empirical(Spec):
    """Times drawn from observed ones, each as likely as the others."""

    kind: Literal["empirical"] = "empirical"
    seconds: tuple[NonNegativeFloat, ...] = Field(min_length=1)

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return sum(self.seconds) / len(self.seconds)

    def draw(self, rng: Generator) -> float:
        """One time in seconds."""
        return self.seconds[int(rng.integers(len(self.seconds)))]


class Survival(Spec):
    """A survival curve by points (t, S): the hazard is constant between them, and after the last as before it."""

    kind: Literal["survival"] = "survival"
    points: tuple[tuple[PositiveFloat, PositiveFloat], ...] = Field(min_length=1)

    @field_validator("points")
    @classmethod
    def _falls(cls, points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        path = ((0.0, 1.0), *points)
        if any(b[0] <= a[0] or b[1] >= a[1] for a, b in pairwise(path)):
            raise ValueError("times must rise and survival must fall from 1 at 0 s")
        return points

    @property
    def mean(self) -> float:
        """Mean in seconds: the area under the curve, summed over its exponential pieces."""
        path = ((0.0, 1.0), *self.points)
        area = sum((t1 - t0) * (s0 - s1) / math.log(s0 / s1) for (t0, s0), (t1, s1) in pairwise(path))
        (t0, s0), (t1, s1) = path[-2:]
        return area + s1 * (t1 - t0) / math.log(s0 / s1)

    def draw(self, rng: Generator) -> float:
        """One time in seconds, by inversion of the cumulative hazard."""
        wanted = rng.standard_exponential()
        path = ((0.0, 1.0), *self.points)
        hazards = [-math.log(s) for _, s in path]
        after = min(max(bisect_left(hazards, wanted), 1), len(path) - 1)
        (t0, _), (t1, _) = path[after - 1], path[after]
        return t0 + (t1 - t0) * (wanted - hazards[after - 1]) / (hazards[after] - hazards[after - 1])


Distribution = Annotated[
    Fixed | Exponential | Lognormal | LognormalLog | Empirical | Survival,
    Field(discriminator="kind"),
]
"""Any distribution of times; scenario files name it by ``kind``."""
