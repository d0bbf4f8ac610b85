"""Reactive traffic: visitors who come by themselves, at random or as recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.model.agents_and_targets import Interaction

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulator.model.agents_and_targets import Target
    from simulator.model.invitations import InvitationDesk
    from simulator.model.router import Router
    from simulator.model.spec import Call
    from simulator.model.timeline import Timeline

DAY = 86_400.0


class ReactiveTraffic:
    """Poisson arrivals with a daily profile, and replayed calls, of every target."""

    def __init__(
        self, timeline: Timeline, router: Router, desk: InvitationDesk, rng: Generator, time_of_day: float
    ) -> None:
        self._timeline = timeline
        self._router = router
        self._desk = desk
        self._rng = rng
        self._time_of_day = time_of_day

    def start(self, target: Target) -> None:
        """Begin the target's arrivals."""
        spec = target.spec.reactive
        if any(spec.per_hour):
            level = self._rng.gamma(spec.day_cv**-2.0, spec.day_cv**2.0) if spec.day_cv else 1.0
            self._expect(target, level)
        for call in spec.calls:
            if call.at >= self._time_of_day:
                self._timeline.at(call.at - self._time_of_day, self._replay, target, call)

    def _expect(self, target: Target, level: float) -> None:
        """Draw the next arrival within the current part of the day; arrivals in a part are Poisson."""
        profile = target.spec.reactive.per_hour
        length = DAY / len(profile)
        time_of_day = (self._time_of_day + self._timeline.now) % DAY
        part = min(int(time_of_day / length), len(profile) - 1)
        rate = profile[part] * level / 3600.0
        left = (part + 1) * length - time_of_day
        gap = self._rng.standard_exponential() / rate if rate else left
        if gap < left:
            self._timeline.after(gap, self._arrive, target, level)
        else:
            self._timeline.after(max(left, 1e-6), self._expect, target, level)

    def _arrive(self, target: Target, level: float) -> None:
        self._offer(target, None)
        self._expect(target, level)

    def _replay(self, target: Target, call: Call) -> None:
        self._offer(target, call.service)

    def _offer(self, target: Target, service: float | None) -> None:
        portion = self._desk.inbound_portion(target)
        if portion < 1.0 and self._rng.random() >= portion:
            target.reactive_blocked += 1
            return
        self._router.enter(Interaction(target, proactive=False, entered_at=self._timeline.now, service=service))
