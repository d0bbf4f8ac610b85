"""A cluster whose statistics come from a hostile bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster import addresses
from simulator.attack.ground import Ground
from simulator.attack.hostile_statistics import HostileStatistics
from simulator.harness.harness_error import HarnessError
from simulator.harness.node_files import HOST
from simulator.harness.proxy_wiring import ProxyWiring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from simulator.harness.arena import Arena
    from simulator.harness.node_files import NodePlan


class StatisticsWiring(ProxyWiring):
    """The usual proxies, and the hostile statistics server."""

    def __init__(self) -> None:
        super().__init__()
        self.statistics = HostileStatistics()
        self._serving = False

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """Start the server with the first node's proxies; the hosts the node is to use."""
        if not self._serving:
            self._serving = True
            await self.statistics.start()
        return await super().hosts(plan, hosts)

    async def stop(self) -> None:
        """End everything."""
        await super().stop()
        await self.statistics.stop()


def statistics_of(arena: Arena) -> HostileStatistics:
    """The hostile server of a ground. Raises HarnessError on another ground."""
    if not isinstance(arena.wiring, StatisticsWiring):
        raise HarnessError("this needs a ground with a hostile statistics server")
    return arena.wiring.statistics


def _equipment(_: Path) -> Mapping[str, Any]:
    wiring = StatisticsWiring()
    section = {"kind": "bridge", "primary": addresses.join(HOST, wiring.statistics.port)}
    return {"wiring": wiring, "cluster_extra": lambda _: {"statServer": section}}


HOSTILE_STATISTICS = Ground("hostile-statistics", equipment=_equipment)
