"""A real cluster under test: processes, a ZooKeeper ensemble, and fault proxies on every connection of a node."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import httpx

from simulator.harness.bounds import Bounds
from simulator.harness.cluster_times import REFRESH_PERIOD_SECONDS, SESSION_TIMEOUT_SECONDS, TICK_SECONDS
from simulator.harness.harness_error import HarnessError
from simulator.harness.observation import REQUEST_SECONDS
from simulator.harness.proxy_wiring import ProxyWiring
from simulator.harness.push_record import Push, full_pushes
from simulator.harness.stage import Stage
from simulator.harness.stage_options import StageOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from simulator.harness.processes import DemoProcess
    from simulator.harness.zookeeper import Ensemble

STEADY_SECONDS = 60.0
"""Longest time a cluster may take until everything is as it should be, processes that start included."""
_POLL_SECONDS = 0.02
_ATTEMPTS = 5
_SETTLED_PUSHES = 3


class Arena:
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
        self.directory = directory
        self.wiring = wiring or ProxyWiring(cables=cables)
        self.failsafe = failsafe
        options = StageOptions(
            directory=directory,
            scenario=scenario,
            nodes=nodes,
            well_known_ports=False,
            failsafe=failsafe,
            **(more or {}),
        )
        self.stage = Stage(options, directory, say, self.wiring.command, self.wiring)
        self.bounds = Bounds(SESSION_TIMEOUT_SECONDS, TICK_SECONDS, period_seconds)
        self.pushes: list[Push] = []
        """The platform's record as far as it was read, oldest first."""
        self.resigned_at: dict[str, float] = {}
        """When a node was last asked to resign, Unix time in seconds."""
        self._client = httpx.AsyncClient(timeout=REQUEST_SECONDS, trust_env=False)

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

    # --- questions ---------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Epoch of the push that took effect last, as far as it was read; 0 before any."""
        return next((push.epoch for push in reversed(self.pushes) if push.accepted), 0)

    @property
    def master(self) -> str | None:
        """The node that sent the push that took effect last; None before any."""
        return self.sender(self.epoch)

    def sender(self, epoch: int) -> str | None:
        """The node that has sent pushes under an epoch."""
        return next((name for name, lines in self.wiring.lines.items() if epoch in lines.epochs), None)

    def times(self) -> list[float]:
        """When full pushes took effect."""
        return [push.received_at for push in full_pushes(self.pushes)]

    async def read(self) -> list[Push]:
        """Read what the platform recorded since the last time; returns the new part. Raises HarnessError."""
        after = self.pushes[-1].index if self.pushes else 0
        page = await self._platform("/simulator/pushes", after=str(after))
        # Several may be reading at once: what another one has entered meanwhile is left out.
        after = self.pushes[-1].index if self.pushes else 0
        read = (Push.from_wire(push) for push in page["pushes"])
        new = [push for push in read if push.index > after]
        self.pushes += new
        return new

    async def await_push(self, seconds: float, *, since: float = 0.0, above_epoch: int = -1) -> Push:
        """The first full push that took effect after ``since`` and above an epoch. Raises HarnessError without one."""
        deadline = time.monotonic() + seconds
        while True:
            await self.read()
            for push in full_pushes(self.pushes):
                if push.received_at > since and push.epoch > above_epoch:
                    return push
            if time.monotonic() > deadline:
                raise HarnessError(f"no push above epoch {above_epoch} was accepted within {seconds:g} s{self.logs()}")
            await asyncio.sleep(_POLL_SECONDS)

    async def out_of_order(self) -> int:
        """Accepted out of order by the platform's own count."""
        return int((await self._platform("/simulator/status", targets="no"))["accepted_out_of_order"])

    async def _platform(self, path: str, **asked: str) -> dict[str, Any]:
        """A page of the contact centre; asked again when the machine is too busy for an answer in time.

        Raises HarnessError when none comes.
        """
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                answer = await self._client.get(f"{self.stage.simulator_http}{path}", params=asked)
                page: dict[str, Any] = answer.json()
            except httpx.TransportError as error:
                failure = error
            else:
                return page
        raise HarnessError(f"the contact centre does not tell {path}: {failure!r}") from failure

    async def page(self, node: str, path: str) -> dict[str, Any]:
        """A page of a node; empty when it does not answer."""
        http = next(plan.http for plan in self.stage.plans if plan.name == node)
        try:
            answer = (await self._client.get(http + path)).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    # --- care --------------------------------------------------------------------------------------------------------

    def start_ended(self, *names: str) -> list[str]:
        """Start every node that has ended, or those of them that are named; returns their names."""
        ended = [name for name in names or self.nodes if not self.nodes[name].running]
        for name in ended:
            self.nodes[name].kill_session()
            self.nodes[name].start()
        return ended

    async def steady(self) -> str:
        """Heal everything and wait until all nodes are members and one of them pushes each period; its name.

        Raises HarnessError when that does not come about.
        """
        self.wiring.heal()
        for member in self.ensemble.members:
            member.thaw()
            member.start()  # here, for a member dies with the thread that started it
        await asyncio.to_thread(self.ensemble.wait_ready)
        deadline = time.monotonic() + STEADY_SECONDS
        while not await self._is_steady():
            if time.monotonic() > deadline:
                raise HarnessError(f"the cluster is not steady after {STEADY_SECONDS:g} s{self.logs()}")
            self.start_ended()
            await asyncio.sleep(10 * _POLL_SECONDS)
        assert self.master is not None
        return self.master

    async def _is_steady(self) -> bool:
        await self.read()
        newest = full_pushes(self.pushes)[-_SETTLED_PUSHES:]
        regular = len(newest) == _SETTLED_PUSHES and len({push.epoch for push in newest}) == 1
        recent = regular and newest[0].received_at > time.time() - (_SETTLED_PUSHES + 1) * self.bounds.period
        if not recent or self.master is None:
            return False
        members = (await self.page(self.master, "/cluster")).get("members", [])
        joined = [each["name"] for each in members if each["reachable"] and each["zookeeper"] == "connected"]
        if len(joined) < len(self.nodes):
            return False
        return all([await self._ready(plan.http) for plan in self.stage.plans])

    async def _ready(self, address: str) -> bool:
        try:
            return (await self._client.get(f"{address}/readiness")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def connected(self) -> bool:
        """Whether every node says that its ZooKeeper session is connected."""
        for node in self.nodes:
            members = (await self.page(node, "/cluster")).get("members", [])
            if not any(each["name"] == node and each["zookeeper"] == "connected" for each in members):
                return False
        return True

    async def ready(self, node: str) -> bool:
        """Whether a node says that it is ready."""
        return await self._ready(next(plan.http for plan in self.stage.plans if plan.name == node))

    async def fault(self, **fault: Any) -> None:
        """Make the contact centre misbehave; see its own description of faults."""
        answer = await self._client.post(f"{self.stage.simulator_http}/simulator/faults", json=fault)
        answer.raise_for_status()

    async def clear_faults(self) -> None:
        """The contact centre behaves again."""
        (await self._client.delete(f"{self.stage.simulator_http}/simulator/faults")).raise_for_status()

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

    def logs(self) -> str:
        """The ends of all nodes' logs, ready to be appended to a message."""
        return "".join(f"\n  {name}{process.tail()}" for name, process in self.nodes.items())
