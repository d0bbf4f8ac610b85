"""What a process holds, sampled over time, and whether it grows. Judging is pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

_QUARTERS = 4
LEAST_SAMPLES = 2 * _QUARTERS
"""Fewer tell nothing."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """Something a process holds, and by how much it may differ between two stretches of a run."""

    name: str
    allowed: float
    """Greatest growth from the second quarter of the samples to the last one."""
    unit: str = ""


FILES = Quantity("open files", 3.0)
THREADS = Quantity("threads", 2.0)
TASKS = Quantity("tasks", 4.0)
MEMORY = Quantity("resident memory", 6.0, "MiB")
OBJECTS = Quantity("objects", 500.0)


@dataclass(frozen=True, slots=True)
class Growth:
    """How one quantity of one process has developed."""

    subject: str
    quantity: Quantity
    begin: float
    """Median of the second quarter of the samples: the first one is for warming up."""
    end: float
    """Median of the last quarter."""
    per_hour: float
    """Slope of the straight line through all samples after the first quarter."""
    samples: int

    @property
    def passed(self) -> bool:
        """Whether it has not grown."""
        return self.end - self.begin <= self.quantity.allowed


def judge(subject: str, quantity: Quantity, samples: list[tuple[float, float]]) -> Growth:
    """How a quantity has developed; ``samples`` are (seconds, value). Raises ValueError for fewer than eight."""
    if len(samples) < LEAST_SAMPLES:
        raise ValueError(
            f"{subject}, {quantity.name}: {len(samples)} samples tell nothing, at least {LEAST_SAMPLES} are needed"
        )
    quarter = len(samples) // _QUARTERS
    later_samples = samples[quarter:]
    begin = median(value for _, value in later_samples[:quarter])
    end = median(value for _, value in samples[-quarter:])
    return Growth(subject, quantity, begin, end, 3600.0 * slope(later_samples), len(samples))


def slope(samples: list[tuple[float, float]]) -> float:
    """Least squares slope of values over seconds; 0 when all samples were taken at one time."""
    count = len(samples)
    middle = sum(at for at, _ in samples) / count
    mean = sum(value for _, value in samples) / count
    spread = sum((at - middle) ** 2 for at, _ in samples)
    return sum((at - middle) * (value - mean) for at, value in samples) / spread if spread else 0.0


def table(growths: list[Growth]) -> str:
    """The judgement for people, one line each."""
    return "\n".join(
        f"{each.subject:<22} {each.quantity.name:<16} {each.begin:9.1f} to {each.end:9.1f} {each.quantity.unit:<4}"
        f" {each.per_hour:+9.2f} an hour  {each.samples:4d} samples  {'ok' if each.passed else 'GROWS'}"
        for each in growths
    )
