"""Pacing a model in process, faster than the clock: no sockets, no nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.model.agents_and_targets import Target
    from simulator.model.centre import ContactCentre


@dataclass(frozen=True, slots=True)
class TargetAllowance:
    """One row of a push."""

    target: Target
    invitations: int
    inbound_portion: float | None = None


class Pacer(Protocol):
    """Any pacing law: looks at the centre and says what may be sent until the next call."""

    def __call__(self, centre: ContactCentre, /) -> Iterable[TargetAllowance]:
        """Allowances of one refresh period."""
        ...


def run_paced(centre: ContactCentre, pacer: Pacer, *, until: float, refresh_seconds: float = 5.0) -> None:
    """Run the model to ``until`` and let the pacer allow invitations at every refresh period."""
    while centre.now < until:
        for allowance in pacer(centre):
            centre.allow(allowance.target, allowance.invitations, refresh_seconds, allowance.inbound_portion)
        centre.run_until(min(until, centre.now + refresh_seconds))


def one_per_ready_slot(centre: ContactCentre) -> Iterable[TargetAllowance]:
    """The most careful law: one invitation for each ready slot that none is out for. Never abandons for want of agents,
    unless targets share them.
    """
    for target in centre.targets:
        taken = len(target.line) + target.invitations.pending
        yield TargetAllowance(target, max(0, target.ready - taken))
