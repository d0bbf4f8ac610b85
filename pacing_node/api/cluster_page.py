"""`/cluster`: all members as they see themselves, asked over the peer channels, and the newest terms."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from cluster.errors import ClusterError
from cluster.mastership import Role
from cluster.outside_text import one_line
from pacing_node.api.target_pages import hold_json

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from cluster.member import ClusterMember
    from cluster.records import ClockOffset, HistoryEntry, MemberStatus, Pause, RecordInfo
    from pacing_node.cycle.holds import Holds

HISTORY_SHOWN = 20


async def cluster_page(
    member: ClusterMember,
    *,
    cluster: str,
    standalone: bool,
    fencing: str | None = None,
    warnings: Sequence[str] = (),
    holds: Holds | None = None,
) -> dict[str, Any]:
    """Ask every member about itself; a silent one is listed as not reachable.

    ``fencing``: how the platform checks tokens; None while the cluster's options are not known. ``warnings``: what the
    answering node leaves open to others. ``holds``: what operators hold.
    """
    statuses = await member.ask_members()
    status = member.status()
    masters = [status for status in statuses if status.role is Role.MASTER and status.lease_left_seconds > 0.0]
    newest = max(masters, key=lambda status: status.epoch, default=None)
    return {
        "cluster": cluster,
        "cluster_id": status.cluster_id,
        "mode": "standalone" if standalone else "zookeeper",
        "answered_by": member.info.name,
        "master": newest.info.name if newest else None,
        "epoch": newest.epoch if newest else max((status.epoch for status in statuses), default=0),
        "paused": _pause(member.paused),
        **_held(holds),
        "fencing": fencing,
        "broken": list(member.faults),
        "warnings": list(warnings),
        "members": [_member(status) for status in statuses],
        **await terms(lambda limit: history_page(member, limit), HISTORY_SHOWN),
    }


def _held(holds: Holds | None) -> dict[str, Any]:
    """The emergency stop, and how many targets are held one by one."""
    if holds is None:
        return {"stopped": None, "held": 0}
    current = holds.current(time.time())
    return {"stopped": hold_json(current.stop, current), "held": len(current.targets)}


def _pause(pause: Pause | None) -> dict[str, Any] | None:
    """The pause in force; None when there is none."""
    if pause is None:
        return None
    return {"by": pause.by, "began_at": pause.began_at, "until": pause.until, "broken": list(pause.broken)}


def _member(status: MemberStatus) -> dict[str, Any]:
    return {
        "name": status.info.name,
        "role": status.role.value if status.role else None,
        "state": status.state,
        "epoch": status.epoch,
        "lease_left_seconds": round(status.lease_left_seconds, 3),
        "zookeeper": status.zookeeper.value if status.zookeeper else None,
        "session_timeout_seconds": status.session_timeout_seconds,
        "version": status.info.version,
        "started_at": status.info.started_at,
        "http": status.info.http,
        "clustering": status.info.clustering,
        "last_record": _record(status.last_record),
        "paused": status.paused,
        "reachable": status.reachable,
        "error": status.error,
        "broken": list(status.info.broken),
        "clock": _clock(status.clock),
        "restart_needed": list(status.restart_needed),
    }


def _clock(clock: ClockOffset | None) -> dict[str, Any] | None:
    """How far a member's clock is ahead, and when that was measured."""
    if clock is None:
        return None
    return {
        "offset_seconds": round(clock.seconds, 6),
        "uncertainty_seconds": round(clock.uncertainty_seconds, 6),
        "measured_at": round(clock.measured_at, 3),
    }


def _record(info: RecordInfo | None) -> dict[str, Any] | None:
    if info is None:
        return None
    return {"epoch": info.epoch, "sequence": info.sequence, "created_at": info.created_at}


async def terms(read: Callable[[int], Awaitable[list[dict[str, Any]]]], limit: int) -> dict[str, Any]:
    """The newest terms, or why they cannot be read: no terms and terms unknown are two things."""
    try:
        return {"history": await read(limit), "history_unavailable": None}
    except ClusterError as error:
        return {"history": [], "history_unavailable": one_line(error)}


async def history_page(member: ClusterMember, limit: int) -> list[dict[str, Any]]:
    """The newest terms, newest first. Raises ClusterError while ZooKeeper cannot be asked."""
    return [history_entry(entry) for entry in await member.history(limit)]


def history_entry(entry: HistoryEntry) -> dict[str, Any]:
    """One term as JSON."""
    return {
        "epoch": entry.epoch,
        "node": entry.node,
        "began_at": entry.began_at,
        "previous": entry.previous,
        "ended_at": entry.ended_at,
        "cause": entry.cause,
        "gap_seconds": entry.gap_seconds,
        "broken": list(entry.broken),
    }
