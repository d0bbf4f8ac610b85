"""What the engagement platform's record of pushes says: counts, order, hand-overs and their gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push, or one part of it, as the platform received it."""

    index: int
    received_at: float
    """Unix time in seconds."""
    cluster_id: str
    epoch: int
    sequence: int
    accepted: bool
    replayed: bool

    @classmethod
    def from_wire(cls, record: Mapping[str, Any]) -> PushRecord:
        """Read one entry of the platform's list of pushes; a push without a token has epoch and sequence 0."""
        return cls(
            index=int(record["index"]),
            received_at=float(record["received_at"]),
            cluster_id=str(record.get("cluster_id") or ""),
            epoch=int(record.get("epoch") or 0),
            sequence=int(record.get("sequence") or 0),
            accepted=bool(record["accepted"]),
            replayed=bool(record.get("replayed")),
        )


@dataclass(frozen=True, slots=True)
class TermChange:
    """The platform's view of a hand-over: the last accepted push of one term and the first of the next."""

    old_epoch: int
    epoch: int
    last_accepted_at: float
    """Unix time in seconds of the old term's last accepted push."""
    first_accepted_at: float
    """Unix time in seconds of the new term's first accepted push."""

    @property
    def gap_seconds(self) -> float:
        """Time without an accepted push."""
        return self.first_accepted_at - self.last_accepted_at


class PushAudit:
    """Reads the record of pushes in the order of arrival and keeps the figures of it, not the pushes themselves.

    The order is judged here once more, independently of the platform: an accepted push whose (epoch, sequence) is
    lower than one accepted before is out of order. Parts of one push share its token; replayed answers count nothing.
    """

    def __init__(self) -> None:
        self.last_index = 0
        self.cycles = 0
        """Pushes begun: distinct tokens, newest first seen; the parts of a push are one."""
        self.accepted = 0
        self.refused = 0
        self.out_of_order = 0
        self.changes: list[TermChange] = []
        self.last_accepted: PushRecord | None = None
        self._highest_seen = (0, 0)
        self._highest_accepted = (0, 0)

    def add(self, pushes: Iterable[PushRecord]) -> list[TermChange]:
        """Read the pushes that followed those read before; return the hand-overs among them."""
        known = len(self.changes)
        for push in pushes:
            self._add(push)
        return self.changes[known:]

    def _add(self, push: PushRecord) -> None:
        self.last_index = max(self.last_index, push.index)
        token = (push.epoch, push.sequence)
        if token > self._highest_seen:
            self._highest_seen = token
            self.cycles += 1
        if push.replayed:
            return
        if not push.accepted:
            self.refused += 1
            return
        self.accepted += 1
        if token < self._highest_accepted:
            self.out_of_order += 1
            return
        self._highest_accepted = token
        last = self.last_accepted
        if last is not None and push.epoch > last.epoch:
            self.changes.append(TermChange(last.epoch, push.epoch, last.received_at, push.received_at))
        self.last_accepted = push
