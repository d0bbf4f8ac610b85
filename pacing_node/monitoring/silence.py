"""Whether pacing is silent, since when and why: what every page, command, metric and alarm says of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cluster.mastership import Role, ZooKeeperState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.mastership import LeadershipStatus

SILENT_AFTER_PERIODS = 3.0
"""Refresh periods without an accepted push after which pacing is silent."""
_FRESH_PERIODS = 3.0
"""Refresh periods for which a report vouches for the master that sent it."""


class SilenceReason(StrEnum):
    """Why nothing is pushed."""

    STARTING = "starting"
    """This node has just started and still waits for something. Look at: `missing` on `/readiness`."""
    NO_MASTER = "no_master"
    """No node is master. Look at: `state` and `zookeeper` in `pacing list`; is a majority of the ensemble there?"""
    LEASE_OVER = "lease_over"
    """The master could not prove its lease and pushes nothing until it can. Look at: ZooKeeper and the way to it."""
    PAUSED = "paused"
    """The cluster is paused and has no master: nobody takes over. Look at: `pacing resume`; the text beside it says why
    the last term ended, where that is known."""
    REFUSED = "refused"
    """The platform refused the newest push as older than one it had accepted, and so the term ended; the next one
    begins after a pause that grows up to 30 s. Look at: the text beside it, `cluster_id` in `pacing list`, whether
    somebody else pushes to the same platform."""
    CYCLE_FAILED = "cycle_failed"
    """The cycle of the master ends in an error. Look at: `cycle.failed` in its log."""
    NO_REPORT = "no_report"
    """There is a master, and nothing arrives from it; it may be pushing all the same. Look at: the text beside it, the
    way between the members' clustering ports, whether both have the same secret or authority."""
    WITHHELD = "withheld"
    """The master sends nothing: no targets, too little lease left, or the platform asked to wait. Look at: the text
    beside it."""
    PLATFORM = "platform_unreachable"
    """Pushes fail. Look at: the text beside it, `pacing doctor`, the way to the platform."""
    STATISTICS_STALE = "statistics_stale"
    """No target has current statistics. Look at: `pacing_statistics_server_up`, the statistics servers."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """What counts of the newest report a node knows. Times in seconds, moments in Unix seconds."""

    epoch: int
    as_of: float
    """When its cycle calculated, by the clock of the master that sent it."""
    age_seconds: float
    """Since it came here, by this node's clock."""
    interval_seconds: float
    accepted_at: float
    """The newest accepted push its sender knew of, by the clock of the one that pushed; 0 when it knew of none."""
    accepted_seconds: float | None
    """Since that push, by this node's clock; None when its sender knew of none."""
    pushed: bool
    push_status: str
    push_error: str
    stale_for_seconds: float | None
    """How long reports have had stale statistics for every target in use; None when the newest has current ones.

    The time of the statistics does not tell: a server that only speaks of itself keeps it young.
    """


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything else a node knows that explains silence."""

    now: float
    """Unix time in seconds."""
    started_at: float
    """When this node started, Unix time in seconds."""
    refresh_seconds: float
    status: LeadershipStatus
    missing: Sequence[str] = ()
    """What the node still waits for."""
    paused_by: str | None = None
    failed_cycles: int = 0
    """Cycles of this node that failed in a row."""
    failure: str = ""
    """How the newest of them failed."""
    refused_by_master: str = ""
    """Why the master does not let this node follow it; empty when it does."""
    lease_over: bool = False
    """The newest term of this node ended because its lease could not be proved."""


@dataclass(frozen=True, slots=True)
class CycleState:
    """How current the numbers of the newest cycle are. Moments in Unix seconds."""

    as_of: float | None = None
    """When the newest cycle calculated; None before the first this node knows."""
    age_seconds: float | None = None
    accepted_at: float | None = None
    """When the platform accepted the newest push this node knows of."""
    silent_since: float | None = None
    """None unless nothing has been pushed on current statistics for three refresh periods."""
    reason: SilenceReason | None = None
    text: str = ""
    """The reason in words; empty while not silent."""

    @property
    def silent(self) -> bool:
        """Whether pacing is silent."""
        return self.silent_since is not None


def known_master(status: LeadershipStatus, report: ReportFacts | None) -> str | None:
    """The master this node can vouch for; None when there is none or nobody here can know.

    While ZooKeeper is away its newest answer is worth nothing: only a report that has just arrived shows that the
    master lives (failsafe).
    """
    if status.role is Role.MASTER:
        return status.master if status.lease_left_seconds > 0.0 else None
    if status.zookeeper in {ZooKeeperState.CONNECTED, ZooKeeperState.STANDALONE}:
        return status.master
    fresh = report is not None and report.age_seconds <= _FRESH_PERIODS * report.interval_seconds
    return status.master if fresh else None


def cycle_state(report: ReportFacts | None, around: Surroundings) -> CycleState:
    """How current the newest report is, and why nothing newer was accepted."""
    if report is None:
        quiet = around.now - around.started_at
        since = around.started_at if quiet > SILENT_AFTER_PERIODS * around.refresh_seconds else None
        return _explained(CycleState(silent_since=since), None, around)
    limit = SILENT_AFTER_PERIODS * report.interval_seconds
    # By this node's clock alone: those of masters differ, and one that is set back would hide hours of silence.
    known = report.accepted_seconds
    quiet = known if known is not None else max(report.age_seconds, around.now - around.started_at)
    longest = max(quiet, _stale_seconds(report, around))
    state = CycleState(
        as_of=report.as_of,
        age_seconds=report.age_seconds,
        accepted_at=report.accepted_at if known is not None else None,
        silent_since=around.now - longest if longest > limit else None,
    )
    return _explained(state, report, around)


def _stale_seconds(report: ReportFacts, around: Surroundings) -> float:
    """How long no target in use has had current statistics, as far as this node was there; 0 when one has."""
    if report.stale_for_seconds is None:
        return 0.0
    # They were old for the limit when a cycle first called them stale.
    stale = report.stale_for_seconds + SILENT_AFTER_PERIODS * report.interval_seconds
    return min(stale, around.now - around.started_at)


def _explained(state: CycleState, report: ReportFacts | None, around: Surroundings) -> CycleState:
    if not state.silent:
        return state
    reason, text = _why(report, around)
    return CycleState(state.as_of, state.age_seconds, state.accepted_at, state.silent_since, reason, text)


def _why(report: ReportFacts | None, around: Surroundings) -> tuple[SilenceReason, str]:
    if around.missing:
        return SilenceReason.STARTING, f"this node waits for {', '.join(around.missing)}"
    if around.failed_cycles:
        text = f"{around.failed_cycles} cycles in a row failed on this node, the newest with {around.failure}"
        return SilenceReason.CYCLE_FAILED, text
    if known_master(around.status, report) is None:
        return why_no_master(report, around)
    limit = SILENT_AFTER_PERIODS * (report.interval_seconds if report else around.refresh_seconds)
    if report is None or report.age_seconds > limit:
        text = f"no report of a cycle arrives from the master {around.status.master}"
        refused = f", which refuses this node: {around.refused_by_master}" if around.refused_by_master else ""
        return SilenceReason.NO_REPORT, f"{text}{refused}"
    return _why_not_accepted(report)


def _why_not_accepted(report: ReportFacts) -> tuple[SilenceReason, str]:
    if report.push_status == "withheld":
        return SilenceReason.WITHHELD, f"the push is withheld: {report.push_error}"
    if not report.pushed:
        return SilenceReason.PLATFORM, f"the platform did not accept a push: {report.push_error}"
    return SilenceReason.STATISTICS_STALE, "the statistics of every target in use are stale, so all are allowed nothing"


def why_no_master(report: ReportFacts | None, around: Surroundings) -> tuple[SilenceReason, str]:
    """Why this node knows of no master, and in words; asked only where it knows of none."""
    status = around.status
    away = status.zookeeper not in {ZooKeeperState.CONNECTED, ZooKeeperState.STANDALONE}
    zookeeper = f"; ZooKeeper cannot be reached from this node ({status.zookeeper.value})" if away else ""
    refused = report is not None and report.push_status == "fenced"
    ended = f"the platform refused the newest push: {report.push_error}" if report is not None and refused else ""
    if around.paused_by is not None:
        text = f"there is no master, and the cluster is paused by {around.paused_by}: nobody takes over{zookeeper}"
        return SilenceReason.PAUSED, f"{text}; {ended}" if ended else text
    if status.damage:
        return SilenceReason.NO_MASTER, f"nobody can become master: {status.damage}{zookeeper}"
    if around.lease_over or status.role is Role.MASTER:
        return SilenceReason.LEASE_OVER, f"the lease of this node is over{zookeeper}"
    if ended:
        return SilenceReason.REFUSED, f"{ended}; no master is known since{zookeeper}"
    last = f"; the last one known is {status.master}" if status.master else ""
    return SilenceReason.NO_MASTER, f"no master is known{zookeeper}{last}"
