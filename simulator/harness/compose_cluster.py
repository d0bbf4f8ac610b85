"""The cluster of this project's docker-compose.yml, found by the labels of its containers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import APIError, DockerException

from cluster.access.signed_calls import ClusterSecret
from cluster.errors import SettingsError
from cluster.security import PeerTls
from simulator.harness.bounds import CONTAINER_SLACK_SECONDS, Bounds
from simulator.harness.cluster_times import REFRESH_PERIOD_SECONDS, SESSION_TIMEOUT_SECONDS, TICK_SECONDS
from simulator.harness.harness_error import HarnessError
from simulator.harness.remote_cluster import RemoteCluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

PROJECT_LABEL, SERVICE_LABEL = "com.docker.compose.project", "com.docker.compose.service"
NODES = ("node-1", "node-2", "node-3")
MEMBERS = ("zk1", "zk2", "zk3")
PLATFORM, BALANCER = "simulator", "haproxy"
_HTTP, _PLATFORM, _ORDERS = 8080, 8200, 7800
_LOG_LINES = 15
_SECRETS = "/etc/pacing/secrets"
_TLS_VARIABLE = "PACING_CERTIFICATES_CERTIFICATE="
"""In the environment of nodes whose ports speak TLS."""
_KILL_WORKER = ["sh", "-c", "child=$(cat /proc/1/task/1/children) && kill -KILL $child && echo $child"]
_MODE = ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/2181 && echo srvr >&3 && grep ^Mode <&3"]


class ComposeCluster(RemoteCluster):
    """Its containers by the names of their services, and what can be done to them."""

    def __init__(
        self, project: str, containers: Mapping[str, Any], secret: ClusterSecret, tls: PeerTls | None = None
    ) -> None:
        """``containers``: docker's own, by their services. ``tls``: files of a member, where all speak TLS."""
        bounds = Bounds(SESSION_TIMEOUT_SECONDS, TICK_SECONDS, REFRESH_PERIOD_SECONDS, CONTAINER_SLACK_SECONDS)
        verify = True if tls is None else ssl.create_default_context(cafile=str(tls.ca_file))
        super().__init__(NODES, bounds, secret, tls=tls, verify=verify)
        self._containers = containers
        self._scheme = "http" if tls is None else "https"
        self._network_name = f"{project}_default"

    @property
    def platform(self) -> str:
        """HTTP address of the simulated contact centre."""
        return f"http://{self._published(PLATFORM, _PLATFORM)}"

    def http(self, node: str) -> str:
        """The HTTP address of a node, published on loopback."""
        return f"{self._scheme}://{self._published(node, _HTTP)}"

    def orders(self, node: str) -> str:
        """The way of orders through the balancer, which leads to the master."""
        del node
        return self._published(BALANCER, _ORDERS)

    # --- harm --------------------------------------------------------------------------------------------------------

    async def kill_worker(self, node: str) -> str:
        """SIGKILL to the working process of a node; its supervisor, the first process of the container, lives."""
        pid = await self._execute(node, _KILL_WORKER)
        return f"SIGKILL to {node}, process {pid} of its container"

    async def kill(self, service: str) -> str:
        """SIGKILL to all processes of a container."""
        await self._do(service, lambda container: container.kill("SIGKILL"))
        return f"the container of {service} is killed"

    async def pause(self, service: str) -> str:
        """Stop the execution of a container."""
        await self._do(service, lambda container: container.pause())
        return f"the container of {service} is paused"

    async def disconnect(self, service: str) -> str:
        """Take a container from the network."""
        await self._do(service, lambda container: self._network(container).disconnect(container, force=True))
        return f"{service} is disconnected from the network"

    async def stop(self, service: str) -> str:
        """SIGTERM, and wait until the container has ended."""
        await self._do(service, lambda container: container.stop(timeout=30))
        return f"SIGTERM to {service}"

    async def restore(self, service: str) -> str:
        """Undo whatever was done to a container."""
        await self._do(service, self._restore)
        return f"{service} is back"

    async def mend(self) -> None:
        """Undo whatever was done to any container, the surroundings first."""
        for service in (*MEMBERS, PLATFORM, BALANCER, *NODES):
            await self.restore(service)

    def _restore(self, container: Any) -> None:
        container.reload()
        if container.status == "paused":
            container.unpause()
        elif container.status in {"exited", "created", "dead"}:
            container.start()
        if self._network_name not in container.attrs["NetworkSettings"]["Networks"]:
            self._network(container).connect(container, aliases=[container.labels[SERVICE_LABEL]])

    def _network(self, container: Any) -> Any:
        return container.client.networks.get(self._network_name)

    async def leader(self) -> str | None:
        """The member of ZooKeeper that leads; None when none does."""
        for member in MEMBERS:
            with contextlib.suppress(HarnessError):
                if "leader" in await self._execute(member, _MODE):
                    return member
        return None

    # --- the engine --------------------------------------------------------------------------------------------------

    def logs(self) -> str:
        """The ends of all nodes' logs."""
        return "".join(
            f"\n  {node}: {self._containers[node].logs(tail=_LOG_LINES).decode(errors='replace')}" for node in NODES
        )

    async def _execute(self, service: str, command: list[str]) -> str:
        status, output = await self._do(service, lambda container: container.exec_run(command))
        text: str = output.decode(errors="replace").strip()
        if status != 0:
            raise HarnessError(f"{service}: {' '.join(command)} ended with {status}: {text}")
        return text

    async def _do(self, service: str, deed: Callable[[Any], Any]) -> Any:
        try:
            return await asyncio.to_thread(deed, self._containers[service])
        except APIError as error:
            raise HarnessError(f"the engine did not do that to {service}: {error.explanation}") from error

    def _published(self, service: str, port: int) -> str:
        bound = self._containers[service].attrs["HostConfig"]["PortBindings"].get(f"{port}/tcp")
        if not bound:
            raise HarnessError(f"port {port} of {service} is not published on this machine")
        return f"{bound[0]['HostIp'] or '127.0.0.1'}:{bound[0]['HostPort']}"


