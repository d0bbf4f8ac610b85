"""The controllers on the event-driven model, in process: what a node does with its statistics and its pushes.

The benchmark's own centre runs many days at once in steps of time; this bridge lets the same laws pace the model of the
demonstration, which knows capacity rules, breaks, shared agents, time-outs and the platform's own averages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms import (
    Algorithm,
    Controller,
    Ledger,
    OptimizationTarget,
    Policy,
    SharedAgents,
    Snapshot,
)
from simulator.model.pacing import TargetAllowance

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pacing_node.algorithms import Result
    from pacing_node.algorithms.model import FloatArray
    from simulator.model import ContactCentre
    from simulator.model.agents_and_targets import Agent, Target

_EPOCH = 1_000_000.0
_DEFAULT_GOAL_PERCENT = 3.0


class LivePacer:
    """A pacer of ``run_paced``: reads the centre as the statistics show it and calculates with one controller."""

    def __init__(
        self,
        centre: ContactCentre,
        algorithm: Algorithm,
        *,
        handle_statistic: bool = False,
        caution: float = 1.0,
        refresh_seconds: float = 5.0,
        proactive_ratio: float = 1.0,
    ) -> None:
        targets = centre.targets
        names = [target.spec.target for target in targets]
        goals = [_DEFAULT_GOAL_PERCENT if target.spec.goal is None else target.spec.goal for target in targets]
        self.policy = Policy(
            algorithm=algorithm,
            optimization_target=OptimizationTarget.ABANDONMENT_RATE,
            goal=np.array(goals) / 100.0,
            enabled=np.ones(len(targets), dtype=np.bool_),
            refresh_seconds=refresh_seconds,
            proactive_ratio=proactive_ratio,
            caution=caution,
        )
        self._controller = Controller(names)
        self._ledger = Ledger(names)
        self._statistics = LiveStatistics(centre, handle_statistic=handle_statistic)
        self.result: Result | None = None
        """Of the newest calculation."""

    def __call__(self, centre: ContactCentre) -> Iterable[TargetAllowance]:
        """Calculate from what the statistics show now, and enter the push and its reply into the ledger."""
        now = _EPOCH + centre.now
        snapshot = self._statistics.snapshot(now)
        result = self._controller.calculate(snapshot, self._ledger.feedback(now), self.policy)
        self._ledger.allotted(now, result.invitations)
        reports = [centre.report(target) for target in centre.targets]
        self._ledger.acknowledged(
            now,
            _column([report.pending for report in reports]),
            _column([report.acceptance_ratio for report in reports]),
            _column([report.accept_seconds for report in reports]),
            _column([report.refuse_seconds for report in reports]),
        )
        self.result = result
        portions = [None if np.isnan(portion) else float(portion) for portion in result.inbound_portion]
        rows = zip(centre.targets, result.invitations, portions, strict=True)
        return [TargetAllowance(target, int(count), portion) for target, count, portion in rows]


class LiveStatistics:
    """The statistics of a centre as a node sees them: a state, and totals since the look before."""

    def __init__(self, centre: ContactCentre, *, handle_statistic: bool = False) -> None:
        """``handle_statistic``: the servers give the mean handle time."""
        self._centre = centre
        self._handle_statistic = handle_statistic
        self._completions = Completions(centre)
        self._before = self._totals()

    def snapshot(self, now: float) -> Snapshot:
        """What they show at ``now``, Unix time in seconds."""
        targets = self._centre.targets
        totals = self._totals()
        accepted, abandoned, completed, entered = totals - self._before
        self._before = totals
        handle = [target.mean_handle_seconds if self._handle_statistic else None for target in targets]
        return Snapshot(
            taken_at=now,
            logged_in=_column([target.logged_in for target in targets]),
            capable=_column([_capable(target) for target in targets]),
            ready=_column([target.ready for target in targets]),
            busy=_column([target.busy for target in targets]),
            waiting=_column([target.proactive.waiting for target in targets]),
            accepted=accepted,
            abandoned=abandoned,
            completed=completed,
            reactive_waiting=_column([target.reactive.waiting for target in targets]),
            reactive_entered=entered,
            handle_seconds=_column(handle),
            valid=np.ones(len(targets), dtype=np.bool_),
            shared=_shared(self._centre),
        )

    def _totals(self) -> FloatArray:
        """Accepted, abandoned, completed and reactive entries since the start; a row each, a column per target."""
        flows = [(target.proactive, target.reactive) for target in self._centre.targets]
        return np.array(
            [
                [proactive.answered for proactive, _ in flows],
                [proactive.abandoned for proactive, _ in flows],
                [self._completions.of(target) for target in self._centre.targets],
                [reactive.entered for _, reactive in flows],
            ],
            dtype=np.float64,
        )


class Completions:
    """Interactions that ended at a target's agents: drops of what they have in use of its medium."""

    def __init__(self, centre: ContactCentre) -> None:
        self._in_use: dict[tuple[str, str], int] = {}
        self._ended: dict[tuple[str, str], int] = {}
        centre.observe(self)

    def agent_changed(self, agent: Agent) -> None:
        """Count what the agent finished."""
        for media in agent.reading.media:
            key = (agent.user_name, media.media)
            drop = self._in_use.get(key, 0) - media.in_use
            self._in_use[key] = media.in_use
            self._ended[key] = self._ended.get(key, 0) + max(drop, 0)

    def target_changed(self, target: Target) -> None:
        """Queues do not matter here."""

    def of(self, target: Target) -> int:
        """Ended so far at the agents of this target, in its medium."""
        return sum(self._ended.get((agent.user_name, target.media), 0) for agent in target.agents)


def _shared(centre: ContactCentre) -> SharedAgents | None:
    """Agents by the set of targets they serve; None where nobody serves two."""
    classes: dict[tuple[int, ...], list[Agent]] = {}
    for agent in centre.agents:
        serves = tuple(t.index for t in agent.targets if agent.maximum.get(t.media, 0) > 0)
        classes.setdefault(serves, []).append(agent)
    if all(len(serves) < 2 for serves in classes):
        return None
    pairs, ready_agents = [], []
    for number, (serves, agents) in enumerate(classes.items()):
        for index in serves:
            slots = [agent.reading.slots(centre.targets[index].media) for agent in agents]
            pairs.append((number, index, sum(ready for ready, _ in slots), sum(busy for _, busy in slots)))
        free = sum(any(media.routable for media in a.reading.media) for a in agents if a.reading.status.at_work)
        ready_agents.append(float(free))
    table = np.array(pairs, dtype=np.float64).T
    return SharedAgents(
        class_index=table[0].astype(np.int64),
        class_target=table[1].astype(np.int64),
        ready=table[2],
        busy=table[3],
        ready_agents=np.array(ready_agents),
    )


def _capable(target: Target) -> int:
    """Agents logged in whose capacity rule allows the medium."""
    return sum(agent.reading.logged_in and agent.maximum.get(target.media, 0) > 0 for agent in target.agents)


def _column(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
