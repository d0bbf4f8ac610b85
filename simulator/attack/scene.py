"""What an attack is given: the cluster, its share of count and time, and a place for what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import yaml

from simulator.attack.assailant import run_assault
from simulator.attack.ground import STRANGERS
from simulator.attack.tally import NodeAddress, Tally, Victim

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulator.harness.arena import Arena
    from simulator.harness.node_files import NodePlan

Options = ParamSpec("Options")

_PATIENCE_SECONDS = 300.0
"""How long an assault may take beyond the time it is meant to last: 30,000 requests of low priority beside other work
took 233 s."""
_LEAST_COUNT = 5


class NotPossibleError(Exception):
    """What an attack needs this machine cannot provide; the text says why. The attack has not begun."""


class Scene:
    """One attack's view of the cluster."""

    def __init__(self, arena: Arena, seconds: float, share: float) -> None:
        """``seconds``: how long an attack that goes on for a time lasts. ``share``: of the full count of others."""
        self.arena = arena
        self.seconds = seconds
        self.complaints: list[str] = []
        self.server_errors: list[str] = []
        self.figures: dict[str, Any] = {}
        self._share = share

    @property
    def is_full(self) -> bool:
        """Whether everything is done, not only a share of it."""
        return self._share >= 1.0

    def count(self, full: int) -> int:
        """The count that stands for ``full`` in this run."""
        return max(_LEAST_COUNT, int(full * self._share))

    def expect(self, held: object, complaint: str) -> None:
        """Complain unless something held."""
        if not held:
            self.complaints.append(complaint)

    async def assault(
        self,
        assault: Callable[Concatenate[Victim, Options], Awaitable[Tally]],
        *arguments: Options.args,
        **options: Options.kwargs,
    ) -> Tally:
        """Run an assault on the cluster; its tally, which becomes part of the attack's figures.

        Raises HarnessError when it breaks or does not end.
        """
        return await self.assault_on(await self.victim(), assault, *arguments, **options)

    async def assault_on(
        self,
        victim: Victim,
        assault: Callable[Concatenate[Victim, Options], Awaitable[Tally]],
        *arguments: Options.args,
        **options: Options.kwargs,
    ) -> Tally:
        """The same for a victim that is described differently, for example at another address."""
        tally = await run_assault(victim, self.seconds + _PATIENCE_SECONDS, assault, *arguments, **options)
        self.complaints += tally.complaints
        self.server_errors += tally.server_errors
        self.figures[self._free_key(getattr(assault, "__name__", "assault"))] = {
            "sent": tally.sent,
            "answers": dict(tally.answers.most_common(8)),
            **tally.figures,
        }
        return tally

    def _free_key(self, name: str) -> str:
        number = sum(key == name or key.startswith(f"{name} ") for key in self.figures)
        return f"{name} {number + 1}" if number else name

    async def victim(self) -> Victim:
        """The cluster as a stranger sees it, its master first."""
        arena = self.arena
        await arena.read()
        plans = sorted(arena.stage.plans, key=lambda plan: plan.name != arena.master)
        page = await arena.page(plans[0].name, "/cluster")
        return Victim(
            cluster=str(page.get("cluster", "")),
            cluster_id=str(page.get("cluster_id", "")),
            nodes=tuple(_address(plan) for plan in plans),
            zookeeper=tuple(f"127.0.0.1:{member.client_port}" for member in arena.ensemble.members),
            epoch=arena.epoch,
            files={file.stem: str(file) for file in (arena.directory / STRANGERS).glob("*")},
        )


def _address(plan: NodePlan) -> NodeAddress:
    """Where a node is reached; the ports a ground has added stand in the node's file."""
    ports = yaml.safe_load(plan.file.read_text())["ports"]
    extra = (ports.get("public", 0), ports.get("health", 0))
    return NodeAddress(plan.name, plan.host, plan.http_port, plan.clustering_port, *extra)
