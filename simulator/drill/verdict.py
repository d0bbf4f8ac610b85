"""What came of a drill: its measures, and whether they are within its bounds. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.harness.hand_over_trace import Step

PASS, FAIL = "pass", "fail"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a drill demands beyond the order of pushes, which all demand."""

    bound_seconds: float
    least_changes: int = 0
    """Changes of master that must be seen at least."""
    most_changes: int = 0
    missed_allowed: bool = True
    """Whether refresh periods may pass without an accepted push while the gap lasts."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured during a drill."""

    gap_seconds: float
    missed_periods: int
    accepted_out_of_order: int | None
    """None where the receiver's record cannot be read."""
    master_changes: int
    complaints: tuple[str, ...] = ()
    """What else went wrong, one sentence each."""
    trace: tuple[Step, ...] = ()
    """Where the time of the newest hand-over went; empty where there was none, or the logs are not at hand."""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """One drill, judged."""

    drill: str
    expectation: Expectation
    measured: Measured
    shortcomings: tuple[str, ...] = field(default=())

    @classmethod
    def judge(cls, drill: str, expectation: Expectation, measured: Measured) -> DrillResult:
        """Compare what was measured with what is demanded."""
        return cls(drill, expectation, measured, tuple(_shortcomings(expectation, measured)))

    @property
    def passed(self) -> bool:
        """Whether everything held."""
        return not self.shortcomings

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "drill": self.drill,
            "verdict": PASS if self.passed else FAIL,
            "gap_seconds": round(self.measured.gap_seconds, 3),
            "bound_seconds": self.expectation.bound_seconds,
            "missed_periods": self.measured.missed_periods,
            "accepted_out_of_order": self.measured.accepted_out_of_order,
            "master_changes": self.measured.master_changes,
            "trace": [step.as_dict() for step in self.measured.trace],
        }


def _shortcomings(expectation: Expectation, measured: Measured) -> list[str]:
    found = list(measured.complaints)
    if measured.gap_seconds > expectation.bound_seconds:
        found.append(f"the gap of {measured.gap_seconds:.3f} s is above {expectation.bound_seconds:g} s")
    if measured.missed_periods and not expectation.missed_allowed:
        found.append(f"{measured.missed_periods} refresh periods were missed")
    if measured.accepted_out_of_order:
        found.append(f"{measured.accepted_out_of_order} pushes were accepted out of order")
    if not expectation.least_changes <= measured.master_changes <= expectation.most_changes:
        least, most = expectation.least_changes, expectation.most_changes
        wanted = f"{least}" if least == most else f"{least} to {most}"
        found.append(f"the master changed {measured.master_changes} times instead of {wanted}")
    return found
