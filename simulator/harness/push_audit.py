"""What the engagement platform's record of pushes says: counts, order, hand-overs and their gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.harness.push_record import FULL, PARTIAL, OrderOfPushes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.harness.push_record import Push


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

    Parts of one push share its token; replayed answers count nothing.
    """

    def __init__(self) -> None:
        self.last_index = 0
        self.cycles = 0
        """Full pushes begun: distinct tokens, newest first seen; the parts of a push are one."""
        self.accepted = 0
        self.refused = 0
        """Without partial pushes that change another state: their refusal is no sign of a second master."""
        self.partials = 0
        """Partial pushes among the accepted."""
        self.out_of_order = 0
        """Accepted although a newer one was, or partial and applied to another state than the one it names."""
        self.changes: list[TermChange] = []
        self.last_accepted: Push | None = None
        self._highest_seen = (0, 0)
        self._order = OrderOfPushes()

    def add(self, pushes: Iterable[Push]) -> list[TermChange]:
        """Read the pushes that followed those read before; return the hand-overs among them."""
        known = len(self.changes)
        for push in pushes:
            self._add(push)
        return self.changes[known:]

    def _add(self, push: Push) -> None:
        self.last_index = max(self.last_index, push.index)
        if push.token > self._highest_seen:
            self._highest_seen = push.token
            self.cycles += push.kind == FULL
        if push.replayed:
            return
        if not push.accepted:
            self.refused += push.reason != "out_of_step"
            return
        self.accepted += 1
        if self._order.fault(push):
            self.out_of_order += 1
            return
        self.partials += push.kind == PARTIAL
        last = self.last_accepted
        if last is not None and push.epoch > last.epoch:
            self.changes.append(TermChange(last.epoch, push.epoch, last.received_at, push.received_at))
        self.last_accepted = push
