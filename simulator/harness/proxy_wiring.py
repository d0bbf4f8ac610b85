"""Every node behind proxies of its own: one before each ZooKeeper member, one before the engagement platform."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

from cluster import addresses
from simulator.harness.cable import Cable
from simulator.harness.fault_proxy import HOST, FaultProxy
from simulator.harness.processes import pacing_command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from simulator.harness.node_files import NodePlan

OBJECTS = "objects.yaml"
"""Name of the file with configuration objects; each node has its own, in its own working directory."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""Those written in C where there are any: ten thousand targets take minutes otherwise."""
_EPOCH = re.compile(rb"^pacing-epoch: *(\d+)\r", re.IGNORECASE | re.MULTILINE)


class NodeLines:
    """What one node is connected through."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.zookeeper: list[FaultProxy] = []
        """One for each member of the ensemble, in their order."""
        self.platform: list[FaultProxy] = []
        """The one to the engagement platform, once there is one."""
        self.cable: Cable | None = None
        """What leads to that proxy, where this machine can lay cables and was asked to."""
        self.epochs: set[int] = set()
        """Epochs this node has sent pushes under, as seen on its line to the platform."""

    @property
    def all(self) -> list[FaultProxy]:
        """All proxies of the node."""
        return [*self.zookeeper, *self.platform]

    def heal(self) -> None:
        """Fair weather on all of them."""
        for proxy in self.all:
            proxy.heal()
        if self.cable is not None:
            self.cable.plug()

    def overhear(self, request: bytes) -> None:
        """Note the epoch in the head of a push that passes."""
        self.epochs.update(int(found) for found in _EPOCH.findall(request))


class ProxyWiring:
    """Puts every node behind proxies (``simulator.harness.stage.Wiring``).

    The cluster's options are one for all nodes, so they name the objects by a relative path, and every node gets a
    working directory with objects of its own, in which the platform's address is that of its proxy.
    """

    def __init__(self, *, cables: bool = False) -> None:
        """``cables``: nodes reach the platform over lines that can be pulled, where namespaces can be made."""
        self.lines: dict[str, NodeLines] = {}
        self.prefixes: dict[str, tuple[str, ...]] = {}
        """What runs the command of a node, by its name."""
        self._cables = cables
        self._objects: dict[str, Any] = {}
        self._platforms: dict[Path, str] = {}
        """Where the node of each directory finds the platform."""
        self.platform_port = 0
        """What the proxies before the platform lead to; the contact centre's port, once it is known."""
        self.token_address: str | None = None
        """Address of the token endpoint without its path, where it is not the platform's."""

    def command(self, *arguments: str) -> list[str]:
        """The command line of a program; a node's begins by going to the directory of its configuration file."""
        line = pacing_command(*arguments)
        if arguments[0] != "node":
            return line
        directory = arguments[arguments.index("--config") + 1].rpartition("/")[0]
        prefix = self.prefixes.get(directory.rpartition("/")[2], ())
        return ["env", f"--chdir={directory}", *prefix, *line]

    def addresses(self, simulator: dict[str, Any]) -> dict[str, Any]:
        """What the cluster's options say of the contact centre."""
        with open(simulator["objects_file"], encoding="utf-8") as file:  # noqa: PTH123 - a path as the simulator wrote it
            self._objects = yaml.load(file, _LOADER)  # noqa: S506 - a safe one
        self.platform_port = urlsplit(simulator["http"]).port or 80
        return {**simulator, "objects_file": OBJECTS}

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """Start the proxies of a node; the hosts it is to use."""
        lines = self.lines[plan.name] = NodeLines(plan.name)
        for host in hosts.split(","):
            proxy = FaultProxy(addresses.split(host)[1])
            lines.zookeeper.append(proxy)
            await proxy.start()
        platform = FaultProxy(self.platform_port, lines.overhear)
        lines.platform.append(platform)
        plan.directory.mkdir(parents=True, exist_ok=True)
        address = await self._lay(lines, await platform.start(), plan.directory)
        self._platforms[plan.directory] = f"http://{address}"
        self._write_objects(plan.directory, self._objects)
        return ",".join(addresses.join(HOST, proxy.port) for proxy in lines.zookeeper)

    async def _lay(self, lines: NodeLines, port: int, directory: Path) -> str:
        """Where the node finds the platform: at the far end of a cable, or at the proxy itself."""
        if not self._cables:
            return addresses.join(HOST, port)
        lines.cable = Cable(port, directory / "cable.socket")
        return await lines.cable.start()

    def heal(self) -> None:
        """Fair weather everywhere."""
        for lines in self.lines.values():
            lines.heal()

    async def stop(self) -> None:
        """End all proxies."""
        for lines in self.lines.values():
            for proxy in lines.all:
                await proxy.stop()
            if lines.cable is not None:
                await lines.cable.stop()

    def change_objects(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Give every node the contact centre's objects with a change, which is made to a copy of them."""
        objects = copy.deepcopy(self._objects)
        change(objects)
        for directory in self._platforms:
            self._write_objects(directory, objects)

    def _write_objects(self, directory: Path, given: Mapping[str, Any]) -> None:
        """Objects with the platform behind the address that this node has for it, written as a whole or not at all."""
        platform, objects = self._platforms[directory], copy.deepcopy(dict(given))
        for transaction in objects["transactions"]:
            general = transaction["annex"]["general"]
            for key, place in (("base_auth_url", self.token_address or platform), ("base_service_url", platform)):
                general[key] = place + urlsplit(general[key]).path
        written = directory / (OBJECTS + ".new")
        written.write_text(yaml.dump(objects, Dumper=_DUMPER))
        written.replace(directory / OBJECTS)


class NoProxies(ProxyWiring):
    """Nodes reach everything directly, as the floor does: no proxy is measured with them."""

    def addresses(self, simulator: dict[str, Any]) -> dict[str, Any]:
        """Those of the contact centre itself."""
        return simulator

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """Those of the ensemble itself."""
        plan.directory.mkdir(parents=True, exist_ok=True)
        return hosts
