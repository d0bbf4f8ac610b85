"""Outcome of one cycle: what pages show, what standbys receive, what a new master resumes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError

from pacing_node.rpc.cycle_pb2 import CycleRecord

if TYPE_CHECKING:
    from pacing_node.algorithms.model import FloatArray, IntArray

SCHEMA = "pacing.v1.CycleRecord"
"""Name of the encoding; a follower that does not know it ignores the record."""

_FLOAT_COLUMNS = (
    "inbound_portion",
    "ready",
    "busy",
    "logged_in",
    "waiting",
    "pending",
    "acceptance_ratio",
    "handle_seconds",
    "disposition_seconds",
    "patience_seconds",
)


@dataclass(frozen=True, slots=True)
class CycleReport:
    """Everything a cycle found, decided and was told. Arrays have one element per target, in their order."""

    epoch: int
    sequence: int
    """Sequence of the push; 0 when the cycle did not push."""
    calculated_at: float
    """Unix time in seconds, this node's clock."""
    statistics_at: float
    """Unix time in seconds of the snapshot, the source's clock."""
    interval_seconds: float
    algorithm: str
    targets: tuple[str, ...]
    invitations: IntArray
    inbound_portion: FloatArray
    """NaN where the law does not control inbound traffic."""
    reason: IntArray
    ready: FloatArray
    busy: FloatArray
    logged_in: FloatArray
    waiting: FloatArray
    pending: FloatArray
    acceptance_ratio: FloatArray
    handle_seconds: FloatArray
    disposition_seconds: FloatArray
    patience_seconds: FloatArray
    pushed: bool
    """True when the platform accepted the push while the lease held."""
    push_error: str = ""
    """Why the push did not happen or failed, for people."""
    target_errors: tuple[str, ...] = ()
    """Per target what the platform said instead of taking it; empty tuple when it took all."""
    learned_state: bytes = b""
    alarms: bytes = b""
    """Active alarms of the cluster, opaque here; the next master goes on with them."""


def encode(report: CycleReport) -> bytes:
    """Encode a report as the body of a peer record."""
    record = CycleRecord(
        epoch=report.epoch,
        sequence=report.sequence,
        calculated_at=report.calculated_at,
        statistics_at=report.statistics_at,
        interval_seconds=report.interval_seconds,
        targets=report.targets,
        invitations=report.invitations.tolist(),
        reason=report.reason.tolist(),
        push_error=report.push_error,
        pushed=report.pushed,
        learned_state=report.learned_state,
        alarms=report.alarms,
        algorithm=report.algorithm,
        target_error=report.target_errors,
    )
    for name in _FLOAT_COLUMNS:
        getattr(record, name).extend(getattr(report, name).tolist())
    return record.SerializeToString()


def decode(body: bytes) -> CycleReport:
    """Decode the body of a peer record.

    Raises ValueError when it is not a record or its columns differ in length: a sender of another version.
    """
    record = CycleRecord()
    try:
        record.ParseFromString(body)
    except DecodeError as error:
        raise ValueError(f"not a {SCHEMA}: {error}") from None
    count = len(record.targets)
    for name in (*_FLOAT_COLUMNS, "invitations", "reason"):
        if len(getattr(record, name)) != count:
            raise ValueError(f"{SCHEMA}: column {name} has {len(getattr(record, name))} rows, expected {count}")
    if len(record.target_error) not in {0, count}:
        raise ValueError(f"{SCHEMA}: column target_error has {len(record.target_error)} rows, expected {count}")
    return CycleReport(
        epoch=record.epoch,
        sequence=record.sequence,
        calculated_at=record.calculated_at,
        statistics_at=record.statistics_at,
        interval_seconds=record.interval_seconds,
        algorithm=record.algorithm,
        targets=tuple(record.targets),
        invitations=np.array(record.invitations, np.int64),
        reason=np.array(record.reason, np.int64),
        pushed=record.pushed,
        push_error=record.push_error,
        target_errors=tuple(record.target_error),
        learned_state=record.learned_state,
        alarms=record.alarms,
        **{name: np.array(getattr(record, name), np.float64) for name in _FLOAT_COLUMNS},
    )
