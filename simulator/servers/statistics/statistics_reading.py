"""Statistics for the HTTP interfaces: read from whichever server of the pair is primary, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contact_center.v1 import statistics_pb2 as pb
from simulator.model import Agent, AgentReading, Target
from simulator.servers.statistics.statistics_values import PROACTIVE_FILTER, Invalid, QueueStatistic, Value

if TYPE_CHECKING:
    from simulator.servers.statistics.statistics_pair import StatisticsPair
    from simulator.servers.statistics.statistics_server import StatisticsServer

OBJECT_TYPES = {"agent": pb.OBJECT_TYPE_AGENT, "queue": pb.OBJECT_TYPE_QUEUE, "virtualqueue": pb.OBJECT_TYPE_QUEUE}
"""Types of objects as the HTTP interfaces name them, in lower case."""

PROVISIONED = frozenset({"PACS_VQ_Current", "PACS_VQ_Accepted", "PACS_VQ_Abandoned"})
"""Statistics provisioned with the filter of proactive interactions: asked for by name alone, they count only those."""

Wanted = tuple[Agent | Target, QueueStatistic | None]


class StatisticsReading:
    """Finds and reads statistics of the primary server of the moment."""

    def __init__(self, pair: StatisticsPair) -> None:
        self._pair = pair

    @property
    def server(self) -> StatisticsServer | None:
        """The server that is up, primary, and has its sources; None while there is none."""
        for server in (self._pair.primary, self._pair.backup):
            if server.up and server.mode == pb.SERVER_MODE_PRIMARY and server.available:
                return server
        return None

    def find(self, object_type: str, object_id: str, statistic: str, only: str | None) -> Wanted | Invalid:
        """What is asked for; Invalid with the reason when there is no such thing.

        ``only`` None means that the statistic is asked for by its name, with the filter it was provisioned with.
        """
        if only is None:
            only = PROACTIVE_FILTER if statistic in PROVISIONED else ""
        kind = OBJECT_TYPES.get(object_type.lower(), pb.OBJECT_TYPE_UNSPECIFIED)
        asked = pb.Subscription(object_type=kind, object_id=object_id, statistic=statistic, filter=only)
        return self._pair.primary.find(asked)

    def read(self, wanted: Wanted) -> Value:
        """Its value now; Invalid while no server can tell."""
        server = self.server
        if server is None:
            return Invalid("no statistics server")
        server.advance()
        return server.read(*wanted)


def plain(value: float | AgentReading) -> Any:
    """A value as JSON: a number, or the agent's state as a tree."""
    if not isinstance(value, AgentReading):
        return value
    return {
        "status": int(value.status),
        "media": [
            {"media": m.media, "maximum": m.maximum, "inUse": m.in_use, "routable": m.routable} for m in value.media
        ],
    }
