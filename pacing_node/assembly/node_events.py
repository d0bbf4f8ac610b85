"""From the parts of a node to its events: what has changed since the last look, and what its parts report at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cluster.lasting import lasting
from cluster.tasks import cancel, spawn
from pacing_node.assembly.hour_fetch import HourFetch
from pacing_node.monitoring.event_log import EventKind, EventLog
from pacing_node.monitoring.last_hour import LastHour

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.member import ClusterMember
    from pacing_node.alarms.alarm_book import Alarm
    from pacing_node.cycle.hold_book import HoldBook
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.cycle.plan import Plan
    from pacing_node.options.options_store import OptionsStore
    from pacing_node.targets import TargetSet

LOOK_SECONDS = 1.0
"""How often alarms and targets are looked at; everything else is reported at once."""
MOST_ALARMS = 20
"""Alarms that one event names."""


class NodeEvents:
    """Enters into the log of events what happens to one node."""

    def __init__(self, member: ClusterMember, latest_report: LatestReport, plan: Plan, holds: HoldBook) -> None:
        self.log = EventLog()
        self.last_hour = LastHour()
        self.hour_fetch = HourFetch(member, self.last_hour, self._enter_again)
        self._member = member
        self._latest_report = latest_report
        self._plan = plan
        self._holds = holds
        self._leadership: dict[str, object] = {}
        self._goals: tuple[object, dict[str, float]] = (None, {})
        self._next_goals: tuple[object, dict[str, float]] = (None, {})
        member.on_change.add(self._note_leadership)
        latest_report.on_cycle.add(self._note_cycle)
        holds.on_change.add(self._note_holds)

    def follow_options(self, options: OptionsStore) -> None:
        """Note changes of the options, too."""
        options.on_change.add(
            lambda _before, after, keys: self.log.add(
                EventKind.CONFIGURATION, {"version": after, "changed": list(keys)[:MOST_ALARMS]}
            )
        )

    def prepare(self, targets: TargetSet) -> None:
        """Work out what the first cycle of other targets would have to; on any thread, before they are in force."""
        goals = _goals(targets)
        self.last_hour.expect(targets.names, goals)
        self._next_goals = targets, goals

    async def run(self, alarms: Callable[[], tuple[Alarm, ...]]) -> None:
        """Look at what nobody reports, and fetch the last hour from others, for ever."""
        fetching = spawn("last-hour", lasting("last-hour", self.hour_fetch.run))
        try:
            await self._look(alarms)
        finally:
            await cancel(fetching)

    async def _look(self, alarms: Callable[[], tuple[Alarm, ...]]) -> None:
        known, targets = {each.identity for each in alarms()}, self._plan.targets
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            active = {each.identity for each in alarms()}
            if active != known:
                raised, cleared = sorted(active - known)[:MOST_ALARMS], sorted(known - active)[:MOST_ALARMS]
                self.log.add(EventKind.ALARM, {"active": len(active), "raised": raised, "cleared": cleared})
                known = active
            if self._plan.targets is not targets:
                targets = self._plan.targets
                self.log.add(EventKind.CONFIGURATION, {"targets": len(targets.targets) if targets is not None else 0})

    def _note_leadership(self) -> None:
        status, paused = self._member.status(), self._member.paused
        now: dict[str, object] = {
            "role": status.role.value,
            "state": status.state,
            "epoch": status.epoch,
            "master": status.master,
            "zookeeper": status.zookeeper.value,
            "paused": paused is not None,
            "members": len(self._member.members()),
        }
        if now != self._leadership:
            self._leadership = now
            self.log.add(EventKind.LEADERSHIP, now)

    def _note_cycle(self) -> None:
        report = self._latest_report.report
        if report is None:
            return
        values = {"epoch": report.epoch, "sequence": report.sequence, "calculated_at": report.calculated_at}
        allowed = int(report.result.invitations.sum())
        self.last_hour.note(report, self._goals_in_force())
        self.log.add(EventKind.CYCLE, {**values, "pushed": report.pushed, "invitations": allowed})

    def _enter_again(self, at: float) -> None:
        """Enter the newest cycle into the last hour that was taken from another node, if it is not in it."""
        report = self._latest_report.report
        if report is not None and report.calculated_at > at:
            self.last_hour.note(report, self._goals_in_force())

    def _goals_in_force(self) -> dict[str, float]:
        """Goals of the targets in percent; the same object for the same targets."""
        known = self._plan.targets
        if known is not self._goals[0]:
            self._goals = self._next_goals if known is self._next_goals[0] else (known, _goals(known))
        return self._goals[1]

    def _note_holds(self) -> None:
        holds = self._holds.holds
        self.log.add(EventKind.HOLD, {"stopped": holds.stop is not None, "held": len(holds.targets)})


def _goals(targets: TargetSet | None) -> dict[str, float]:
    """In percent, by target."""
    return {target.name: target.goal_percent for target in targets.targets} if targets is not None else {}
