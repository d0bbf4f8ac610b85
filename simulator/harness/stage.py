"""Everything a demonstration runs: ZooKeeper, the contact centre and the nodes. Brought up in order, ended in order."""

from __future__ import annotations

import asyncio
import functools
import json
import time
import uuid
from typing import TYPE_CHECKING, Any, Protocol

from cluster import addresses
from simulator.harness import ports
from simulator.harness.harness_error import HarnessError
from simulator.harness.node_files import HOST, NodePlan, cluster_options, node_options, write_secret, write_yaml
from simulator.harness.processes import DemoProcess, end, pacing_command
from simulator.harness.zookeeper import Ensemble, MemberNotReadyError, ZooKeeperNotFoundError, find_zookeeper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from simulator.harness.stage_options import StageOptions
    from simulator.harness.zookeeper import Source

_POLL_SECONDS = 0.1
_NODE_GRACE_SECONDS = 10.0
_SIMULATOR_GRACE_SECONDS = 5.0


class Wiring(Protocol):
    """How the nodes are connected to what they depend on, when not directly."""

    def addresses(self, simulator: dict[str, Any]) -> dict[str, Any]:
        """What the cluster's options say of the contact centre, whose ready file is given."""
        ...

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """The ZooKeeper hosts this node is given, in place of the real ones; its directory need not exist yet."""
        ...


