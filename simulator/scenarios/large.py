"""Many equal targets, to try the size of an installation."""

from __future__ import annotations

from simulator.model.distributions import Exponential, Lognormal
from simulator.model.spec import CapacityRule, Centre, Group, Invitations, Queue, Staff, Switch
from simulator.scenarios.scenario import Scenario


def large(targets: int, agents_per_target: int = 3, *, handle_seconds: float = 300.0) -> Scenario:
    """``targets`` chat targets with ``agents_per_target`` agents each (one chat at once), none shared.

    Handle time lognormal with a coefficient of variation of 0.8, acceptance 0.3, answer and patience exponential with
    means of 15 and 60 s, ample visitors: the setting on which the pacing laws are compared.
    """
    width = len(str(targets))
    handle = Lognormal(mean=handle_seconds, cv=0.8)
    invitations = Invitations(answer=Exponential(mean=15.0))
    numbers = [f"{i:0{width}d}" for i in range(1, targets + 1)]
    centre = Centre(
        switches=(Switch(name="chat-switch"),),
        capacity_rules=(CapacityRule(name="chat-1", media={"chat": 1}),),
        staff=tuple(Staff(prefix=f"agent-{n}", count=agents_per_target, capacity_rule="chat-1") for n in numbers),
        groups=tuple(Group(name=f"Group {n}", staff=(f"agent-{n}",), queues=(f"VQ_{n}",)) for n in numbers),
        queues=tuple(
            Queue(
                name=f"Queue {n}",
                number=f"VQ_{n}",
                switch="chat-switch",
                media="chat",
                goal=3.0,
                handle=handle,
                invitations=invitations,
            )
            for n in numbers
        ),
    )
    return Scenario(name="large", description=f"{targets} equal chat targets", centre=centre)
