"""A real cluster under test: processes, a ZooKeeper ensemble, and fault proxies on every connection of a node."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx

from cluster.access.credentials import SecretCredentials
from cluster.access.signed_calls import ClusterSecret
from simulator.harness.bounds import Bounds
from simulator.harness.cluster_times import REFRESH_PERIOD_SECONDS, TICK_SECONDS
from simulator.harness.harness_error import HarnessError
from simulator.harness.proxy_wiring import ProxyWiring
from simulator.harness.recorded_cluster import RecordedCluster
from simulator.harness.stage import Stage
from simulator.harness.stage_options import StageOptions
from simulator.harness.step_down import CALLER, listed_member, step_down

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from simulator.harness.processes import DemoProcess
    from simulator.harness.zookeeper import Ensemble


class Arena(RecordedCluster):
    """The cluster, its surroundings, and what the platform recorded. Use it as an asynchronous context manager."""

    def __init__(
        self,
        directory: Path,
        say: Callable[[str], None],
        scenario: str = "demo",
        nodes: int = 3,
        *,
        failsafe: bool = False,
        cables: bool = False,
        period_seconds: float = REFRESH_PERIOD_SECONDS,
        wiring: ProxyWiring | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """``failsafe``: the master goes on without ZooKeeper by the promises of the others.

        ``cables``: every node reaches the platform over a line that can be pulled. ``period_seconds`` is the refresh
        period in the cluster's options. ``wiring`` takes the place of the usual proxies. ``more``: further options of
        the stage, by their names.
        """
        options = StageOptions(
            directory=directory,
            scenario=scenario,
            nodes=nodes,
            well_known_ports=False,
            failsafe=failsafe,
            period_seconds=period_seconds,
            **(more or {}),
        )
        bounds = Bounds(options.session_timeout_seconds, TICK_SECONDS, period_seconds)
        super().__init__(bounds, failsafe=failsafe)
        self.directory = directory
        self.wiring = wiring or ProxyWiring(cables=cables)
        self.stage = Stage(options, directory, say, self.wiring.command, self.wiring)

    async def __aenter__(self) -> Arena:
        try:
            await self.stage.start(self._ready)
            if self.stage.ensemble is None or not self.stage.ensemble.controllable:
                raise HarnessError(f"this needs a ZooKeeper of its own on this machine; found: {self.stage.zookeeper}")
            await self.steady()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self.nodes.values():
            self._signal(process, signal.SIGCONT)
        self.wiring.heal()
        await self.stage.stop()
        await self.wiring.stop()
        await self._client.aclose()

    @property
    def nodes(self) -> dict[str, DemoProcess]:
        """The nodes' processes by name."""
        return self.stage.nodes

    @property
    def ensemble(self) -> Ensemble:
        """ZooKeeper."""
        assert self.stage.ensemble is not None
        return self.stage.ensemble

    # --- where it runs -----------------------------------------------------------------------------------------------

    @property
    def platform(self) -> str:
        """HTTP address of the simulated contact centre."""
        return self.stage.simulator_http

    def sender(self, epoch: int) -> str | None:
        """The node that has sent pushes under an epoch."""
        return next((name for name, lines in self.wiring.lines.items() if epoch in lines.epochs), None)

    async def page(self, node: str, path: str) -> dict[str, Any]:
        """A page of a node; empty when it does not answer."""
        try:
            answer = (await self._client.get(self._http(node) + path)).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    async def ready(self, node: str) -> bool:
        """Whether a node says that it is ready."""
        return await self._ready(self._http(node))

    async def _ready(self, address: str) -> bool:
        try:
            return (await self._client.get(f"{address}/readiness")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _http(self, node: str) -> str:
        return next(plan.http for plan in self.stage.plans if plan.name == node)

    async def connected(self) -> bool:
        """Whether every node says that its ZooKeeper session is connected."""
        for node in self.nodes:
            members = (await self.page(node, "/cluster")).get("members", [])
            if not any(each["name"] == node and each["zookeeper"] == "connected" for each in members):
                return False
        return True

    # --- care --------------------------------------------------------------------------------------------------------

    async def resign(self, node: str) -> None:
        """Ask a node to resign, as `pacing step-down` does."""
        await (await self.order(node))()

    async def order(self, node: str) -> Callable[[], Awaitable[None]]:
        """What asks a node to resign, for who has looked up before where it is."""
        page = await self.page(node, "/cluster")
        member = listed_member(page, node)
        secret = ClusterSecret.parse(self.stage.secret_file.read_text())
        credentials = SecretCredentials(secret, str(page["cluster"]), CALLER)

        async def give() -> None:
            try:
                await step_down(member, credentials=credentials)
            finally:
                self.resigned_at[node] = time.time()

        return give

    async def mend(self) -> None:
        """Heal all lines and wait until all members of ZooKeeper serve."""
        self.wiring.heal()
        for member in self.ensemble.members:
            member.thaw()
            member.start()  # here, for a member dies with the thread that started it
        await asyncio.to_thread(self.ensemble.wait_ready)

    async def revive(self) -> None:
        """Start nodes that have ended."""
        self.start_ended()

    def start_ended(self, *names: str) -> list[str]:
        """Start every node that has ended, or those of them that are named; returns their names."""
        ended = [name for name in names or self.nodes if not self.nodes[name].running]
        for name in ended:
            self.nodes[name].kill_session()
            self.nodes[name].start()
        return ended

    def signal_worker(self, node: str, number: signal.Signals) -> int:
        """Send a signal to the process that does a node's work, not to its supervisor; its id, 0 when it has ended."""
        return self._signal(self.nodes[node], number)

    @staticmethod
    def _signal(process: DemoProcess, number: signal.Signals) -> int:
        pid = process.worker_pid
        try:
            if pid:
                os.kill(pid, number)
        except ProcessLookupError:
            return 0
        return pid

    def log_of(self, node: str) -> str:
        """A node's own log, all of it."""
        return self.nodes[node].log.read_text(errors="replace")

    def logs(self) -> str:
        """The ends of all nodes' logs, ready to be appended to a message."""
        return "".join(f"\n  {name}{process.tail()}" for name, process in self.nodes.items())
