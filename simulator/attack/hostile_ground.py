"""Clusters whose HTTP servers stand behind fronts that can turn hostile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster.addresses import join
from simulator.attack.ground import Ground
from simulator.attack.hostile_front import HOST, HostileFront
from simulator.harness.arena import Arena
from simulator.harness.harness_error import HarnessError
from simulator.harness.proxy_wiring import OBJECTS, ProxyWiring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simulator.harness.node_files import NodePlan
    from simulator.harness.push_record import Push

CLIENT, USER, SECRET, API_KEY = "pacing", "reader", "simulated-secret", "simulated-key"
"""The simulator's OAuth client, its user of the other interfaces, the secret of both, and a key: any will do."""
CLEARANCE_SECONDS = 2
FRONTS = ("token", "platform", "statistics", "configuration", "alarms")


class HostileWiring(ProxyWiring):
    """Puts a front before each role of the contact centre's HTTP port; the nodes share them."""

    def __init__(self) -> None:
        super().__init__()
        self.fronts = {role: HostileFront() for role in FRONTS}
        self._serving = False
        self._centre_port = 0

    def addresses(self, simulator: dict[str, Any]) -> dict[str, Any]:
        """What the cluster's options say of the contact centre."""
        options = super().addresses(simulator)
        self._centre_port = self.platform_port
        self.platform_port = self.fronts["platform"].port
        self.token_address = f"http://{self.address('token')}"
        return options

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """Start the fronts with the first node's proxies; the hosts the node is to use."""
        if not self._serving:
            self._serving = True
            for front in self.fronts.values():
                await front.start(self._centre_port)
        return await super().hosts(plan, hosts)

    async def stop(self) -> None:
        """End all proxies and fronts."""
        await super().stop()
        for front in self.fronts.values():
            await front.stop()

    def address(self, role: str) -> str:
        """`host:port` of a front."""
        return join(HOST, self.fronts[role].port)


class ReportedArena(Arena):
    """A cluster whose pushes pass no proxy: who is master is what the nodes report."""

    _masters: dict[int, str]

    def sender(self, epoch: int) -> str | None:
        """The node that has reported itself as master of an epoch."""
        return getattr(self, "_masters", {}).get(epoch)

    async def read(self) -> list[Push]:
        """Read what the platform recorded since the last time, and who is master. Raises HarnessError."""
        new = await super().read()
        if self.epoch and self.sender(self.epoch) is None:
            for name in self.nodes:
                for member in (await self.page(name, "/cluster")).get("members") or ():
                    if member.get("role") == "master" and member.get("reachable"):
                        self._masters = {**getattr(self, "_masters", {}), int(member["epoch"]): str(member["name"])}
        return new


def hostile_wiring(arena: Arena) -> HostileWiring:
    """The wiring of a hostile ground. Raises HarnessError on another ground."""
    if not isinstance(arena.wiring, HostileWiring):
        raise HarnessError("this needs a ground with hostile servers")
    return arena.wiring


def _through(statistics: Mapping[str, Any] | None, *, configuration: bool = False) -> Any:
    """The equipment of a ground: statistics of this kind over HTTP, and the configuration if wanted."""

    def equipment(directory: Path) -> Mapping[str, Any]:
        wiring = HostileWiring()

        def sections(_: Mapping[str, Any]) -> Mapping[str, Any]:
            webhook = f"http://{wiring.address('alarms')}/simulator/alarms"
            # Cleared soon after each provocation, so that the next one raises an alarm again.
            alarms = {"webhook": webhook, "requestsFailed": 1, "noMaster": 1, "clearanceTime": CLEARANCE_SECONDS}
            made: dict[str, Any] = {"alarms": alarms | {"alertmanager": f"http://{wiring.address('alarms')}"}}
            if statistics is not None:
                login = {
                    "authUrl": f"{wiring.token_address}/oauth/token",
                    "clientId": CLIENT,
                    "clientSecret": SECRET,
                    "apiKey": API_KEY,
                }
                kind = dict(statistics)
                made["statServer"] = {
                    "scheme": "http",
                    "primary": wiring.address("statistics"),
                    **(login if kind["kind"] == "statistics-api" else {"user": USER, "password": SECRET}),
                    **kind,
                }
            if configuration:
                made["configServer"] = {
                    "kind": "gws",
                    "scheme": "http",
                    "primary": wiring.address("configuration"),
                    "user": USER,
                    "password": SECRET,
                    "pollPeriod": 1,
                    "capacityRules": str(directory / "node-1" / OBJECTS),
                }
            return made

        return {"wiring": wiring, "cluster_extra": sections}

    return equipment


HOSTILE_API = Ground("hostile-api", equipment=_through({"kind": "statistics-api"}))
HOSTILE_GMS = Ground("hostile-gms", equipment=_through({"kind": "gms", "refreshPeriod": 1}))
HOSTILE_CONFIGURATION = Ground(
    "hostile-configuration", equipment=_through(None, configuration=True), kind=ReportedArena
)
