"""Outcome of one cycle: what pages show, what standbys receive, what a new master resumes from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError

from pacing_node.algorithms.model import Estimates, Feedback, Reason, Result, Snapshot
from pacing_node.cycle.packed_columns import long_field, packed_counts, packed_doubles, packed_floats
from pacing_node.rpc.cycle_pb2 import CycleRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pacing_node.algorithms.model import FloatArray
    from pacing_node.cycle.packed_columns import Parts

SCHEMA = "pacing.v1.CycleRecord"
"""Name of the encoding; a follower that does not know it ignores the record."""

_FLOAT_COLUMNS: Mapping[str, Callable[[CycleReport], FloatArray]] = {
    "inbound_portion": attrgetter("result.inbound_portion"),
    "ready": attrgetter("snapshot.ready"),
    "busy": attrgetter("snapshot.busy"),
    "logged_in": attrgetter("snapshot.logged_in"),
    "waiting": attrgetter("snapshot.waiting"),
    "pending": attrgetter("feedback.pending"),
    "acceptance_ratio": attrgetter("result.estimates.acceptance_ratio"),
    "handle_seconds": attrgetter("result.estimates.handle_seconds"),
    "disposition_seconds": attrgetter("result.estimates.disposition_seconds"),
    "patience_seconds": attrgetter("result.estimates.patience_seconds"),
}
"""Columns of numbers that go to the standbys, by their name on the wire."""
_ADDED_COLUMNS: Mapping[str, Callable[[CycleReport], FloatArray]] = {
    "level": attrgetter("result.estimates.level"),
    "still_out": attrgetter("result.estimates.pending"),
    "acceptance_seen": attrgetter("result.estimates.acceptance_seen"),
    "acceptance_floor": attrgetter("result.estimates.acceptance_floor"),
}
"""Columns of numbers that a master of an older version does not send, and some laws do not have: empty then."""
_NUMBERS = {field.name: field.number for field in CycleRecord.DESCRIPTOR.fields}


@dataclass(frozen=True, slots=True)
class TermCounts:
    """What happened to the proactive interactions of each target since the term began; NaN where unknown."""

    accepted: FloatArray
    """Interactions that agents took."""
    abandoned: FloatArray
    """Interactions that visitors left before."""


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one cycle saw, what it decided, and how its push ended. Arrays have one element per target, in their order.

    A report from another node carries only the columns of the wire (see ``column``); those of ``snapshot``,
    ``feedback`` and ``result`` that are not on it are NaN, in ``feedback`` not acknowledged, in ``snapshot`` valid
    unless the reason says that the statistics were stale.
    """

    epoch: int
    sequence: int
    """Sequence of the push; 0 when the cycle did not push."""
    calculated_at: float
    """Unix time in seconds, this node's clock."""
    interval_seconds: float
    algorithm: str
    targets: tuple[str, ...]
    snapshot: Snapshot
    """The statistics the cycle calculated from; ``taken_at`` is by their source's clock."""
    feedback: Feedback
    result: Result
    pushed: bool
    """True when the platform accepted the push while the lease held."""
    push_error: str = ""
    """Why the push did not happen or failed, for people."""
    target_errors: tuple[str, ...] = ()
    """Per target the error the platform reported instead of taking it; empty tuple when it took all."""
    learned_state: bytes = b""
    first_look: bytes = b""
    """What a successor's first calculation needs beyond the learned state; empty from an older version."""
    alarms: bytes = b""
    """Active alarms of the cluster, opaque here; the next master goes on with them."""
    in_flight: bool = False
    """Shared before its push goes out: allotted, outcome unknown."""
    accepted_at: float = 0.0
    """Unix time in seconds at which the platform accepted the newest push known, in this term or a previous one, by the
    clock of the node that pushed; 0 when none is known."""
    push_status: str = ""
    """A value of PushStatus; empty from an older version."""
    term_counts: TermCounts | None = None
    """None from an older version, and while the push is in flight."""

    def column(self, name: str) -> FloatArray:
        """A column of numbers by its name on the wire, NaN where it is not known. Raises KeyError for other names."""
        if name in _FLOAT_COLUMNS:
            return _FLOAT_COLUMNS[name](self)
        added = _ADDED_COLUMNS[name](self)
        return added if len(added) else np.full(len(self.targets), np.nan)


def encode(report: CycleReport) -> bytes:
    """Encode a report as the body of a peer record."""
    head = CycleRecord(
        epoch=report.epoch,
        sequence=report.sequence,
        calculated_at=report.calculated_at,
        statistics_at=report.snapshot.taken_at,
        interval_seconds=report.interval_seconds,
        push_error=report.push_error,
        pushed=report.pushed,
        alarms=report.alarms,
        algorithm=report.algorithm,
        target_error=report.target_errors,
        in_flight=report.in_flight,
        accepted_at=report.accepted_at,
        push_status=report.push_status,
    )
    # The fields of a message may come in any order, and the parts of one message one after the other.
    fields = [
        long_field(_NUMBERS["learned_state"], report.learned_state),
        long_field(_NUMBERS["first_look"], report.first_look),
        packed_counts(_NUMBERS["invitations"], report.result.invitations),
        packed_counts(_NUMBERS["reason"], report.result.reason),
        *(packed_doubles(_NUMBERS[name], report.column(name)) for name in _FLOAT_COLUMNS),
        *(packed_floats(_NUMBERS[name], added(report)) for name, added in _ADDED_COLUMNS.items()),
        packed_counts(_NUMBERS["rounding"], report.result.rounding),
        *_packed_counts_of_term(report.term_counts),
    ]
    return b"".join([head.SerializeToString(), _encoded_names(report.targets), *chain.from_iterable(fields)])


