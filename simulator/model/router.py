"""Brings interactions and agents together: oldest interaction first, longest free agent first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy.random import Generator

    from simulator.model.agents_and_targets import Agent, Interaction, Target
    from simulator.model.timeline import Timeline


class RouterListener(Protocol):
    """Is called with what changed, in the instant of the change."""

    def agent_changed(self, agent: Agent) -> None:
        """The agent's reading differs from before."""
        ...

    def target_changed(self, target: Target) -> None:
        """One of the target's queue counters differs from before."""
        ...


class Router:
    """Keeps the rule: while an agent would be given an interaction of a queue, nothing waits in it."""

    def __init__(self, timeline: Timeline, service: Generator, patience: Generator) -> None:
        self._timeline = timeline
        self._service = service
        self._patience = patience
        self.observers: list[RouterListener] = []
        self.at_work = 0
        """Agents at work (ready, busy or in after-call work)."""
        self.load = 0.0
        """Sum of the loads of agents at work."""
        self.at_work_seconds = 0.0
        self.load_seconds = 0.0
        self._since = 0.0

    def enter(self, interaction: Interaction) -> None:
        """Put an interaction into its queue; it is answered at once when somebody is free."""
        target = interaction.target
        flow = target.flow(interaction)
        flow.entered += 1
        if target.pool:
            self._answer(interaction, next(iter(target.pool)))
        else:
            target.integrate(self._timeline.now)
            flow.waiting += 1
            interaction.waiting = True
            target.line[interaction] = None
            self._timeline.after(target.spec.patience.draw(self._patience), self._give_up, interaction)
            self._notify(target)

    def refresh(self, agent: Agent) -> None:
        """Bring counts and pools up to the agent's new state, then give the agent what waits."""
        self._recount(agent)
        while (waiting := self._oldest_for(agent)) is not None:
            flow = waiting.target.flow(waiting)
            waiting.target.integrate(self._timeline.now)
            del waiting.target.line[waiting]
            waiting.waiting = False
            flow.waiting -= 1
            self._answer(waiting, agent)

    def integrate(self) -> None:
        """Bring the integrals over all agents up to now."""
        elapsed = self._timeline.now - self._since
        if elapsed > 0.0:
            self._since = self._timeline.now
            self.at_work_seconds += self.at_work * elapsed
            self.load_seconds += self.load * elapsed

    def _oldest_for(self, agent: Agent) -> Interaction | None:
        heads = (next(iter(t.line)) for t in agent.targets if t.line and agent in t.pool)
        return min(heads, key=lambda interaction: interaction.entered_at, default=None)

    def _answer(self, interaction: Interaction, agent: Agent) -> None:
        target = interaction.target
        flow = target.flow(interaction)
        wait = self._timeline.now - interaction.entered_at
        flow.answered += 1
        flow.wait_seconds += wait
        flow.longest_wait_seconds = max(flow.longest_wait_seconds, wait)
        agent.talking[target.media] += 1
        for served in agent.targets:
            if agent in served.pool:
                served.pool.move_to_end(agent)
        self._recount(agent)
        self._notify(target)
        service = interaction.service
        if service is None:
            service = target.spec.handle.draw(self._service)
        self._timeline.after(service, self._hang_up, interaction, agent, service)

    def _hang_up(self, interaction: Interaction, agent: Agent, service: float) -> None:
        target = interaction.target
        agent.talking[target.media] -= 1
        agent.wrapping[target.media] += 1
        if target.spec.wrap_up is None:
            self._finish(interaction, agent, service)
            return
        wrap_up = target.spec.wrap_up.draw(self._service)
        self._timeline.after(wrap_up, self._finish, interaction, agent, service + wrap_up)
        self.refresh(agent)

    def _finish(self, interaction: Interaction, agent: Agent, seconds: float) -> None:
        target = interaction.target
        agent.wrapping[target.media] -= 1
        target.flow(interaction).completed += 1
        target.learn_handle_time(seconds)
        self._notify(target)
        self.refresh(agent)

    def _give_up(self, interaction: Interaction) -> None:
        if not interaction.waiting:
            return
        target = interaction.target
        target.integrate(self._timeline.now)
        del target.line[interaction]
        interaction.waiting = False
        flow = target.flow(interaction)
        flow.waiting -= 1
        flow.abandoned += 1
        self._notify(target)

    def _recount(self, agent: Agent) -> None:
        before, after = agent.reading, agent.read()
        if before == after:
            return
        now = self._timeline.now
        self.integrate()
        agent.reading = after
        self.at_work += after.status.at_work - before.status.at_work
        self.load += after.load * after.status.at_work - before.load * before.status.at_work
        for target in agent.targets:
            target.integrate(now)
            (ready, busy), (was_ready, was_busy) = after.slots(target.media), before.slots(target.media)
            target.ready += ready - was_ready
            target.busy += busy - was_busy
            target.logged_in += after.logged_in - before.logged_in
            if after.routable(target.media):
                target.pool.setdefault(agent)
            else:
                target.pool.pop(agent, None)
        for observer in self.observers:
            observer.agent_changed(agent)

    def _notify(self, target: Target) -> None:
        for observer in self.observers:
            observer.target_changed(target)
