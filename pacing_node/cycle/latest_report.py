"""The newest report a node knows, own or received; every page of the node reads from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.cycle.departed_targets import DepartedTargets

if TYPE_CHECKING:
    from pacing_node.cycle.report import CycleReport


class LatestReport:
    """Holds the newest report and its age. Older reports never replace newer ones."""

    def __init__(self) -> None:
        self._report: CycleReport | None = None
        self._posted_at = 0.0
        self.departed = DepartedTargets()
        """What was learned of targets that are no longer in the reports."""

    @property
    def report(self) -> CycleReport | None:
        """The newest report, or None before the first cycle of the cluster that this node saw."""
        return self._report

    def post(self, report: CycleReport, now: float) -> bool:
        """Show a report; ``now`` is this node's monotonic clock in seconds. False when a newer one is shown already."""
        shown = self._report
        if shown is not None and (report.epoch, report.calculated_at) < (shown.epoch, shown.calculated_at):
            return False
        self.departed.note(shown, report)
        self._report = report
        self._posted_at = now
        return True

    def age_seconds(self, now: float) -> float:
        """Seconds since the newest report came here; infinite before the first."""
        return now - self._posted_at if self._report is not None else float("inf")
