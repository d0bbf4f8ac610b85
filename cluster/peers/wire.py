"""Values of this library and their form on the wire (``proto/cluster/v1/peer.proto``)."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from cluster.mastership import Role, ZooKeeperState
from cluster.outside_text import one_line
from cluster.records import ClockOffset, MemberInfo, MemberStatus, Record, RecordInfo
from cluster.rpc import peer_pb2
from cluster.zookeeper.paths import HIGHEST_EPOCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.mastership import LeadershipStatus

StatusAnswer = peer_pb2.GetStatusResponse

_ROLES = {Role.STANDBY: peer_pb2.ROLE_STANDBY, Role.MASTER: peer_pb2.ROLE_MASTER}
_STATES = {
    ZooKeeperState.CONNECTED: peer_pb2.ZOO_KEEPER_STATE_CONNECTED,
    ZooKeeperState.SUSPENDED: peer_pb2.ZOO_KEEPER_STATE_SUSPENDED,
    ZooKeeperState.LOST: peer_pb2.ZOO_KEEPER_STATE_LOST,
    ZooKeeperState.STANDALONE: peer_pb2.ZOO_KEEPER_STATE_STANDALONE,
}
MOST_NAMED = 50
"""Settings that a member names as waiting for its next start."""
_ROLE_NAMES = {number: role for role, number in _ROLES.items()}
_STATE_NAMES = {number: state for state, number in _STATES.items()}


def record_to_wire(record: Record) -> peer_pb2.Record:
    """A record as it is sent."""
    return peer_pb2.Record(info=_info_to_wire(record.info), schema=record.schema, body=record.body)


def record_from_wire(record: peer_pb2.Record) -> Record:
    """A record as it was received."""
    return Record(_info_from_wire(record.info), record.schema, record.body)


def status_to_wire(
    info: MemberInfo,
    status: LeadershipStatus,
    last: RecordInfo | None,
    *,
    paused: bool,
    restart_needed: Sequence[str] = (),
) -> peer_pb2.GetStatusResponse:
    """What a member answers about itself."""
    return peer_pb2.GetStatusResponse(
        name=info.name,
        version=info.version,
        started_at=info.started_at,
        role=_ROLES[status.role],
        state=status.state,
        epoch=status.epoch,
        lease_left_seconds=status.lease_left_seconds,
        zoo_keeper_state=_STATES[status.zookeeper],
        session_timeout_seconds=status.session_timeout_seconds,
        cluster_id=status.cluster_id,
        master=status.master or "",
        last_record=None if last is None else _info_to_wire(last),
        paused=paused,
        answered_at=time.time(),
        restart_needed=list(restart_needed)[:MOST_NAMED],
    )


def clock_offset(answer: peer_pb2.GetStatusResponse, asked_at: float, took_seconds: float) -> ClockOffset | None:
    """How far a member's clock is ahead, by Cristian's algorithm: it answered midway, give or take half the call.

    ``asked_at`` is Unix time by this node's clock. None for a member that does not say what its clock shows.
    """
    if not math.isfinite(answer.answered_at) or answer.answered_at <= 0.0:
        return None
    half = max(took_seconds, 0.0) / 2.0
    return ClockOffset(answer.answered_at - (asked_at + half), half, asked_at + half)


def status_from_wire(
    info: MemberInfo, answer: peer_pb2.GetStatusResponse, clock: ClockOffset | None = None
) -> MemberStatus:
    """What a member answered about itself; a role or state of a newer version reads as unknown.

    Whoever answers at a member's address can say anything: texts are cut to a line that prints, numbers that are none
    are 0.
    """
    return MemberStatus(
        info=info,
        reachable=True,
        role=_ROLE_NAMES.get(answer.role),
        state=one_line(answer.state),
        epoch=min(answer.epoch, HIGHEST_EPOCH),
        lease_left_seconds=_finite(answer.lease_left_seconds),
        zookeeper=_STATE_NAMES.get(answer.zoo_keeper_state),
        session_timeout_seconds=_finite(answer.session_timeout_seconds),
        cluster_id=one_line(answer.cluster_id),
        master=one_line(answer.master) or None,
        last_record=_info_from_wire(answer.last_record) if answer.HasField("last_record") else None,
        paused=answer.paused,
        clock=clock,
        restart_needed=tuple(one_line(each) for each in answer.restart_needed[:MOST_NAMED]),
    )


def _info_to_wire(info: RecordInfo) -> peer_pb2.RecordInfo:
    return peer_pb2.RecordInfo(epoch=info.epoch, sequence=info.sequence, created_at=info.created_at)


def _info_from_wire(info: peer_pb2.RecordInfo) -> RecordInfo:
    return RecordInfo(min(info.epoch, HIGHEST_EPOCH), info.sequence, _finite(info.created_at))


def _finite(number: float) -> float:
    return number if math.isfinite(number) else 0.0
