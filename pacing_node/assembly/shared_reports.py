"""From the master's cycles to its standbys: each report as the cluster's record, and what a standby reads of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster.clock import boot_seconds
from cluster.records import Record, RecordInfo
from cluster.tasks import spawn
from pacing_node.cycle.report import SCHEMA, CycleReport, decode, with_alarms
from pacing_node.runtime.pools import CALCULATIONS

if TYPE_CHECKING:
    from cluster.member import ClusterMember
    from pacing_node.alarms.service import AlarmService
    from pacing_node.cycle.latest_report import LatestReport

log = structlog.get_logger(__name__)

MOST_READ_AT_ONCE = 4 * 1024 * 1024
"""Bytes of a record that is read on the event loop, which takes some milliseconds; a longer one in a thread."""


class SharedReports:
    """Shares the reports of this node while it is master, and shows those of the master while it is not."""

    def __init__(self, member: ClusterMember, latest_report: LatestReport, alarms: AlarmService) -> None:
        self._member = member
        self._latest_report = latest_report
        self._alarms = alarms
        self._shared: tuple[CycleReport, bytes] | None = None
        """The newest report of this master and its record."""
        self._waiting: Record | None = None
        """The newest record that is not read yet."""
        self._reading: asyncio.Task[None] | None = None
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
        """Show what the master shared; a record of another version is left alone.

        While one is read in a thread the newest of those that come waits, as one does that has not been sent yet.
        """
        self._shared = None
        if record.schema != SCHEMA:
            return
        if len(record.body) <= MOST_READ_AT_ONCE and self._reading is None:
            self._show(_read(record))
            return
        self._waiting = record
        if self._reading is None:
            self._reading = spawn("record", self._read_waiting(), finite=True)

    async def _read_waiting(self) -> None:
        try:
            while (record := self._waiting) is not None:
                self._waiting = None
                self._show(await CALCULATIONS.run(_read, record))
        finally:
            self._reading = None

    async def all_read(self) -> None:
        """Wait until what has been received is shown: a new master goes on from the newest."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    def _show(self, report: CycleReport | None) -> None:
        if report is None:
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


def _read(record: Record) -> CycleReport | None:
    """The report in a record; None for one that cannot be read."""
    try:
        return decode(record.body)
    except ValueError as error:
        log.warning("record.refused", error=str(error), epoch=record.info.epoch)
        return None