def with_alarms(body: bytes, alarms: bytes) -> bytes:
    """The body of a record with other alarms: of a field that comes twice the last one counts."""
    return b"".join([body, *long_field(_NUMBERS["alarms"], alarms)])


def _packed_counts_of_term(counts: TermCounts | None) -> list[Parts]:
    if counts is None:
        return []
    columns = {"accepted_in_term": counts.accepted, "abandoned_in_term": counts.abandoned}
    return [packed_floats(_NUMBERS[name], column) for name, column in columns.items()]


@lru_cache(maxsize=2)
def _encoded_names(names: tuple[str, ...]) -> bytes:
    """Kept for the targets in force: they are in every record."""
    return CycleRecord(targets=names).SerializeToString()


def decode(body: bytes) -> CycleReport:
    """Decode the body of a peer record.

    Raises ValueError when it is not a record or its columns differ in length: a sender of another version.
    """
    record = CycleRecord()
    try:
        record.ParseFromString(body)
    except DecodeError as error:
        raise ValueError(f"not a {SCHEMA}: {error}") from None
    _check(record)
    return CycleReport(
        epoch=record.epoch,
        sequence=record.sequence,
        calculated_at=record.calculated_at,
        interval_seconds=record.interval_seconds,
        algorithm=record.algorithm,
        targets=tuple(record.targets),
        snapshot=_snapshot(record),
        feedback=_feedback(record),
        result=_result(record),
        pushed=record.pushed,
        push_error=record.push_error,
        target_errors=tuple(record.target_error),
        learned_state=record.learned_state,
        first_look=record.first_look,
        alarms=record.alarms,
        in_flight=record.in_flight,
        accepted_at=record.accepted_at or (record.calculated_at if record.pushed else 0.0),
        push_status=record.push_status,
        term_counts=_term_counts(record),
    )


def _check(record: CycleRecord) -> None:
    """Raises ValueError when the columns differ in length."""
    count = len(record.targets)
    for name in (*_FLOAT_COLUMNS, "invitations", "reason"):
        if len(getattr(record, name)) != count:
            raise ValueError(f"{SCHEMA}: column {name} has {len(getattr(record, name))} rows, expected {count}")
    for name in ("target_error", "accepted_in_term", "abandoned_in_term", *_ADDED_COLUMNS, "rounding"):
        if len(getattr(record, name)) not in {0, count}:
            raise ValueError(f"{SCHEMA}: column {name} has {len(getattr(record, name))} rows, expected {count}")


def _floats(values: Iterable[float]) -> FloatArray:
    return np.array(values, np.float64)


def _term_counts(record: CycleRecord) -> TermCounts | None:
    if not record.accepted_in_term or not record.abandoned_in_term:
        return None
    return TermCounts(_floats(record.accepted_in_term), _floats(record.abandoned_in_term))


def _snapshot(record: CycleRecord) -> Snapshot:
    absent = np.full(len(record.targets), np.nan)
    return Snapshot(
        taken_at=record.statistics_at,
        logged_in=_floats(record.logged_in),
        ready=_floats(record.ready),
        busy=_floats(record.busy),
        waiting=_floats(record.waiting),
        capable=absent,
        accepted=absent,
        abandoned=absent,
        completed=absent,
        reactive_waiting=absent,
        reactive_entered=absent,
        handle_seconds=absent,
        valid=np.array(record.reason, np.int64) != Reason.STATISTICS_STALE,
    )


def _feedback(record: CycleRecord) -> Feedback:
    absent = np.full(len(record.targets), np.nan)
    return Feedback(
        pending=_floats(record.pending),
        sent=absent,
        disposed=absent,
        acceptance_ratio=absent,
        disposition_seconds=absent,
        acknowledged=np.zeros(len(absent), np.bool_),
    )


def _result(record: CycleRecord) -> Result:
    estimates = Estimates(
        acceptance_ratio=_floats(record.acceptance_ratio),
        handle_seconds=_floats(record.handle_seconds),
        disposition_seconds=_floats(record.disposition_seconds),
        patience_seconds=_floats(record.patience_seconds),
        reactive_per_second=np.full(len(record.targets), np.nan),
        level=_floats(record.level),
        pending=_floats(record.still_out),
        acceptance_seen=_floats(record.acceptance_seen),
        acceptance_floor=_floats(record.acceptance_floor),
    )
    return Result(
        invitations=np.array(record.invitations, np.int64),
        reason=np.array(record.reason, np.int64),
        inbound_portion=_floats(record.inbound_portion),
        estimates=estimates,
        rounding=np.array(record.rounding, np.int64),
    )
