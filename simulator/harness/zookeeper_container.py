"""A single ZooKeeper server in a container, where none is installed but a container engine answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from testcontainers.core.container import DockerContainer

from simulator.harness.zookeeper_mode import server_mode

if TYPE_CHECKING:
    from collections.abc import Mapping

_PORT = 2181
LABELS: Mapping[str, str] = {"agent-pacing": "zookeeper"}
"""Finds containers left behind: `docker ps --all --filter label=agent-pacing`."""
_ENVIRONMENT: Mapping[str, str] = {
    "ZOO_TICK_TIME": "500",
    "ZOO_SYNC_LIMIT": "4",
    "ZOO_INIT_LIMIT": "20",
    "ZOO_4LW_COMMANDS_WHITELIST": "srvr,ruok,mntr,cons",
    "ZOO_CFG_EXTRA": "minSessionTimeout=1000 maxClientCnxns=0",
    "ZOO_ADMINSERVER_ENABLED": "false",
}


class ContainerMember:
    """The only member of an ensemble that runs in a container."""

    name = "zookeeper-container"

    def __init__(self, image: str, client_port: int) -> None:
        self.client_port = client_port
        container = DockerContainer(image).with_kwargs(labels=LABELS)
        # Of this machine alone: `with_bind_ports` would publish the port on every interface.
        published = cast("dict[str, object]", container.ports)
        published[f"{_PORT}/tcp"] = ("127.0.0.1", client_port)
        for key, value in _ENVIRONMENT.items():
            container = container.with_env(key, value)
        self._container = container
        self._created = False
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
        if self._created:
            self._container.get_wrapped_container().start()
        else:
            self._container.start()
            self._created = True
        self._running = True

    def stop(self) -> None:
        """Stop the server in an orderly way; its data stay."""
        self.thaw()
        if self._running:
            self._container.get_wrapped_container().stop(timeout=5)
            self._running = False

    def kill(self) -> None:
        """Kill the server and remove the container."""
        if self._created:
            self._container.stop(force=True)
        self._created = self._running = self._frozen = False

    def freeze(self) -> None:
        """Stop its execution while its sockets stay open."""
        if self._running and not self._frozen:
            self._container.get_wrapped_container().pause()
            self._frozen = True

    def thaw(self) -> None:
        """Continue after :meth:`freeze`."""
        if self._frozen:
            self._container.get_wrapped_container().unpause()
            self._frozen = False

    def mode(self) -> str | None:
        """``standalone`` when it serves; None when it does not."""
        return server_mode("127.0.0.1", self.client_port) if self._running else None
