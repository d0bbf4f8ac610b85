"""The model of a contact centre: one object that is run, paced, read and measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulator.model.agents_and_targets import Agent, Target
from simulator.model.invitations import InvitationDesk, InvitationReport
from simulator.model.measures import Measures, measure
from simulator.model.reactive import ReactiveTraffic
from simulator.model.router import Router, RouterListener
from simulator.model.spec import DEFAULT_RULE, CapacityRule, Centre, Group
from simulator.model.staffing import Staffing
from simulator.model.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable

_BUILT_IN_RULE = CapacityRule(name=DEFAULT_RULE, media={"voice": 1})


class ContactCentre:
    """Event-driven model with its own clock and seeded randomness; no I/O, no wall clock.

    The same specification, seed and sequence of calls give the same history. Invitations, times, patience, staff and
    reactive traffic draw from streams of their own, so a change of pacing does not change, say, who takes a break when.
    """

    def __init__(self, spec: Centre, seed: int = 1) -> None:
        self.spec = spec
        streams = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(5)]
        self._timeline = Timeline()
        self._router = Router(self._timeline, service=streams[0], patience=streams[1])
        self.targets: tuple[Target, ...] = tuple(Target(i, queue) for i, queue in enumerate(spec.queues))
        """In the order of the specification."""
        self.agents: tuple[Agent, ...] = tuple(_hire(spec))
        self._by_name = {target.spec.number_target: target for target in self.targets}
        self._by_name |= {target.spec.target: target for target in self.targets}
        _assign(spec, self.targets, self.agents)
        self._desk = InvitationDesk(self._timeline, self._router, streams[2], self.targets)
        self._staffing = Staffing(self._timeline, self._router, streams[3], spec.start)
        reactive = ReactiveTraffic(self._timeline, self._router, self._desk, streams[4], spec.start)
        for agent in self.agents:
            self._staffing.start(agent)
        for target in self.targets:
            reactive.start(target)

    @property
    def now(self) -> float:
        """Model time in seconds from the start."""
        return self._timeline.now

    def observe(self, observer: RouterListener) -> None:
        """Tell the observer of every change from now on."""
        self._router.observers.append(observer)

    def run_until(self, time: float, most_events: int | None = None) -> bool:
        """Advance the model to ``time``, in at most ``most_events`` events; True when it got there."""
        return self._timeline.run_until(time, most_events)

    def target(self, name: str) -> Target | None:
        """The target of that name (``<queue> - <media>``, the queue by name or number), or None."""
        return self._by_name.get(name)

    def allow(self, target: Target, count: int, interval_seconds: float, inbound_portion: float | None = None) -> None:
        """Let the target invite ``count`` visitors within the interval; replaces what it was allowed before."""
        self._desk.allow(target, count, interval_seconds, inbound_portion)

    def allowance_left(self, target: Target) -> int:
        """Invitations the target may still offer now."""
        return self._desk.allowance_left(target)

    def report(self, target: Target) -> InvitationReport:
        """What an engagement platform knows of the target's invitations."""
        return self._desk.report(target)

    def set_acceptance_factor(self, factor: float) -> None:
        """Multiply every acceptance ratio by ``factor`` from now on."""
        self._desk.acceptance_factor = factor

    def send_home(self, agents: Iterable[Agent], *, home: bool) -> None:
        """Log the agents out whatever their shifts say, or let the shifts decide again."""
        for agent in agents:
            self._staffing.send_home(agent, home=home)

    def measures(self) -> Measures:
        """Busy ratio, abandonment and waits up to now."""
        return measure(self.now, self._router, self.targets)


class Roster:
    """Who belongs to which group."""

    def __init__(self, spec: Centre) -> None:
        self._staff = {batch.prefix: batch for batch in spec.staff}

    def members(self, group: Group) -> tuple[str, ...]:
        """User names of a group's agents: those of its staff, or those whose skill is above the term's level."""
        if group.virtual is None:
            batches = [self._staff[prefix] for prefix in group.staff]
        else:
            term = group.virtual
            batches = [batch for batch in self._staff.values() if batch.skills.get(term.skill, 0) > term.above]
        return tuple(name for batch in batches for name in batch.user_names)


def _hire(spec: Centre) -> Iterable[Agent]:
    rules = {rule.name: rule for rule in spec.capacity_rules}
    for batch in spec.staff:
        rule = rules.get(batch.capacity_rule, _BUILT_IN_RULE)
        for user_name in batch.user_names:
            yield Agent(user_name, batch, rule)


def _assign(spec: Centre, targets: tuple[Target, ...], agents: tuple[Agent, ...]) -> None:
    """Give every target the agents of all groups that list its queue, each once."""
    by_number = {target.spec.number: target for target in targets}
    by_user = {agent.user_name: agent for agent in agents}
    listed: dict[int, dict[str, None]] = {target.index: {} for target in targets}
    roster = Roster(spec)
    for group in spec.groups:
        names = roster.members(group)
        for number in group.queues:
            listed[by_number[number].index].update(dict.fromkeys(names))
    for target in targets:
        target.agents = [by_user[name] for name in listed[target.index]]
        for agent in target.agents:
            agent.targets.append(target)
