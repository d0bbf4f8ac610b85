"""Statistics of the model by name: what a subscription stands for and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from contact_center.v1 import statistics_pb2 as pb
from simulator.model import Agent, AgentReading, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from simulator.model import ContactCentre

PROACTIVE_FILTER = "PACS_Proactive_Interaction"


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that cannot be had, and why."""

    reason: str


Value = float | AgentReading | Invalid


NO_DATA = Invalid("no data yet")
"""An average before there is anything to average."""


@dataclass(frozen=True, slots=True)
class QueueStatistic:
    """A statistic of a queue under one filter."""

    read: Callable[[Target], float | None]
    """None: no data yet."""
    total: int | None = None
    """Position among a queue's totals, which each server counts from its own start; None for current numbers."""


def totals(target: Target) -> tuple[int, int, int, int, int, int]:
    """Totals of a queue since the start of the model, in the order of ``QueueStatistic.total``."""
    pro, rea = target.proactive, target.reactive
    return (
        pro.answered,
        pro.abandoned,
        pro.entered,
        pro.answered + rea.answered,
        pro.abandoned + rea.abandoned,
        pro.entered + rea.entered,
    )


def _total(position: int) -> QueueStatistic:
    return QueueStatistic(lambda target: float(totals(target)[position]), position)


QUEUE_STATISTICS: Mapping[tuple[str, str], QueueStatistic] = {
    ("PACS_VQ_Current", PROACTIVE_FILTER): QueueStatistic(lambda target: float(target.proactive.waiting)),
    ("PACS_VQ_Current", ""): QueueStatistic(lambda target: float(len(target.line))),
    ("PACS_VQ_Accepted", PROACTIVE_FILTER): _total(0),
    ("PACS_VQ_Abandoned", PROACTIVE_FILTER): _total(1),
    ("PACS_VQ_Entered", PROACTIVE_FILTER): _total(2),
    ("PACS_VQ_Accepted", ""): _total(3),
    ("PACS_VQ_Abandoned", ""): _total(4),
    ("PACS_VQ_Entered", ""): _total(5),
    ("PACS_VQ_AverageHandleTime", ""): QueueStatistic(lambda target: target.mean_handle_seconds),
}
"""Statistics of queues by name and filter."""


class Catalogue:
    """Finds what a subscription asks for."""

    def __init__(self, centre: ContactCentre) -> None:
        self._agents = {agent.user_name: agent for agent in centre.agents}
        self._queues = {target.spec.object_id: target for target in centre.targets}

    def find(self, subscription: pb.Subscription) -> tuple[Agent | Target, QueueStatistic | None] | Invalid:
        """The object and, for a queue, the statistic; Invalid when there is no such thing."""
        wanted = subscription.object_id
        if subscription.object_type == pb.OBJECT_TYPE_AGENT:
            agent = self._agents.get(wanted)
            if agent is None:
                return Invalid(f"unknown agent {wanted}")
            return (agent, None) if subscription.statistic == "AgentState" else _unknown(subscription)
        if subscription.object_type == pb.OBJECT_TYPE_QUEUE:
            target = self._queues.get(wanted)
            if target is None:
                return Invalid(f"unknown queue {wanted}")
            statistic = QUEUE_STATISTICS.get((subscription.statistic, subscription.filter))
            return (target, statistic) if statistic is not None else _unknown(subscription)
        return Invalid("unknown object type")


def _unknown(subscription: pb.Subscription) -> Invalid:
    names = {name for name, _ in QUEUE_STATISTICS} | {"AgentState"}
    if subscription.statistic in names and subscription.filter not in {"", PROACTIVE_FILTER}:
        return Invalid(f"unknown filter {subscription.filter}")
    return Invalid(f"statistic {subscription.statistic} is not defined for this object")


@lru_cache(maxsize=4096)
def agent_state(reading: AgentReading) -> pb.AgentState:
    """A reading as a message; equal readings share one, so it must not be changed."""
    return pb.AgentState(
        status=pb.AgentStatus.ValueType(int(reading.status)),
        media=[
            pb.MediaCapacity(media=m.media, maximum=m.maximum, in_use=m.in_use, routable=m.routable)
            for m in reading.media
        ],
    )


def encode(values: Iterable[tuple[int, Value]]) -> list[pb.StatisticValue]:
    """Values by reference as messages."""
    return [_encode(reference, value) for reference, value in values]


def _encode(reference: int, value: Value) -> pb.StatisticValue:
    if isinstance(value, AgentReading):
        return pb.StatisticValue(reference=reference, agent_state=agent_state(value))
    if isinstance(value, Invalid):
        return pb.StatisticValue(reference=reference, invalid=pb.InvalidStatistic(reason=value.reason))
    return pb.StatisticValue(reference=reference, number=value)
