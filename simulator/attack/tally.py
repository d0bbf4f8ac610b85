"""What an assault was told to attack, and what came of it: both cross the border between two processes as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

STRANGER = "127.0.0.66"
"""Loopback address assaults come from, so that bounds per address hit them and no bystander."""
MANY_STRANGERS = tuple(f"127.0.66.{number}" for number in range(1, 21))
"""Addresses of an assault that comes from many places, so that bounds per address do not hold it up."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """Where one node is reached."""

    name: str
    host: str
    http_port: int
    clustering_port: int
    public_port: int = 0
    """HTTP for visitors' browsers; 0: not opened."""
    health_port: int = 0
    """gRPC health checks without TLS; 0: not opened."""

    @property
    def http_ports(self) -> tuple[int, ...]:
        """Every port that speaks HTTP."""
        return tuple(port for port in (self.http_port, self.public_port) if port)

    @property
    def grpc_ports(self) -> tuple[int, ...]:
        """Every port that speaks gRPC."""
        return tuple(port for port in (self.clustering_port, self.health_port) if port)


@dataclass(frozen=True, slots=True)
class Victim:
    """The cluster under attack as an assault sees it. The master comes first among the nodes."""

    cluster: str
    nodes: tuple[NodeAddress, ...]
    zookeeper: tuple[str, ...]
    """`host:port` of each member of the ensemble."""
    epoch: int = 0
    """The epoch of its last push."""
    cluster_id: str = ""
    attacked_from: tuple[str, ...] = ()
    """What runs a command where the assault comes from, such as another network namespace; empty: beside the nodes."""
    files: dict[str, str] = field(default_factory=dict)
    """Files a stranger may hold, by their role: certificates, tokens."""

    @property
    def master(self) -> NodeAddress:
        """The master, as far as it is known."""
        return self.nodes[0]

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Victim:
        """Read what :func:`dataclasses.asdict` made."""
        nodes = tuple(NodeAddress(**node) for node in content.pop("nodes"))
        zookeeper, place = tuple(content.pop("zookeeper")), tuple(content.pop("attacked_from", ()))
        return cls(nodes=nodes, zookeeper=zookeeper, attacked_from=place, **content)


@dataclass(slots=True)
class Tally:
    """What was sent, and how it was answered."""

    sent: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """How often which answer came: HTTP status, gRPC code, or what else happened."""
    server_errors: list[str] = field(default_factory=list)
    """Answers 500 and above."""
    complaints: list[str] = field(default_factory=list)
    """What must not be, one sentence each."""
    figures: dict[str, float] = field(default_factory=dict)

    def count(self, answer: str) -> None:
        """One more thing was sent and answered so."""
        self.sent += 1
        self.answers[answer] += 1

    def count_status(self, status: int, path: str) -> None:
        """One more HTTP request was answered with this status."""
        self.count(str(status))
        if status >= 500 and len(self.server_errors) < 100:
            self.server_errors.append(f"{status} {path[:60]}")

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self) | {"answers": dict(self.answers.most_common(20))}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Tally:
        """Read what :meth:`as_dict` made."""
        return cls(**(content | {"answers": Counter(content["answers"])}))
