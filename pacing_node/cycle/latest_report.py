"""The newest report a node knows, own or received; every page of the node reads from here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cluster.listeners import Listeners
from pacing_node.cycle.departed_targets import DepartedTargets

if TYPE_CHECKING:
    from pacing_node.cycle.report import CycleReport


class LatestReport:
    """Holds the report that came last and its age.

    Reports come in their order: own ones from the cycle, others from the stream of the one master that is followed.
    Epochs do not order them, because a ZooKeeper that lost its data begins with low ones again.
    """

    def __init__(self) -> None:
        self._report: CycleReport | None = None
        self._in_flight: CycleReport | None = None
        self._posted_at = 0.0
        self._accepted_at: float | None = None
        """When the newest push that is known was accepted, on the clock of leases; None while none is known."""
        self.calculated = asyncio.Event()
        """Set when a report of another calculation comes; who waits for it clears it."""
        self.on_cycle: Listeners[[]] = Listeners("cycle")
        """Called when a report of another cycle is shown."""
        self.departed = DepartedTargets()
        """What was learned of targets that are no longer in the reports."""

    @property
    def report(self) -> CycleReport | None:
        """The newest report of a cycle that has ended, or None before the first that this node saw."""
        return self._report

    @property
    def newest(self) -> CycleReport | None:
        """What a new master continues from: the report of a push in flight without an outcome, else ``report``."""
        return self._in_flight or self._report

    def post(self, report: CycleReport, now: float) -> None:
        """Show a report; ``now`` is in seconds on the clock of leases, which goes on while the machine sleeps."""
        previous = self._report
        self.departed.note(previous, report)
        self._note(report)
        self._report, self._in_flight = report, None
        # The same cycle again, with news of something else, makes no number younger.
        again = previous is not None and (previous.epoch, previous.calculated_at) == (
            report.epoch,
            report.calculated_at,
        )
        self._posted_at = min(self._posted_at, now) if again else now
        self._note_accepted(previous, report)
        if not again:
            self.on_cycle.notify()

    def announce(self, report: CycleReport) -> None:
        """A push is about to go out; its report follows when its outcome is known, unless its master is lost."""
        self._note(report)
        self._in_flight = report

    def _note(self, report: CycleReport) -> None:
        newest = self.newest
        if newest is None or (newest.epoch, newest.calculated_at) != (report.epoch, report.calculated_at):
            self.calculated.set()

    def _note_accepted(self, previous: CycleReport | None, report: CycleReport) -> None:
        """Calendars of masters differ and are set: they count only for a push that was accepted unseen."""
        if report.accepted_at <= 0.0:
            self._accepted_at = None
        elif report.pushed:
            self._accepted_at = self._posted_at
        elif previous is None or report.accepted_at > previous.accepted_at:
            self._accepted_at = self._posted_at - max(report.calculated_at - report.accepted_at, 0.0)

    def accepted_seconds(self, now: float) -> float | None:
        """Seconds since the newest push that the platform accepted; None while none is known."""
        return now - self._accepted_at if self._accepted_at is not None else None

    def age_seconds(self, now: float) -> float:
        """Seconds since the newest report came here; infinite before the first."""
        return now - self._posted_at if self._report is not None else float("inf")