@contextlib.asynccontextmanager
async def open_compose_cluster(project: str) -> AsyncIterator[ComposeCluster]:
    """The running cluster of a compose project. Raises HarnessError without an engine, or a part of it."""
    try:
        client = await asyncio.to_thread(docker.from_env)
        found = await asyncio.to_thread(
            client.containers.list, all=True, filters={"label": f"{PROJECT_LABEL}={project}"}
        )
    except DockerException as error:
        raise HarnessError(f"no container engine answers: {error}") from error
    containers = {container.labels[SERVICE_LABEL]: container for container in found}
    if missing := {*NODES, *MEMBERS, PLATFORM, BALANCER} - set(containers):
        raise HarnessError(
            f"the compose project {project} has no {', '.join(sorted(missing))}; begin with: docker compose up --wait"
        )
    with tempfile.TemporaryDirectory(prefix="pacing-drill-") as directory:
        secret, tls = await asyncio.to_thread(_proofs, containers[NODES[0]], Path(directory))
        cluster = ComposeCluster(project, containers, secret, tls)
        try:
            yield cluster
        finally:
            await cluster.mend()
            await cluster.close()
            client.close()


def _proofs(node: Any, directory: Path) -> tuple[ClusterSecret, PeerTls | None]:
    """What the members prove themselves with, out of a node's container; files go to ``directory``."""
    try:
        secret = ClusterSecret.parse(_read(node, "cluster_secret").decode())
    except SettingsError as error:
        raise HarnessError(f"the secret of {NODES[0]} cannot be used: {error}") from error
    if not any(each.startswith(_TLS_VARIABLE) for each in node.attrs["Config"]["Env"]):
        return secret, None
    tls = PeerTls(directory / "authorities.pem", directory / f"{NODES[0]}-cert.pem", directory / f"{NODES[0]}-key.pem")
    for file in (tls.ca_file, tls.certificate_file, tls.key_file):
        file.touch(mode=0o600)
        file.write_bytes(_read(node, file.name))
    return secret, tls


def _read(node: Any, name: str) -> bytes:
    status, output = node.exec_run(["cat", f"{_SECRETS}/{name}"])
    content: bytes = output
    if status != 0:
        raise HarnessError(f"{_SECRETS}/{name} cannot be read: {content.decode(errors='replace').strip()}")
    return content
