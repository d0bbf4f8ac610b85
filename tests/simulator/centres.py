"""Small contact centres to test with."""

from __future__ import annotations

from typing import Any

from simulator.model import Centre, ContactCentre, Group, Queue, Staff
from simulator.model.distributions import Exponential
from simulator.model.spec import CapacityRule, Invitations, Reactive, Switch

RULES = (
    CapacityRule(name="chat-1", media={"chat": 1}),
    CapacityRule(name="chat-2", media={"chat": 2}),
    CapacityRule(name="blended", media={"chat": 2, "voice": 1}, exclusive=True),
    CapacityRule(name="mixed", media={"chat": 3, "voice": 1}),
)


def queue(number: str = "q", *, media: str = "chat", **more: Any) -> Queue:
    return Queue(name=f"Queue {number}", number=number, switch="switch", media=media, **more)


def centre_of(*queues: Queue, staff: tuple[Staff, ...], groups: tuple[Group, ...] | None = None, **more: Any) -> Centre:
    """One group of all staff serves every queue unless groups are given."""
    everybody = Group(name="All", staff=tuple(s.prefix for s in staff), queues=tuple(q.number for q in queues))
    return Centre(
        switches=(Switch(name="switch"),),
        capacity_rules=RULES,
        staff=staff,
        groups=(everybody,) if groups is None else groups,
        queues=queues,
        **more,
    )


def chat_centre(agents: int = 5, *, seed: int = 1, rule: str = "chat-1", **more: Any) -> ContactCentre:
    """One chat queue, one batch of agents."""
    spec = centre_of(queue(**more), staff=(Staff(prefix="a", count=agents, capacity_rule=rule),))
    return ContactCentre(spec, seed)


def loss_free_queue(servers: int, load: float, *, handle: float = 60.0, patience: float = 1e12) -> ContactCentre:
    """Poisson reactive traffic of ``load`` Erlang and exponential times: M/M/n, or M/M/n+M with finite patience."""
    return chat_centre(
        servers,
        handle=Exponential(mean=handle),
        patience=Exponential(mean=patience),
        reactive=Reactive(per_hour=(load / handle * 3600.0,)),
    )


def eager(**more: Any) -> Invitations:
    """Invitations that are all accepted after a second."""
    return Invitations.model_validate(
        {"acceptance": {"ratio": 1.0}, "answer": {"kind": "fixed", "seconds": 1.0}} | more,
    )