class Stage:
    """The programs of one demonstration. :meth:`stop` ends whatever :meth:`start` got to, however far that was."""

    def __init__(
        self,
        options: StageOptions,
        directory: Path,
        say: Callable[[str], None],
        command: Callable[..., list[str]] = pacing_command,
        wiring: Wiring | None = None,
    ) -> None:
        """``command`` makes a command line of the project's command; without ``wiring`` all is connected directly."""
        self.zookeeper = "none"
        """Where ZooKeeper came from, for people."""
        self.alone = False
        """Whether a single node runs without ZooKeeper because none can be had."""
        self.nodes: dict[str, DemoProcess] = {}
        self.plans: list[NodePlan] = []
        self.simulator_http = ""
        self._options = options
        self._directory = directory
        self._say = say
        self._command = command
        self._wiring = wiring
        self._ensemble: Ensemble | None = None
        self._simulator: DemoProcess | None = None
        self._http_ports: list[int] = []
        """Chosen before anything starts, where people are told of them."""

    async def start(self, ready: Callable[[str], Awaitable[bool]]) -> None:
        """Bring everything up; ``ready`` asks the node at an HTTP address whether it is. Raises HarnessError."""
        if self._options.well_known_ports:
            self._http_ports = self._ports(ports.HTTP_FROM, self._options.nodes)
            self._say(
                f"dashboard: http://{addresses.join(HOST, self._http_ports[0])}/dashboard/ as soon as node-1 is ready"
            )
        hosts = await self._start_zookeeper()
        simulator = await self._start_simulator()
        await self._write_node_files(simulator, hosts)
        for node in self.nodes.values():
            node.start()
        for plan in self.plans:
            await self._wait_for(self.nodes[plan.name], functools.partial(ready, plan.http))
            self._say(f"{plan.name} is ready: {plan.http}, process {self.nodes[plan.name].worker_pid}")

    @property
    def ensemble(self) -> Ensemble | None:
        """ZooKeeper, once it was started; None before, and when there is none."""
        return self._ensemble

    @property
    def secret_file(self) -> Path:
        """File with the secret by which the nodes prove themselves to each other, and commands to them."""
        return self._directory / "secret"

    def check(self) -> None:
        """Raise HarnessError when the contact centre has ended. Nodes may end; their keeper looks after them."""
        if self._simulator is not None:
            self._simulator.check()

    async def stop(self) -> None:
        """End the nodes, then the contact centre, then ZooKeeper; by force what does not end in time."""
        await end(self.nodes.values(), _NODE_GRACE_SECONDS)
        if self._simulator is not None:
            await end([self._simulator], _SIMULATOR_GRACE_SECONDS)
        if self._ensemble is not None:
            await asyncio.to_thread(self._ensemble.stop)

    async def _start_zookeeper(self) -> str | None:
        """Hosts of a ZooKeeper that serves; None when none can be had."""
        try:
            source = await asyncio.to_thread(find_zookeeper)
        except ZooKeeperNotFoundError as error:
            self._go_alone(str(error))
            return None
        self.zookeeper = source.description
        if source.image is not None:
            return await self._start_container(source)
        ensemble = self._ensemble = Ensemble(self._directory, source=source)
        does = f"members to start: {len(ensemble.members)}" if ensemble.controllable else "used as it is"
        self._say(f"ZooKeeper: {source.description}; {does}")
        try:
            # Processes are bound to the thread that starts them, so this one does.
            for member in ensemble.members:
                member.start()
            await asyncio.to_thread(ensemble.wait_ready, self._options.startup_seconds)
        except MemberNotReadyError as error:
            raise HarnessError(f"ZooKeeper did not come up: {error}") from error
        return ensemble.hosts

    async def _start_container(self, source: Source) -> str | None:
        self._say(f"ZooKeeper: {source.description}")
        try:
            self._ensemble = Ensemble(self._directory, source=source)
            await asyncio.to_thread(self._ensemble.start)
        except Exception as error:
            # An engine that answers may still be unable to get the image or to run it.
            self._go_alone(f"{source.description} does not start: {error}")
            return None
        return self._ensemble.hosts

    def _go_alone(self, reason: str) -> None:
        self.alone = True
        self.zookeeper = "none"
        self._say(f"NO ZOOKEEPER: a single node runs alone; there is no cluster and no hand-over to see. {reason}")

    async def _start_simulator(self) -> dict[str, Any]:
        ready, objects = self._directory / "simulator.json", self._directory / "objects.yaml"
        places = {"ready-file": ready, "objects-file": objects, "host": HOST, "scenario": self._options.scenario}
        places |= dict.fromkeys(("http-port", "configuration-port"), 0)  # any free one
        places |= dict.fromkeys(("statistics-primary-port", "statistics-backup-port"), 0)
        arguments = [word for key, value in places.items() for word in (f"--{key}", str(value))]
        arguments += self._options.simulator_arguments
        simulator = DemoProcess("simulator", self._command("simulator", *arguments), self._directory / "simulator.log")
        self._simulator = simulator
        simulator.start()

        async def served() -> bool:
            return ready.exists()

        await self._wait_for(simulator, served)
        addresses: dict[str, Any] = json.loads(ready.read_text())
        self.simulator_http = addresses["http"]
        self._say(f"contact centre {self._options.scenario} is open: {self.simulator_http}/simulator/status")
        return addresses

    async def _write_node_files(self, simulator: dict[str, Any], hosts: str | None) -> None:
        count = 1 if hosts is None else self._options.nodes
        # A ZooKeeper that was already running keeps what is written to it: a name that nobody else has.
        foreign = self._ensemble is not None and not self._ensemble.controllable
        cluster = f"demo-{uuid.uuid4().hex[:8]}" if foreign else "demo"
        write_secret(self.secret_file)
        seed = self._directory / "cluster.yaml"
        centre = self._wiring.addresses(simulator) if self._wiring else simulator
        extra = self._options.cluster_extra
        write_yaml(seed, cluster_options(centre, self._options.period_seconds) | dict(extra(centre) if extra else {}))
        http = self._http_ports[:count] or self._ports(ports.HTTP_FROM, count)
        clustering = self._ports(ports.CLUSTERING_FROM, count)
        for number in range(1, count + 1):
            name = f"node-{number}"
            plan = NodePlan(name, self._directory / name, http[number - 1], clustering[number - 1])
            node_hosts = await self._wiring.hosts(plan, hosts) if self._wiring and hosts else hosts
            failsafe = self._options.failsafe
            options = node_options(
                plan,
                cluster=cluster,
                zookeeper=node_hosts,
                seed=seed,
                failsafe=failsafe,
                secret_file=self.secret_file,
                session_timeout_seconds=self._options.session_timeout_seconds,
            )
            more = self._options.node_extra
            write_yaml(plan.file, options | dict(more(plan) if more else {}))
            command = [*self._options.node_prefix, *self._command("node", "--config", str(plan.file))]
            self.plans.append(plan)
            self.nodes[name] = DemoProcess(name, command, plan.directory / "log")

    def spare_plan(self, name: str) -> NodePlan:
        """A place for one more node, which the stage does not look after; its directory does not exist yet."""
        http, clustering = ports.choose_quiet(2)
        return NodePlan(name, self._directory / name, http, clustering)

    def _ports(self, first: int, count: int) -> list[int]:
        return ports.choose(first, count) if self._options.well_known_ports else ports.choose_quiet(count)

    async def _wait_for(self, process: DemoProcess, ready: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + self._options.startup_seconds
        while not await ready():
            process.check()
            if time.monotonic() > deadline:
                seconds = self._options.startup_seconds
                raise HarnessError(f"{process.name} is not ready after {seconds:g} s{process.tail()}")
            await asyncio.sleep(_POLL_SECONDS)
