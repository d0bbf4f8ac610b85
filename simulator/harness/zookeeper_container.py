"""ZooKeeper in containers, where none is installed but a container engine answers: one member, or an ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import docker
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from simulator.harness.container_guard import ContainerGuard
from simulator.harness.zookeeper_mode import server_mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The guard removes what is left behind: nobody needs the reaper's image.
testcontainers_config.ryuk_disabled = True

_PORT = 2181
LABELS: Mapping[str, str] = {"agent-pacing": "zookeeper"}
"""Finds all of them, whoever made them: `docker ps --all --filter label=agent-pacing`."""
_ENVIRONMENT: Mapping[str, str] = {
    "ZOO_TICK_TIME": "500",
    "ZOO_SYNC_LIMIT": "4",
    "ZOO_INIT_LIMIT": "20",
    "ZOO_4LW_COMMANDS_WHITELIST": "srvr,ruok,mntr,cons",
    "ZOO_CFG_EXTRA": "minSessionTimeout=1000 maxClientCnxns=0",
    "ZOO_ADMINSERVER_ENABLED": "false",
    "JVMFLAGS": "-Xms16m -Xmx128m -XX:+UseSerialGC",
}


class ContainerMembers:
    """What the members of one ensemble share: a guard and, where there are several, a network."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.guard = ContainerGuard()
        self.labels = {**LABELS, **self.guard.labels}
        self._client: Any = None
        self._network: Any = None

    def network(self) -> str | None:
        """Name of the network between them, made when it is first asked for; None for a lone member."""
        if self.count > 1 and self._network is None:
            self._client = docker.from_env()
            self._network = self._client.networks.create(f"zookeeper-{self.guard.name}", labels=self.labels)
        return None if self._network is None else str(self._network.name)

    def end(self) -> None:
        """Remove the network and whatever is left."""
        self.guard.end()
        self._network = None
        if self._client is not None:
            self._client.close()
            self._client = None


def container_members(image: str, ports: Sequence[int]) -> tuple[ContainerMember, ...]:
    """Members of one ensemble, one for each client port on loopback; nothing is made before they are started."""
    shared = ContainerMembers(len(ports))
    return tuple(ContainerMember(image, port, number, shared) for number, port in enumerate(ports, start=1))


class ContainerMember:
    """A member that runs in a container."""

    def __init__(self, image: str, client_port: int, number: int, shared: ContainerMembers) -> None:
        """``number``: its own among those that share an ensemble, from 1."""
        self.name = f"zookeeper-{number}"
        self.client_port = client_port
        self._image = image
        self._number = number
        self._shared = shared
        self._container: DockerContainer | None = None
        self._running = False
        self._frozen = False

    @property
    def running(self) -> bool:
        """Whether it was started and not ended; a frozen one counts."""
        return self._running

    def start(self) -> None:
        """Create and start the container, or start it again with its data."""
        if self._running:
            return
        if self._container is None:
            self._shared.guard.start()
            self._container = self._made()
            self._container.start()
        else:
            self._container.get_wrapped_container().start()
        self._running = True

    def _made(self) -> DockerContainer:
        network = self._shared.network()
        place = {} if network is None else {"network": network, "hostname": self.name}
        container = DockerContainer(self._image).with_kwargs(labels=self._shared.labels, **place)
        # Of this machine alone: `with_bind_ports` would publish the port on every interface.
        published = cast("dict[str, object]", container.ports)
        published[f"{_PORT}/tcp"] = ("127.0.0.1", self.client_port)
        for key, value in {**_ENVIRONMENT, **self._ensemble()}.items():
            container = container.with_env(key, value)
        return container

    def _ensemble(self) -> dict[str, str]:
        if self._shared.count == 1:
            return {}
        numbers = range(1, self._shared.count + 1)
        servers = " ".join(f"server.{each}=zookeeper-{each}:2888:3888;{_PORT}" for each in numbers)
        return {"ZOO_MY_ID": str(self._number), "ZOO_SERVERS": servers, "ZOO_STANDALONE_ENABLED": "false"}

    def stop(self) -> None:
        """Stop the server in an orderly way; its data stay."""
        self.thaw()
        if self._running and self._container is not None:
            self._container.get_wrapped_container().stop(timeout=5)
            self._running = False

    def kill(self) -> None:
        """Kill the server; its data stay."""
        if self._running and self._container is not None:
            self._container.get_wrapped_container().kill("SIGKILL")
        self._running = self._frozen = False

    def discard(self) -> None:
        """Kill the server and remove the container; with the last one goes what they share."""
        if self._container is not None:
            self._container.stop(force=True)
            self._container = None
        self._running = self._frozen = False
        if self._number == self._shared.count:
            self._shared.end()

    def freeze(self) -> None:
        """Stop its execution while its sockets stay open."""
        if self._running and not self._frozen and self._container is not None:
            self._container.get_wrapped_container().pause()
            self._frozen = True

    def thaw(self) -> None:
        """Continue after :meth:`freeze`."""
        if self._frozen and self._container is not None:
            self._container.get_wrapped_container().unpause()
            self._frozen = False

    def mode(self) -> str | None:
        """``leader``, ``follower`` or ``standalone`` when it serves; None when it does not."""
        return server_mode("127.0.0.1", self.client_port) if self._running else None
