"""What a node knows of the newest cycle, gathered for the rules of silence."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from cluster.clock import boot_seconds
from cluster.mastership import EndCause, Role
from pacing_node.algorithms.model import Reason
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.monitoring.silence import ReportFacts, Surroundings, cycle_state, known_master, why_no_master

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cluster.mastership import EndCause as Cause
    from cluster.mastership import Mastership
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.plan import Plan
    from pacing_node.cycle.report import CycleReport
    from pacing_node.monitoring.silence import CycleState

_TELLS_NOTHING = (Reason.TARGET_DISABLED, Reason.HELD, Reason.STOPPED)
"""Reasons that hide whether a target's statistics are current: those of people come before all others."""


class CycleWatch:
    """Says how current this node's numbers are, from memory."""

    def __init__(
        self,
        mastership: Mastership,
        latest_report: LatestReport,
        plan: Plan,
        *,
        cycle_counters: CycleCounters | None = None,
        missing: Callable[[], Sequence[str]] = tuple,
        paused_by: Callable[[], str | None] = lambda: None,
        newest_end: Callable[[], Cause | None] = lambda: None,
        refused_by_master: Callable[[], str] = lambda: "",
    ) -> None:
        """``missing`` is what the node still waits for; ``newest_end`` why its newest term ended;
        ``refused_by_master`` why the master does not let it follow.
        """
        self._mastership = mastership
        self._latest_report = latest_report
        self._plan = plan
        self._cycle_counters = cycle_counters or CycleCounters()
        self._missing = missing
        self._paused_by = paused_by
        self._newest_end = newest_end
        self._refused_by_master = refused_by_master
        self._started_at = boot_seconds()
        self._seen: CycleReport | None = None
        self._stale_since: float | None = None
        """Since when every report had stale statistics for every target in use, on the clock of leases."""

    def state(self) -> CycleState:
        """How current the newest cycle is, whether pacing is silent, and why."""
        return cycle_state(self._facts(), self._surroundings())

    def why_no_master(self) -> str:
        """Why this node knows of no master, in words; to be asked only where it knows of none."""
        return why_no_master(self._facts(), self._surroundings())[1]

    def _surroundings(self) -> Surroundings:
        status, counters, now = self._mastership.status, self._cycle_counters, time.time()
        lease_over = status.role is not Role.MASTER and self._newest_end() is EndCause.LEASE_EXPIRED
        return Surroundings(
            now=now,
            started_at=now - (boot_seconds() - self._started_at),  # whatever the calendar was set to since
            refresh_seconds=self._plan.settings.refresh_seconds,
            status=status,
            missing=self._missing(),
            paused_by=self._paused_by(),
            failed_cycles=counters.failed_in_a_row,
            failure=counters.newest_failure,
            refused_by_master=self._refused_by_master(),
            lease_over=lease_over,
        )

    def master(self) -> str | None:
        """The master this node can vouch for; None when there is none, or nobody here can know."""
        return known_master(self._mastership.status, self._facts())

    def _facts(self) -> ReportFacts | None:
        report = self._latest_report.report
        if report is None:
            return None
        now = boot_seconds()
        return ReportFacts(
            epoch=report.epoch,
            as_of=report.calculated_at,
            age_seconds=self._latest_report.age_seconds(now),
            interval_seconds=report.interval_seconds,
            accepted_at=report.accepted_at,
            accepted_seconds=self._latest_report.accepted_seconds(now),
            pushed=report.pushed,
            push_status=report.push_status,
            push_error=report.push_error,
            stale_for_seconds=self._stale_seconds(report),
        )

    def _stale_seconds(self, report: CycleReport) -> float | None:
        """How long all reports were stale by now. The alarms look once a second, so that none in between is missed."""
        now = boot_seconds()
        if report is not self._seen:
            # Reports never change, so each is looked into once.
            self._seen = report
            used = report.result.reason[~np.isin(report.result.reason, _TELLS_NOTHING)]
            stale = bool(used.size) and bool((used == Reason.STATISTICS_STALE).all())
            self._stale_since = (self._stale_since or now) if stale else None
        return None if self._stale_since is None else now - self._stale_since
