"""How the cluster is set up that is attacked: each kind of set-up is brought up once for all its attacks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.attack.certificates import write_certificates
from simulator.harness import ports
from simulator.harness.arena import Arena
from simulator.harness.namespace import why_impossible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from simulator.harness.node_files import NodePlan


@dataclass(frozen=True, slots=True)
class Ground:
    """A set-up by its name."""

    name: str
    scenario: str = "demo"
    nodes: int = 3
    failsafe: bool = False
    more: Mapping[str, Any] | None = None
    """Further options of the stage."""
    equipment: Callable[[Path], Mapping[str, Any]] | None = None
    """Makes files below a directory before the cluster starts; further options of the stage that name them."""

    kind: type[Arena] = Arena
    why_impossible: Callable[[], str] = str
    """Why this machine cannot provide it; empty when it can."""
    first_pushes: int = 0
    """Pushes to wait for before anything is measured: a node that has just started still grows by itself."""

    def arena(self, directory: Path, say: Callable[[str], None]) -> Arena:
        """The cluster, not started yet."""
        directory.mkdir(parents=True, exist_ok=True)
        secret: dict[str, Any] = {"node_extra": with_secret}
        more = {**secret, **(self.more or {}), **(self.equipment(directory) if self.equipment else {})}
        wiring = more.pop("wiring", None)
        return self.kind(directory, say, self.scenario, self.nodes, failsafe=self.failsafe, wiring=wiring, more=more)


def every_port(plan: NodePlan) -> Mapping[str, Any]:
    """The same, and every port a node can open is open."""
    public, health = ports.choose_quiet(2, ports.FURTHER_PORTS)
    opened = {"default": plan.http_port, "clustering": plan.clustering_port, "public": public, "health": health}
    return {**with_secret(plan), "ports": opened}


SECRET = secrets.token_urlsafe(32)
"""By this the members prove themselves to each other; it exists in this process and the nodes' own files."""


def with_secret(_: NodePlan) -> Mapping[str, Any]:
    """The members share a secret, as a cluster does whose ports others can reach."""
    return {"access": {"secret": SECRET}}


def peer_certificates(directory: Path) -> Mapping[str, Any]:
    """Mutual TLS between the members; a stranger holds the authorities, and a certificate that names no member."""
    own, stranger = directory / "certificates", directory / STRANGERS
    write_certificates(own, stranger)
    section = {
        "certificate": str(own / "member-certificate.pem"),
        "private_key": str(own / "member-key.pem"),
        "authorities": str(own / "authorities.pem"),
        "allowed_names": ["member.pacing.test"],
    }
    return {"node_extra": lambda _: {"peer_certificates": section}}


def bound_wide(_: NodePlan) -> Mapping[str, Any]:
    """Every address of the machine, and no proof of any kind."""
    return {"bind": "0.0.0.0", "access": {}}  # noqa: S104 - this is what is attacked


STRANGERS = "stranger"
"""Directory of a ground with what a stranger may hold: files named by their role."""
FEW = 1024
"""The usual soft limit of descriptors."""

PLAIN = Ground("plain")
EVERY_PORT = Ground("every-port", more={"node_extra": every_port})
OPEN = Ground("open", more={"node_extra": bound_wide}, why_impossible=why_impossible)
FAILSAFE = Ground("failsafe", failsafe=True)


def large(targets: int) -> Ground:
    """A cluster with so many targets."""
    more = {"simulator_arguments": ("--targets", str(targets))}
    return Ground("large", scenario="large", more=more, first_pushes=_FIRST_PUSHES)


_FIRST_PUSHES = 40
"""At 10,000 targets and at rest a standby grows from 236 to 305 MiB in its first 8 s, and is at 277 after 32."""
USUAL_TARGETS = 2000
"""Of the large ground: as many as two processors carry with a period of a second, beside an attack."""
LARGE = large(USUAL_TARGETS)
PEER_TLS = Ground("peer-tls", equipment=peer_certificates)
FEW_DESCRIPTORS = Ground("few-descriptors", more={"node_prefix": ("prlimit", f"--nofile={FEW}:{FEW}")})
