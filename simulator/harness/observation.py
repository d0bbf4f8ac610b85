"""What the demonstration sees, asked from the outside: the nodes' pages and the contact centre's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from simulator.harness.push_audit import PushAudit
from simulator.harness.push_record import Push

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulator.harness.push_audit import TermChange

REQUEST_SECONDS = 2.0


@dataclass(slots=True)
class Observation:
    """The newest answers."""

    cluster: dict[str, Any] = field(default_factory=dict)
    """Answer of ``GET /cluster``; empty while no node answers."""
    targets: dict[str, Any] = field(default_factory=dict)
    """Newest answer of ``GET /targets``."""
    centre: dict[str, Any] = field(default_factory=dict)
    """Newest answer of ``GET /simulator/status?targets=no``."""

    @property
    def members(self) -> list[dict[str, Any]]:
        """The members as one of them lists them."""
        return list(self.cluster.get("members", ()))

    @property
    def reachable(self) -> int:
        """How many members answer."""
        return sum(1 for member in self.members if member.get("reachable"))

    @property
    def master(self) -> str | None:
        """Name of the member that is master and answers; None while there is none."""
        for member in self.members:
            if member.get("role") == "master" and member.get("reachable"):
                return str(member["name"])
        return None


class ClusterObserver:
    """Asks nodes and simulator, and keeps what they answered.

    Nodes are asked in turn until one answers, beginning with the one that answered last.
    """

    def __init__(self) -> None:
        self.seen = Observation()
        self.audit = PushAudit()
        self.masters: dict[int, str] = {}
        """Name of the master by epoch, as far as the nodes have reported."""
        self.causes: dict[int, str] = {}
        """Why a term ended, by epoch, as far as the nodes have reported."""
        self._nodes: list[str] = []
        self._simulator = ""
        self._client = httpx.AsyncClient(timeout=REQUEST_SECONDS, trust_env=False)

    def attach(self, nodes: Sequence[str], simulator: str) -> None:
        """Look at these nodes and this simulator from now on, given by their HTTP addresses."""
        self._nodes = list(nodes)
        self._simulator = simulator

    @property
    def last_term(self) -> tuple[str | None, int]:
        """Name of the node whose push was accepted last, as far as it is known, and its epoch; 0 before any push."""
        last = self.audit.last_accepted
        epoch = 0 if last is None else last.epoch
        return self.masters.get(epoch), epoch

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ready(self, node: str) -> bool:
        """Whether the node at this address says that it is ready."""
        try:
            return (await self._client.get(f"{node}/readiness")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def refresh(self) -> list[TermChange]:
        """Ask everything once; return the hand-overs that the platform's record shows since the last look."""
        await self._look_at_nodes()
        self.seen.centre = await self._get(f"{self._simulator}/simulator/status?targets=no") or self.seen.centre
        return await self.read_pushes()

    async def _look_at_nodes(self) -> None:
        for node in list(self._nodes):
            cluster = await self._get(f"{node}/cluster")
            if cluster is not None:
                self.seen.cluster = cluster
                self.seen.targets = await self._get(f"{node}/targets") or _unanswered(self.seen.targets)
                self._note_terms()
                return
            self._nodes.append(self._nodes.pop(0))
        # Nobody answers, so nobody is known to be there.
        self.seen.cluster = {}
        self.seen.targets = _unanswered(self.seen.targets)

    def _note_terms(self) -> None:
        self.masters |= masters_of(self.seen.cluster)
        for term in self.seen.cluster.get("history", ()):
            if term.get("cause"):
                self.causes[int(term["epoch"])] = str(term["cause"])

    async def centre_with_targets(self) -> dict[str, Any]:
        """Answer of ``GET /simulator/status`` with a row per target; empty when there is none."""
        return await self._get(f"{self._simulator}/simulator/status") or {}

    async def read_pushes(self) -> list[TermChange]:
        """Read the pushes recorded since the last time; return the hand-overs among them."""
        answer = await self._get(f"{self._simulator}/simulator/pushes?after={self.audit.last_index}")
        return self.audit.add(Push.from_wire(push) for push in (answer or {}).get("pushes", ()))

    async def _get(self, address: str) -> dict[str, Any] | None:
        try:
            response = await self._client.get(address)
            answer = response.json() if response.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError):
            return None
        return answer if isinstance(answer, dict) else None


def masters_of(cluster: Mapping[str, Any]) -> dict[int, str]:
    """Name of the master by epoch, as an answer of ``GET /cluster`` tells it."""
    masters = {int(term["epoch"]): str(term["node"]) for term in cluster.get("history", ())}
    for member in cluster.get("members", ()):
        if member.get("role") == "master" and member.get("reachable"):
            masters[int(member["epoch"])] = str(member["name"])
    return masters


def _unanswered(targets: dict[str, Any]) -> dict[str, Any]:
    """The newest answer of a node, when none answers any more: its numbers are of the past, and say so."""
    if not targets:
        return {}
    cycle = targets.get("cycle") or {}
    silent_since = cycle.get("silent_since") or cycle.get("as_of") or 0.0
    return {**targets, "cycle": {"age_seconds": None, "silent_since": silent_since, "text": "no node answers"}}
