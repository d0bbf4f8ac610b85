"""The report of a push and its record for the standbys: made beside the event loop where they are long.

What has been made is shown and shared on the loop, in one piece, and only after a look at the term: one that ended
meanwhile publishes nothing more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cluster.clock import boot_seconds
from pacing_node.cycle.calculating import worked_out
from pacing_node.cycle.report import CycleReport, TermCounts, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from cluster.mastership import Term
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.pacing_state import CycleResult, PacingState
    from pacing_node.engagement.platform import PushOutcome

    Share: TypeAlias = Callable[[CycleReport, bytes], None]
    """Hands a report and its record, as ``encode`` gives it, to the standbys."""


class Recorder:
    """Makes reports and their records, shows the reports on this node and shares the records."""

    def __init__(self, latest_report: LatestReport, share: Share, alarms: Callable[[], bytes] = bytes) -> None:
        """``alarms`` returns the cluster's active alarms, which go with every record."""
        self._latest_report = latest_report
        self._share = share
        self._alarms = alarms

    async def announce(self, term: Term, targets: int, make: Callable[[], CycleReport]) -> None:
        """Tell the standbys what a push allows before it goes out: this node can be lost before its end is known.

        ``make`` is called in any thread, and the state it reads is left alone meanwhile. The caller looks again whether
        the term lasts: if not, nothing was announced.
        """
        report, body = await worked_out(targets, _recorded, make, self._alarms())
        if not term.ended.is_set():
            self._latest_report.announce(report)
            self._share(report, body)

    async def post(self, term: Term, targets: int, make: Callable[[], CycleReport], *, share: bool) -> None:
        """Show a report on this node, and ``share`` it with the standbys; ``make`` as for :meth:`announce`.

        The outcome by which a term ended is shared too. Where the term ended while the report was made nothing is
        shared, and nothing is shown once the report of another master has come.
        """
        newest, over = self._latest_report.newest, term.ended.is_set()
        report, body = await worked_out(targets, _recorded, make, self._alarms())
        if term.ended.is_set() and self._latest_report.newest is not newest:
            return
        self._latest_report.post(report, boot_seconds())
        if share and term.ended.is_set() is over:
            self._share(report, body)


def _recorded(make: Callable[[], CycleReport], alarms: bytes) -> tuple[CycleReport, bytes]:
    report = replace(make(), alarms=alarms)
    return report, encode(report)


def build_report(
    epoch: int,
    state: PacingState,
    cycle: CycleResult,
    outcome: PushOutcome,
    *,
    in_flight: bool = False,
    accepted_at: float = 0.0,
) -> CycleReport:
    """Gather what a cycle saw, what it decided, and how its push ended; ``accepted_at`` as in the report."""
    return CycleReport(
        epoch=epoch,
        sequence=outcome.sequence,
        calculated_at=cycle.at,
        interval_seconds=state.policy.refresh_seconds,
        algorithm=state.policy.algorithm.value,
        targets=state.targets.names,
        snapshot=cycle.snapshot,
        feedback=cycle.feedback,
        result=cycle.result,
        pushed=outcome.accepted,
        push_status=outcome.status.value,
        push_error=outcome.message,
        target_errors=outcome.target_errors,
        learned_state=state.save(cycle.at),
        first_look=state.first_look(),
        in_flight=in_flight,
        accepted_at=accepted_at,
        term_counts=None if in_flight else TermCounts(state.term_accepted, state.term_abandoned),
    )
