"""The engagement platform's record of pushes, and what can be measured on it. Pure.

Everything is measured where it matters: at the receiver. Times are Unix seconds on the receiver's clock.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FULL, PARTIAL = "full", "partial"
GRACE_SECONDS = 0.25
"""What an interval between two accepted pushes may exceed its refresh periods by before one more counts as missed."""


@dataclass(frozen=True, slots=True)
class Push:
    """One push, or one part of it, as the platform received and answered it."""

    index: int
    received_at: float
    """Unix time in seconds."""
    cluster_id: str
    epoch: int
    sequence: int
    part: str
    """``i/k``; ``1/1`` for a push in one piece."""
    accepted: bool
    replayed: bool
    """The answer was repeated from memory; nothing was applied."""
    reason: str = ""
    """Why it was refused."""
    key: str = ""
    """Its Idempotency-Key, without the part."""
    kind: str = FULL
    """``full``: the whole state of a period. ``partial``: a change to the state that ``prev`` names."""
    prev: int = 0
    """Of a partial push: sequence of the push whose state it changes; else 0."""

    @classmethod
    def from_wire(cls, record: Mapping[str, Any]) -> Push:
        """Read one entry of the platform's list; a push without a token has epoch and sequence 0."""
        return cls(
            index=int(record["index"]),
            received_at=float(record["received_at"]),
            cluster_id=str(record.get("cluster_id") or ""),
            epoch=int(record.get("epoch") or 0),
            sequence=int(record.get("sequence") or 0),
            part=str(record.get("part") or "1/1"),
            accepted=bool(record["accepted"]),
            replayed=bool(record.get("replayed")),
            reason=str(record.get("reason") or ""),
            key=str(record.get("key") or ""),
            kind=str(record.get("kind") or FULL),
            prev=int(record.get("prev") or 0),
        )

    @property
    def term(self) -> str:
        """Which term it belongs to: its key without the sequence."""
        return self.key.rpartition(":")[0]

    @property
    def parts(self) -> int:
        """In how many parts it came."""
        return int(self.part.rpartition("/")[2])

    @property
    def token(self) -> tuple[int, int]:
        """What pushes of one cluster are ordered by."""
        return self.epoch, self.sequence

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def applied(pushes: Iterable[Push]) -> list[Push]:
    """Pushes that took effect, in the order in which they did; a push in parts counts by the first one that came."""
    seen: set[tuple[str, int, int]] = set()
    found = []
    for push in pushes:
        key = (push.cluster_id, push.epoch, push.sequence)
        if push.accepted and not push.replayed and key not in seen:
            seen.add(key)
            found.append(push)
    return found


def full_pushes(pushes: Iterable[Push]) -> list[Push]:
    """The full ones among the pushes that took effect: periods and gaps are counted by them."""
    return [push for push in applied(pushes) if push.kind == FULL]


@dataclass(slots=True)
class OrderOfPushes:
    """Judges pushes in the order of arrival, independently of the platform that accepted them."""

    _highest: tuple[int, int] = (-1, -1)
    _parts: set[str] = field(default_factory=set)
    _cluster: str | None = None
    _newest: Push | None = None

    def fault(self, push: Push) -> str:
        """What is wrong with a push that took effect; empty when nothing is, or when it took none.

        It came after a newer token, or after the same part of the same token; or it is partial, and the state it was
        applied to is not the one it names, or was not whole.
        """
        if not push.accepted or push.replayed:
            return ""
        self._cluster = self._cluster or push.cluster_id
        repeated = push.token == self._highest and push.part in self._parts
        if push.cluster_id != self._cluster or push.token < self._highest or repeated:
            return "accepted out of order"
        if push.token == self._highest:
            self._parts.add(push.part)
            return ""
        fault = self._out_of_step(push) if push.kind == PARTIAL else ""
        self._highest, self._parts, self._newest = push.token, {push.part}, push
        return fault

    def _out_of_step(self, push: Push) -> str:
        newest = self._newest
        if newest is None or (newest.epoch, newest.term, newest.sequence) != (push.epoch, push.term, push.prev):
            return "applied to another state than it names"
        if len(self._parts) < newest.parts:
            return "applied while a push had open parts"
        return ""


def faults_of(pushes: Iterable[Push]) -> list[tuple[Push, str]]:
    """Pushes that should not have taken effect when they did, each with what is wrong."""
    order = OrderOfPushes()
    return [(push, fault) for push in pushes if (fault := order.fault(push))]


def out_of_order(pushes: Iterable[Push]) -> list[Push]:
    """Pushes that should not have taken effect when they did."""
    return [push for push, _ in faults_of(pushes)]


def longest_interval(times: Sequence[float], since: float, until: float) -> float:
    """Longest time without an accepted push between ``since`` and ``until``.

    An interval that spans ``since`` counts from its accepted push before ``since``; the last one ends at ``until``.
    """
    before = [at for at in times if at <= since]
    within = [at for at in times if since < at < until]
    marks = [before[-1] if before else since, *within, until]
    return max(later - earlier for earlier, later in pairwise(marks))


def missed_periods(times: Sequence[float], since: float, until: float, period_seconds: float) -> int:
    """Refresh periods that passed without an accepted push, over all intervals that touch ``since`` to ``until``.

    An interval of length d between two accepted pushes misses ceil((d - grace) / period) - 1 periods, at least none.
    The interval that is still open at ``until`` does not count.
    """
    missed = 0
    for earlier, later in pairwise(sorted(times)):
        if later > since and earlier < until:
            missed += max(0, math.ceil((later - earlier - GRACE_SECONDS) / period_seconds) - 1)
    return missed


def changes_of_epoch(pushes: Sequence[Push]) -> int:
    """How often the epoch of the pushes that took effect changed."""
    return sum(1 for earlier, later in pairwise(applied(pushes)) if earlier.epoch != later.epoch)
