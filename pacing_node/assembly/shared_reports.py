"""From the master's cycles to its standbys: each report as the cluster's record, and what a standby reads of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from cluster.clock import boot_seconds
from cluster.records import Record, RecordInfo
from pacing_node.cycle.report import SCHEMA, CycleReport, decode, encode

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
        member.on_record.add(self._receive)

    def share(self, report: CycleReport) -> None:
        """Publish a report of this master's own, with the cluster's alarms."""
        self._note_accepted(report)
        report = replace(report, alarms=self._alarms.shared())
        info = RecordInfo(report.epoch, 0, report.calculated_at)
        self._member.publish(Record(info, SCHEMA, encode(report)))

    def share_again(self) -> None:
        """Tell the standbys of alarms between two cycles, with the newest cycle of this term."""
        report, term = self._latest_report.newest, self._member.mastership.term
        if report is not None and term is not None and report.epoch == term.epoch:
            self.share(report)

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
