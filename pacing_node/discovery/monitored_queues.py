"""Which virtual queues are monitored, for which medium, and with which goal."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.outside_text import text_fault
from pacing_node.discovery.look_alikes import LookAlikes
from pacing_node.objects.object_model import where
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacing_node.objects.object_model import AgentGroup, ConfigurationObjects, VirtualQueue

SECTION = "pacing"
_SEPARATORS = re.compile(r"[,;|\s]+")


@dataclass(frozen=True, slots=True)
class MonitoredQueue:
    """A virtual queue with exactly one medium."""

    queue: VirtualQueue
    media: str
    goal_percent: float | None
    """The queue's own goal; None when it has none."""

    @property
    def target_name(self) -> str:
        """Name of the pacing target of this queue."""
        return f"{self.queue.name} - {self.media}"


def monitored_queues(objects: ConfigurationObjects, findings: list[Finding]) -> list[MonitoredQueue]:
    """Every queue with a section ``pacing`` and one medium, target names unique; adds findings for the others."""
    switches = {switch.name for switch in objects.switches}
    monitored: dict[str, MonitoredQueue] = {}
    for queue in objects.virtual_queues:
        if SECTION not in queue.annex:
            continue
        media = _media(queue, findings)
        if media is None:
            continue
        found = MonitoredQueue(queue, media, own_goal(queue, findings))
        first = monitored.setdefault(found.target_name, found)
        if first is found:
            findings += _doubts(queue, switches)
        else:
            text = f'found the pacing target "{found.target_name}" again (also {first.queue.label}); allowed: it once'
            findings.append(Finding("error", "duplicate_target", where(queue), text))
    return list(monitored.values())


def _media(queue: VirtualQueue, findings: list[Finding]) -> str | None:
    """The single medium of a queue, or None with a finding."""
    value = queue.annex[SECTION].get("media", "").strip()
    allowed = "allowed: exactly one media type, for example chat"
    if not value:
        text = f"{SECTION}/media: found nothing; {allowed}"
        findings.append(Finding("error", "queue_without_media", where(queue), text))
        return None
    if fault := text_fault(value):
        findings.append(Finding("error", "queue_without_media", where(queue), f"{SECTION}/media: found {fault}"))
        return None
    if _SEPARATORS.search(value):
        text = f'{SECTION}/media: found the list "{value[:60]}"; {allowed}'
        findings.append(Finding("error", "queue_with_media_list", where(queue), text))
        return None
    return value


def own_goal(item: VirtualQueue | AgentGroup, findings: list[Finding]) -> float | None:
    """The option ``pacing/optimizationGoal`` of an object, percent; None when missing or, with a finding, wrong."""
    text = item.annex.get(SECTION, {}).get("optimizationGoal", "").strip()
    if not text:
        return None
    try:
        goal = float(text)
    except ValueError:
        goal = math.nan
    if 0 <= goal <= 100:
        return abs(goal)  # minus nothing is nothing
    message = (
        f'{SECTION}/optimizationGoal: found "{text[:60]}"; allowed: a number from 0 to 100; '
        "the option is ignored and the goal of the groups or of the service is used"
    )
    findings.append(Finding("warning", "goal_out_of_range", where(item), message))
    return None


def _doubts(queue: VirtualQueue, switches: set[str]) -> Iterator[Finding]:
    if queue.alias != queue.number:
        yield Finding(
            "warning",
            "alias_differs_from_number",
            where(queue),
            f'found the alias "{queue.alias}"; allowed: the number "{queue.number}", '
            "because otherwise the statistic of abandoned interactions stays 0",
        )
    if switches and queue.switch not in switches:
        yield Finding(
            "warning",
            "unknown_switch",
            where(queue),
            f'found the switch "{queue.switch}", which does not exist; allowed: {", ".join(sorted(switches)[:10])}'
            f"{LookAlikes(switches).hint(queue.switch)}",
        )
