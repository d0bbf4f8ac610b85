"""What the scenarios say of each row at a time of the day: days of several kinds are simulated in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.benchmark.times import Draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import FloatArray
    from simulator.benchmark.kind_of_day import Profile, Scenario


class Steps:
    """A value per row that changes in steps over the day."""

    def __init__(self, profiles: Sequence[Profile], each: int) -> None:
        """``each``: rows of one profile, one after the other."""
        self._profiles, self._each = profiles, each
        self._changes = sorted({start for profile in profiles for start, _ in profile})
        self._until = -np.inf
        self._values: FloatArray = np.zeros(0)

    def at(self, seconds: float) -> FloatArray:
        """The values at a time of the day that is never before an earlier one."""
        if seconds >= self._until:
            values = [value_at(profile, seconds) for profile in self._profiles]
            self._values = np.repeat(np.array(values, dtype=np.float64), self._each)
            self._until = next((change for change in self._changes if change > seconds), np.inf)
        return self._values

    @property
    def most(self) -> float:
        """The largest value of any row and time."""
        return max(value for profile in self._profiles for _, value in profile)


class RowSettings:
    """Profiles and distributions of all rows; each scenario has the same number of rows, one after the other."""

    def __init__(self, scenarios: Sequence[Scenario], rows: int) -> None:
        each = rows // len(scenarios)
        of_row = [scenario for scenario in scenarios for _ in range(each)]
        self.acceptance = Steps([s.acceptance for s in scenarios], each)
        self.staff = Steps([s.staff for s in scenarios], each)
        self.reactive = Steps([s.reactive for s in scenarios], each)
        self.visitors = Steps([s.visitors for s in scenarios], each)
        """Visitors that qualify for an invitation, per second and slot; infinite = ample."""
        self.handle = Draws([s.handle for s in of_row])
        self.patience = Draws([s.patience for s in of_row])
        self.accept = Draws([s.accept for s in of_row])
        self.refuse = Draws([s.refuse for s in of_row])
        self.handle_mean = np.array([s.handle_mean for s in of_row])
        self.capacity = np.array([s.capacity for s in of_row], dtype=np.int64)
        self.gated = np.array([s.reactive_gated for s in of_row])
        self.spread = np.array([s.acceptance_spread for s in of_row])


def value_at(profile: Profile, seconds: float) -> float:
    """The profile's value at a time of the day."""
    result = profile[0][1]
    for start, value in profile:
        if seconds >= start:
            result = value
    return result
