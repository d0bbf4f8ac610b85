"""From the master's cycles to its standbys: each report as the cluster's record, and what a standby reads of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from cluster.clock import boot_seconds
from cluster.records import Record, RecordInfo
from pacing_node.cycle.report import SCHEMA, CycleReport, decode, with_alarms

if TYPE_CHECKING:
    from cluster.member import ClusterMember
    from pacing_node.alarms.service import AlarmService
    from pacing_node.cycle.latest_report import LatestReport

log = structlog.get_logger(__name__)


class SharedReports:
    """Shares the reports of this node while it is master, and shows those of the master while it is not."""

    def __init__(self, member: ClusterMember, latest_report: LatestReport, alarms: AlarmService) -> None:
        self._member = member
        self._latest_report = latest_report
        self._alarms = alarms
        self._shared: tuple[CycleReport, bytes] | None = None
        """The newest report of this master and its record."""
        member.on_record.add(self._receive)

    def share(self, report: CycleReport, body: bytes) -> None:
        """Publish a report of this master's own and its record, with the cluster's alarms as they are by now."""
        self._note_accepted(report)
        self._shared = report, body
        self._publish(report, body)

    def share_again(self) -> None:
        """Tell the standbys of alarms between two cycles, with the newest cycle of this term."""
        if self._shared is not None and self._member.mastership.term is not None:
            self._publish(*self._shared)

    def _publish(self, report: CycleReport, body: bytes) -> None:
        term = self._member.mastership.term
        if term is not None and term.epoch != report.epoch:
            return  # the stream of a term has no record of another
        alarms = self._alarms.shared()
        if alarms != report.alarms:
            body = with_alarms(body, alarms)
        self._member.publish(Record(RecordInfo(report.epoch, 0, report.calculated_at), SCHEMA, body))

    def names(self) -> tuple[str, ...]:
        """Targets the newest record of the cluster is about; none before the first."""
        report = self._latest_report.report
        return report.targets if report is not None else ()

    def expected(self) -> bool:
        """Whether another node is master, whose record says what the cluster paces."""
        master = self._member.mastership.status.master
        return master is not None and master != self._member.info.name

    def _receive(self, record: Record) -> None:
        """Show what the master shared; a record of another version is left alone."""
        self._shared = None
        if record.schema != SCHEMA:
            return
        try:
            report = decode(record.body)
        except ValueError as error:
            log.warning("record.refused", error=str(error), epoch=record.info.epoch)
            return
        if report.in_flight:
            self._latest_report.announce(report)
        else:
            self._latest_report.post(report, boot_seconds())
            self._note_accepted(report)
        self._alarms.inherit(report.alarms)

    def _note_accepted(self, report: CycleReport) -> None:
        """History counts gaps from what the platform accepted."""
        if report.pushed:
            self._member.report_accepted(report.epoch, report.accepted_at)
