"""What a node measures for its alarms: about itself always, about the cluster while it is master."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cluster.descriptors import Descriptors
from cluster.mastership import ZooKeeperState
from pacing_node.alarms.alarm_book import Reading
from pacing_node.monitoring.pacing_readings import PacingReadings
from pacing_node.runtime.disks import free_mib
from pacing_node.runtime.process import CollectorPauses, memory_limit_bytes, resident_bytes
from pacing_node.tls import all_days_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from cluster.mastership import Mastership
    from cluster.records import Pause
    from pacing_node.cycle.cycle_counters import CycleCounters
    from pacing_node.cycle.latest_report import LatestReport
    from pacing_node.monitoring.cycle_watch import CycleWatch

SHARED_PLACES = frozenset({"cluster options", "change of the objects"})
"""Places of which every node reads the same; another one can be a file or a connection of this node alone."""
FENCED_WINDOW_SECONDS = 300.0
CERTIFICATE_PERIOD_SECONDS = 3600.0
DISK_PERIOD_SECONDS = 10.0
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class NodeSources:
    """Where the readings come from; each callable answers from memory."""

    node: str
    mastership: Mastership
    latest_report: LatestReport
    cycle_counters: CycleCounters
    watch: CycleWatch
    cluster: str
    """Name of the cluster: the object of what concerns all of it."""
    loop_lag_seconds: Callable[[], float]
    refused: Callable[[], Mapping[str, tuple[str, ...]]]
    """What is wrong with newer options or objects, by the place they come from."""
    descriptors: Descriptors = field(default_factory=Descriptors)
    certificates: tuple[Path, ...] = ()
    paused: Callable[[], Pause | None] = lambda: None
    """The pause of the cluster in force."""


class NodeReadings:
    """Readings of one node, in the form the alarm service asks for."""

    def __init__(self, sources: NodeSources) -> None:
        self._sources = sources
        self._pauses = CollectorPauses()
        self._pacing = PacingReadings(sources.latest_report, sources.cycle_counters)
        self._since: dict[str, float] = {}
        self._fenced: deque[float] = deque()
        self._fenced_seen = sources.cycle_counters.pushes["fenced"]
        self._certificates: dict[Path, float | str] = {}
        self._disks: dict[Path, float | str] = {}
        self.directories: tuple[Path, ...] = ()
        """Where the node writes."""
        self._memory_limit = memory_limit_bytes()
        self.memory_limit_mib: int | None = None
        """Limit by the options; it wins over what the system says."""

    def node(self, now: float, late_seconds: float) -> Mapping[str, Mapping[str, Reading]]:
        """About this node."""
        sources = self._sources
        me, counters = sources.node, sources.cycle_counters
        masterless = sources.watch.master() is None
        self._note_fenced(now)
        readings = {
            "GC Latency": {me: Reading(self._pauses.take_longest())},
            "NoMaster": self._no_master(now, lasts=masterless),
            "PacingSilent": self._silent(),
            "ClusterPaused": self._paused(now),
            "ZooKeeperLost": {me: self._zookeeper_lost(now)},
            "CycleFailed": {me: Reading(float(counters.failed_in_a_row), counters.newest_failure)},
            "FencedPush": {me: Reading(float(len(self._fenced)))},
            "EventLoopLag": {me: Reading(max(late_seconds, sources.loop_lag_seconds()))},
            "ConfigurationRefused": self._refused(now),
            "CertificateExpiry": self._expiry(),
            "DiskSpaceLow": self._disk_space(),
        }
        if (descriptors := _descriptors(sources.descriptors)) is not None:
            readings["DescriptorsLow"] = {me: descriptors}
        if (memory := self._memory()) is not None:
            readings["Heap Memory Usage"] = {me: memory}
        return readings

    def cluster(self, now: float) -> Mapping[str, Mapping[str, Reading]] | None:
        """About the cluster; None unless this node is master."""
        term = self._sources.mastership.term
        if term is None or term.ended.is_set():
            self._pacing.rest()
            return None
        return self._pacing.take(term.epoch, now)

    def close(self) -> None:
        """Stop measuring the garbage collector."""
        self._pauses.close()

    async def watch_certificates(self) -> None:
        """Look at the certificate files once an hour, for ever."""
        while True:
            files = self._sources.certificates
            self._certificates = await asyncio.to_thread(all_days_left, files, time.time())
            await asyncio.sleep(CERTIFICATE_PERIOD_SECONDS)

    async def watch_disks(self) -> None:
        """Look at the disks every few seconds, for ever; beside the event loop, for a disk can hang."""
        while True:
            self._disks = await asyncio.to_thread(free_mib, self.directories)
            await asyncio.sleep(DISK_PERIOD_SECONDS)

    def _lasting(self, what: str, now: float, *, lasts: bool) -> float:
        """Seconds for which something has lasted by now; 0 when it does not."""
        if not lasts:
            self._since.pop(what, None)
            return 0.0
        # What has just begun has lasted for a moment: 0 would say that it is over.
        return max(now - self._since.setdefault(what, now), 1e-3)

    def _zookeeper_lost(self, now: float) -> Reading:
        status = self._sources.mastership.status
        away = status.zookeeper not in {ZooKeeperState.CONNECTED, ZooKeeperState.STANDALONE}
        text = f"session {status.zookeeper.value}, state {status.state}"
        return Reading(self._lasting("no zookeeper", now, lasts=away), text)

    def _no_master(self, now: float, *, lasts: bool) -> dict[str, Reading]:
        """The same object and occasion on every node, so that receivers see one outage."""
        status = self._sources.mastership.status
        why = self._sources.watch.why_no_master() if lasts else f"the master is {status.master}"
        text = f"as {self._sources.node} sees it: state {status.state}, {why}"
        lasting = self._lasting("no master", now, lasts=lasts)
        return {self._sources.cluster: Reading(lasting, text, occasion=f"epoch-{status.epoch}")}

    def _silent(self) -> dict[str, Reading]:
        """What pages say, whatever the reason: no outage is without an alarm because nobody thought of its cause."""
        state, epoch = self._sources.watch.state(), self._sources.mastership.status.epoch
        if state.silent_since is None:
            return {self._sources.cluster: Reading(0.0, "pushes on current statistics are accepted")}
        reason = state.reason.value if state.reason is not None else ""
        text = f"as {self._sources.node} sees it: {reason}, {state.text}"
        return {
            self._sources.cluster: Reading(max(time.time() - state.silent_since, 1e-3), text, occasion=f"epoch-{epoch}")
        }

    def _paused(self, now: float) -> dict[str, Reading]:
        """The same object and occasion on every node, so that receivers see one pause."""
        pause = self._sources.paused()
        seen = self._lasting("paused", now, lasts=pause is not None)
        if pause is None:
            return {self._sources.cluster: Reading(0.0)}
        until = datetime.fromtimestamp(pause.until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        text = f"paused by {pause.by} until {until}: nobody takes over from the master"
        # The clock of whoever ordered it can be ahead of this node's: then what this node has seen of it counts.
        lasted = max(time.time() - pause.began_at, seen)
        return {self._sources.cluster: Reading(lasted, text, occasion=f"since-{pause.began_at:.0f}")}

    def _note_fenced(self, now: float) -> None:
        fenced = self._sources.cycle_counters.pushes["fenced"]
        self._fenced.extend([now] * (fenced - self._fenced_seen))
        self._fenced_seen = fenced
        while self._fenced and now - self._fenced[0] > FENCED_WINDOW_SECONDS:
            self._fenced.popleft()

    def _refused(self, now: float) -> dict[str, Reading]:
        """What all nodes refuse alike has the same object and occasion on every node; the rest names the node."""
        readings = {}
        for place, problems in self._sources.refused().items():
            lasting, text = self._lasting(place, now, lasts=bool(problems)), _first(problems)
            if not lasting:
                continue
            if place in SHARED_PLACES:
                readings[place] = Reading(lasting, text, occasion=hashlib.sha256(text.encode()).hexdigest()[:12])
            else:
                readings[f"{place} on {self._sources.node}"] = Reading(lasting, text)
        return readings

    def _expiry(self) -> dict[str, Reading]:
        readings = {}
        for file, days in self._certificates.items():
            reading = Reading(0.0, days) if isinstance(days, str) else Reading(days)
            readings[f"{file} on {self._sources.node}"] = reading
        return readings

    def _disk_space(self) -> dict[str, Reading]:
        return {
            f"{directory} on {self._sources.node}": Reading(0.0, free)
            if isinstance(free, str)
            else Reading(free, f"{free:.0f} MiB left for {directory}")
            for directory, free in self._disks.items()
        }

    def _memory(self) -> Reading | None:
        resident = resident_bytes()
        limit = self.memory_limit_mib * _MIB if self.memory_limit_mib else self._memory_limit
        if resident is None or not limit:
            return None
        return Reading(100.0 * resident / limit, f"{resident // _MIB} MiB resident of {limit // _MIB} MiB")


def _descriptors(descriptors: Descriptors) -> Reading | None:
    """Also while there are none left; None where the system does not say."""
    count, most = descriptors.count_open(), descriptors.limit_for_callers
    if count is None:
        return None
    return Reading(100.0 * count / most, f"{count} of {descriptors.limit} descriptors in use, callers get {most}")


def _first(problems: Iterable[str]) -> str:
    """The first problem, and how many more there are."""
    listed = list(problems)
    more = f" and {len(listed) - 1} more" if len(listed) > 1 else ""
    return f"{listed[0][:300]}{more}" if listed else ""
