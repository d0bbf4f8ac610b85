"""What the statistics of a standby count since the newest calculation of the master.

A statistics source counts from one reading to the next, and a law learns from what was counted since the calculation
before. A standby reads when a record of another calculation comes, a moment after the master did; what it counts from
there on is what its first calculation as the next master has to go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.cycle.pacing_state import joined

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Snapshot
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.targets import TargetSet


class SinceRecord:
    """Adds up the readings of a standby, from one calculation of the master to the next."""

    def __init__(self, latest_report: LatestReport) -> None:
        self._latest_report = latest_report
        self._basis: tuple[object, ...] = ()
        self._counted: Snapshot | None = None

    def read(self, snapshot: Snapshot, targets: TargetSet | None) -> None:
        """Take in a reading. The first one after a record, or for other targets, counts from before it: left out."""
        newest = self._latest_report.newest
        basis = (newest and (newest.epoch, newest.calculated_at), targets and targets.version)
        self._counted = joined(self._counted, snapshot) if basis == self._basis else None
        self._basis = basis

    def take(self, targets: TargetSet) -> Snapshot | None:
        """The newest reading with all that was counted since the record, for a calculation of these targets."""
        counted, self._counted = self._counted, None
        fits = counted is not None and len(counted) == len(targets.targets) and self._basis[1] == targets.version
        self._basis = ()
        return counted if fits else None
