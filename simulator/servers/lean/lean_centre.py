"""A centre without visitors: every agent takes and ends interactions at a steady rate, and each queue counts them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from simulator.scenarios import Scenario

ABANDONED_SHARE = 0.03
"""Interactions that are abandoned, as a share of those that enter."""


@dataclass(slots=True)
class LeanQueue:
    """What a queue counts."""

    object_id: str
    waiting: int = 0
    entered: int = 0
    accepted: int = 0
    abandoned: int = 0


@dataclass(slots=True)
class LeanAgent:
    """An agent of one queue, with one interaction or none."""

    user_name: str
    media: str
    queue: LeanQueue
    busy: bool = True


class LeanCentre:
    """Changes a few agents and queues at a time, the same ones for the same seed."""

    def __init__(self, scenario: Scenario, *, handle_seconds: float = 300.0, seed: int = 1) -> None:
        """Of the scenario it takes queues, and the staff of the first group that serves each."""
        self._random = random.Random(seed)
        self._handle_seconds = handle_seconds
        self._owed = 0.0
        self.queues = {queue.object_id: LeanQueue(queue.object_id) for queue in scenario.centre.queues}
        self.agents = {agent.user_name: agent for agent in self._staff(scenario)}
        self._by_index = list(self.agents.values())

    def _staff(self, scenario: Scenario) -> Iterator[LeanAgent]:
        staff = {each.prefix: each for each in scenario.centre.staff}
        specs = {queue.number: queue for queue in scenario.centre.queues}
        for group in scenario.centre.groups:
            for number in group.queues[:1]:
                spec = specs[number]
                for prefix in group.staff:
                    for name in staff[prefix].user_names:
                        yield LeanAgent(name, spec.media, self.queues[spec.object_id])

    def advance(self, seconds: float, changed: Callable[[LeanAgent, Sequence[str]], None]) -> None:
        """Let so many seconds pass.

        ``changed`` is called with each agent that begins or ends an interaction, and what its queue counted anew.
        """
        self._owed += 2.0 * seconds * len(self._by_index) / self._handle_seconds
        while self._owed >= 1.0 and self._by_index:
            self._owed -= 1.0
            agent = self._random.choice(self._by_index)
            changed(agent, self._turn(agent))

    def _turn(self, agent: LeanAgent) -> Sequence[str]:
        queue = agent.queue
        agent.busy = not agent.busy
        if not agent.busy:
            return ()
        queue.entered += 1
        if self._random.random() < ABANDONED_SHARE:
            queue.abandoned += 1
            return ("entered", "abandoned")
        queue.accepted += 1
        return ("entered", "accepted")
