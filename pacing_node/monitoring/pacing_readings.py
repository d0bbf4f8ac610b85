"""What the master reads from its own cycles for the alarms of the cluster."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from pacing_node.alarms.alarm_book import Reading
from pacing_node.algorithms.model import Reason
from pacing_node.engagement.platform import PushStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pacing_node.cycle.cycle_counters import CycleCounters
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.report import CycleReport

PLATFORM = "engagement platform"
STATISTICS = "statistics"
MOST_TARGETS = 200
"""Most targets of which each condition is followed: when all of 10,000 are bad, a few hundred say so too."""
_FAILED = (PushStatus.FAILED.value, PushStatus.DEADLINE.value)
_FAULTS = (*_FAILED, PushStatus.INVALID_REPLY.value)


class PacingReadings:
    """Counts pushes and reports of one term; what previous terms saw is in the alarms they left behind."""

    def __init__(self, latest_report: LatestReport, cycle_counters: CycleCounters) -> None:
        self._latest_report = latest_report
        self._cycle_counters = cycle_counters
        self._epoch: int | None = None
        self._seen: Counter[str] = Counter()
        self._failed = self._invalid = 0
        self._why = ""
        """How the newest push that failed did; one that is withheld meanwhile says nothing of it."""
        self._known = False
        self._report_at = 0.0
        self._errors: dict[str, tuple[int, str]] = {}
        self._errors_known = False
        self._infeasible_since: dict[str, float] = {}
        self._withheld_since: float | None = None

    def rest(self) -> None:
        """Another node is master, or none."""
        self._epoch = None

    def take(self, epoch: int, now: float) -> Mapping[str, Mapping[str, Reading]]:
        """The readings of the term ``epoch`` at ``now`` (seconds); what no cycle has shown yet is left out."""
        if epoch != self._epoch:
            self._begin(epoch)
        report = self._latest_report.report
        mine = report if report is not None and report.epoch == epoch else None
        self._count_pushes()
        readings: dict[str, dict[str, Reading]] = {}
        if self._known:
            if mine is not None and mine.push_status in _FAULTS:
                self._why = mine.push_error
            why = self._why
            readings["PacingRequestsFailed"] = {PLATFORM: Reading(float(self._failed), why)}
            readings["PacingResponseValidationError"] = {PLATFORM: Reading(float(self._invalid), why)}
        if (push_time := self._cycle_counters.push_time) is not None and push_time.used_percent is not None:
            readings["PushNearLimit"] = {PLATFORM: Reading(push_time.used_percent, str(push_time))}
        if mine is not None:
            self._count_errors(mine)
            readings["PushesWithheld"] = {PLATFORM: self._withheld(mine, now)}
            readings["StatisticsStale"] = {STATISTICS: _stale(mine)}
            readings["GoalInfeasible"] = self._infeasible(mine, now)
        if self._errors_known:
            readings["PacingResponseTargetError"] = {
                name: Reading(float(count), text) for name, (count, text) in self._errors.items()
            }
        return readings

    def _begin(self, epoch: int) -> None:
        self._epoch = epoch
        self._seen = Counter(self._cycle_counters.pushes) if self._cycle_counters.cycles else Counter()
        self._failed = self._invalid = 0
        self._why = ""
        self._known = self._errors_known = False
        self._errors = {}
        self._infeasible_since = {}
        self._withheld_since = None

    def _count_pushes(self) -> None:
        """Bring the runs of failures up to date with the pushes since the last look."""
        new = Counter(self._cycle_counters.pushes)
        new.subtract(self._seen)
        self._seen = Counter(self._cycle_counters.pushes)
        failed = sum(new[status] for status in _FAILED)
        invalid, accepted = new[PushStatus.INVALID_REPLY.value], new[PushStatus.ACCEPTED.value]
        if accepted or invalid:
            self._failed = 0
        if accepted:
            self._invalid = 0
        else:
            self._failed += failed
            self._invalid += invalid
        self._known = self._known or bool(failed or invalid or accepted)

    def _count_errors(self, report: CycleReport) -> None:
        """Bring the runs of refusals per target up to date; a push that was not accepted says nothing of targets."""
        if report.calculated_at == self._report_at or not report.pushed:
            return
        self._report_at = report.calculated_at
        self._errors_known = True
        errors = dict(zip(report.targets, report.target_errors, strict=True)) if report.target_errors else {}
        refused = {name: text for name, text in errors.items() if text}
        self._errors = {
            name: (self._errors.get(name, (0, ""))[0] + 1, refused[name][:300])
            for name in _bounded(self._errors, refused)
        }

    def _withheld(self, report: CycleReport, now: float) -> Reading:
        """A push that is withheld neither fails nor is answered, but nothing reaches the platform."""
        if report.push_status != PushStatus.WITHHELD.value:
            self._withheld_since = None
            return Reading(0.0)
        self._withheld_since = now if self._withheld_since is None else self._withheld_since
        return Reading(max(now - self._withheld_since, 1e-3), report.push_error)

    def _infeasible(self, report: CycleReport, now: float) -> dict[str, Reading]:
        rows = (report.result.reason == Reason.GOAL_INFEASIBLE).nonzero()[0].tolist()
        found = dict.fromkeys(report.targets[row] for row in rows)
        names = _bounded(self._infeasible_since, found)
        self._infeasible_since = {name: self._infeasible_since.get(name, now) for name in names}
        return {name: Reading(max(now - since, 1e-3)) for name, since in self._infeasible_since.items()}


def _bounded(known: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """At most ``MOST_TARGETS`` of the names found, those already known first."""
    stay = [name for name in known if name in found]
    come = (name for name in found if name not in known)
    return [*stay, *islice(come, MOST_TARGETS - len(stay))]


def _stale(report: CycleReport) -> Reading:
    """Share of the targets without current statistics; those switched off do not count.

    Of a target that an operator holds or stops the reason says nothing of its statistics.
    """
    in_use = report.result.reason != Reason.TARGET_DISABLED
    stale, used = int((in_use & ~report.snapshot.valid).sum()), int(in_use.sum())
    return Reading(100.0 * stale / used if used else 0.0, f"{stale} of {used} targets")
