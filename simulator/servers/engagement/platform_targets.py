"""The targets as an engagement platform knows them, whatever the shape of the call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.servers.faults.fault_board import PendingJump, TargetErrors

if TYPE_CHECKING:
    from simulator.model import Target
    from simulator.servers.faults.fault_board import FaultBoard
    from simulator.servers.live_centre import LiveCentre

MOST_INVITATIONS = 1_000_000
"""Most invitations the platform lets a target have in one period."""
LONGEST_INTERVAL_SECONDS = 86_400.0


class TargetError(Exception):
    """One target of a push cannot be taken; the others can."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What the platform says of a target; None: too few dispositions so far. Times in seconds of the clock."""

    pending: int
    acceptance_ratio: float | None
    positive_seconds: float | None
    negative_seconds: float | None


class PlatformTargets:
    """Takes allowances and reports what became of invitations."""

    def __init__(self, live: LiveCentre, board: FaultBoard) -> None:
        self._live = live
        self._board = board

    def advance(self) -> None:
        """Bring the model up to this moment."""
        self._live.advance()

    def knows(self, name: object) -> bool:
        """Whether there is a target of that name."""
        return isinstance(name, str) and self._live.centre.target(name) is not None

    def allow(self, name: object, count: object, interval: object, portion: float | None) -> TargetReport:
        """Allow a target so many invitations, and report. Raises TargetError for a target or number that cannot be."""
        target = self._live.centre.target(name) if isinstance(name, str) else None
        if target is None:
            raise TargetError(404, "not.found", f"no action target {str(name)[:100]}")
        self._refuse_if_asked(target)
        invitations = int(_within("invitations", count, MOST_INVITATIONS))
        seconds = _within("interval", interval, LONGEST_INTERVAL_SECONDS)
        self._live.centre.allow(target, invitations, seconds * self._live.speed, portion)
        return self._report(target)

    def _refuse_if_asked(self, target: Target) -> None:
        for fault in self._board.active(TargetErrors):
            if not fault.targets or target.spec.target in fault.targets:
                raise TargetError(400, fault.code, "simulated error of a single target")

    def _report(self, target: Target) -> TargetReport:
        report = self._live.centre.report(target)
        jumps = (f.add for f in self._board.active(PendingJump) if not f.targets or target.spec.target in f.targets)
        ratio = report.acceptance_ratio
        return TargetReport(
            pending=max(0, report.pending + sum(jumps)),
            acceptance_ratio=None if ratio is None else round(ratio, 4),
            positive_seconds=self._clock_seconds(report.accept_seconds),
            negative_seconds=self._clock_seconds(report.refuse_seconds),
        )

    def _clock_seconds(self, model_seconds: float | None) -> float | None:
        return None if model_seconds is None else round(model_seconds / self._live.speed, 3)


def inbound_portion(value: Any) -> float:
    """An inbound portion as a push gives it, cut to 0..1. Raises TargetError when it is no number."""
    try:
        return min(1.0, max(0.0, float(value)))
    except (TypeError, ValueError) as error:
        raise TargetError(400, "bad.request", "the inbound portion must be a number within 0..1") from error


def _within(what: str, value: object, largest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TargetError(400, "bad.request", f"{what}: must be a number")
    if not 0 <= value <= largest:
        raise TargetError(400, "bad.request", f"{what}: must lie within 0..{largest:g}")
    return value
