"""Proactive invitations: what a push allows is offered to visitors, who accept, decline or ignore it."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.model.agents_and_targets import Interaction

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulator.model.agents_and_targets import Target
    from simulator.model.router import Router
    from simulator.model.spec import Acceptance
    from simulator.model.timeline import Timeline

ENOUGH_DISPOSITIONS = 30
"""Dispositions of a target before the platform reports averages for it."""


@dataclass(slots=True)
class Allowance:
    """What the newest push lets a target invite."""

    left: int = 0
    starts: float = 0.0
    ends: float = 0.0
    count: int = 0
    inbound_portion: float = 1.0
    generation: int = 0
    """Number of the push; what an older one scheduled is dropped."""


@dataclass(frozen=True, slots=True)
class InvitationReport:
    """What an engagement platform knows of a target's invitations. None: too few dispositions so far."""

    pending: int
    acceptance_ratio: float | None
    accept_seconds: float | None
    refuse_seconds: float | None


def acceptance_at(spec: Acceptance, time: float) -> float:
    """Acceptance ratio at ``time``: the newest step, times 1 + wave·sin(2πt/period), within 0..1."""
    step = bisect_right(spec.steps, (time, math.inf))
    ratio = spec.steps[step - 1][1] if step else spec.ratio
    wave = 1.0 + spec.wave * math.sin(2.0 * math.pi * time / spec.wave_period) if spec.wave else 1.0
    return min(1.0, max(0.0, ratio * wave))


class InvitationDesk:
    """Offers invitations of every target and sees what becomes of them."""

    def __init__(self, timeline: Timeline, router: Router, rng: Generator, targets: tuple[Target, ...]) -> None:
        self._timeline = timeline
        self._router = router
        self._rng = rng
        self._allowances = [Allowance() for _ in targets]
        self.acceptance_factor = 1.0
        """Multiplies the acceptance ratio of every target."""

    def allow(self, target: Target, count: int, interval_seconds: float, inbound_portion: float | None) -> None:
        """Let the target invite ``count`` visitors within the interval; what an earlier call left is dropped.

        ``inbound_portion`` holds until the next call; None lets every reactive visitor through.
        """
        allowance = self._allowances[target.index]
        allowance.generation += 1
        allowance.count = allowance.left = count
        allowance.starts = self._timeline.now
        allowance.ends = self._timeline.now + interval_seconds
        allowance.inbound_portion = 1.0 if inbound_portion is None else inbound_portion
        if count > 0:
            self._expect_visitor(target, allowance)

    def inbound_portion(self, target: Target) -> float:
        """Share of reactive visitors the newest push lets through, 0..1."""
        return self._allowances[target.index].inbound_portion

    def allowance_left(self, target: Target) -> int:
        """Invitations the newest push still lets the target offer now."""
        allowance = self._allowances[target.index]
        return allowance.left if self._timeline.now <= allowance.ends else 0

    def report(self, target: Target) -> InvitationReport:
        """What the platform knows of the target's invitations now."""
        counts = target.invitations
        known = counts.accepted + counts.refused >= ENOUGH_DISPOSITIONS
        return InvitationReport(
            pending=counts.pending,
            acceptance_ratio=counts.recent_accepted / counts.recent_disposed if known else None,
            accept_seconds=counts.accept_seconds / counts.accepted if known and counts.accepted else None,
            refuse_seconds=counts.refuse_seconds / counts.refused if known and counts.refused else None,
        )

    def _expect_visitor(self, target: Target, allowance: Allowance) -> None:
        """Schedule the next visitor who can be invited, unless that would be after the interval."""
        spec = target.spec.invitations
        if spec.visitors_per_hour is None:
            length = allowance.ends - allowance.starts
            offered = allowance.count - allowance.left
            at = allowance.starts + (offered + self._rng.random()) * spec.spread * length / allowance.count
        else:
            at = self._timeline.now + self._rng.standard_exponential() * 3600.0 / spec.visitors_per_hour
        if at <= allowance.ends:
            self._timeline.at(at, self._invite, target, allowance.generation)

    def _invite(self, target: Target, generation: int) -> None:
        allowance = self._allowances[target.index]
        if generation != allowance.generation:
            return
        allowance.left -= 1
        spec = target.spec.invitations
        target.invitations.invited += 1
        ratio = min(1.0, acceptance_at(spec.acceptance, self._timeline.now) * self.acceptance_factor)
        accepted = bool(self._rng.random() < ratio)
        if not accepted and spec.ignored and self._rng.random() < spec.ignored:
            seconds = spec.timeout
        else:
            seconds = min(spec.answer.draw(self._rng), spec.timeout)
        self._timeline.after(seconds, self._dispose, target, accepted, seconds)
        if allowance.left > 0:
            self._expect_visitor(target, allowance)

    def _dispose(self, target: Target, accepted: bool, seconds: float) -> None:
        target.invitations.dispose(accepted=accepted, seconds=seconds)
        if accepted:
            self._router.enter(Interaction(target, proactive=True, entered_at=self._timeline.now))
