"""A release of the chart on Kubernetes, found by its labels, and what can be done to its pods and machines."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import yaml

from cluster.access.signed_calls import ClusterSecret
from cluster.errors import SettingsError
from simulator.harness.bounds import CONTAINER_SLACK_SECONDS, Bounds
from simulator.harness.harness_error import HarnessError
from simulator.harness.kubectl import Kubectl
from simulator.harness.remote_cluster import RemoteCluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from simulator.harness.kubectl import Shell

PLATFORM_LABEL = "app.kubernetes.io/name=agent-pacing-simulator"
"""By which the pod of the simulated contact centre is found, in the namespace of the release."""
_HTTP, _ORDERS, _PLATFORM = 8080, 7800, 8200
_SECRET = "/etc/agent-pacing/access/secret"  # noqa: S105 - a path
_KILL_WORKER = "child=$(cat /proc/1/task/1/children); kill -KILL $child; echo $child"
_MODE = ("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/2181 && echo srvr >&3 && grep ^Mode <&3")
_SHELL_SECONDS, _SHELL_PAUSE_SECONDS = 60.0, 0.5
_INSTANCE, _COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"


class KubernetesCluster(RemoteCluster):
    """Its pods, reached at their own addresses: run drills where the network of the pods is."""

    def __init__(
        self,
        kubectl: Kubectl,
        release: str,
        *,
        pods: Mapping[str, str],
        bounds: Bounds,
        secret: ClusterSecret,
        platform: str,
    ) -> None:
        """``pods``: addresses of the nodes by name; ``platform``: that of the simulated contact centre."""
        super().__init__(tuple(pods), bounds, secret)
        self._kubectl = kubectl
        self._addresses = dict(pods)
        self._release = release
        self._platform_address = platform
        self._shells: dict[str, Shell] = {}
        self._cordoned: set[str] = set()
        self._statefulset = next(iter(pods)).rpartition("-")[0]

    @property
    def platform(self) -> str:
        """HTTP address of the simulated contact centre."""
        return f"http://{self._platform_address}:{_PLATFORM}"

    def http(self, node: str) -> str:
        """The HTTP address of a node's pod, as it was last seen."""
        return f"http://{_bracketed(self._addresses.get(node, 'unknown.invalid'))}:{_HTTP}"

    def orders(self, node: str) -> str:
        """The clustering port of a node's pod."""
        return f"{_bracketed(self._addresses.get(node, 'unknown.invalid'))}:{_ORDERS}"

    async def read(self) -> list[Any]:
        """Read what the platform recorded; where nobody could name the master, the pods' addresses are learned anew."""
        new = await super().read()
        if self.epoch and self.master is None:
            await self.revive()
        return new

    async def revive(self) -> None:
        """Learn the addresses of pods that were replaced; Kubernetes itself starts what has ended."""
        self._addresses |= await node_addresses(self._kubectl, self._release)

    # --- harm --------------------------------------------------------------------------------------------------------

    async def kill_worker(self, node: str) -> str:
        """SIGKILL to the working process of a node. Its supervisor, the first process of the container, frees the
        mastership and ends; the container is started again.
        """
        return f"SIGKILL to {node}, process {await self._shells[node].tell(_KILL_WORKER)} of its container"

    async def delete(self, pod: str) -> str:
        """Delete a pod in order: its processes get SIGTERM, and time."""
        await self._kubectl.run("delete", "pod", pod, "--wait=false")
        return f"pod {pod} is deleted"

    async def force_delete(self, pod: str) -> str:
        """Delete a pod without waiting for its machine, as one does with a machine that is lost."""
        await self._kubectl.run("delete", "pod", pod, "--force", "--grace-period=0", "--wait=false")
        return f"pod {pod} is deleted by force"

    async def drain(self, node: str) -> str:
        """Drain the machine that a node runs on of all nodes, as the disruption budget allows."""
        machine = str((await self._kubectl.get("pod", node))["spec"]["nodeName"])
        self._cordoned.add(machine)
        selector = f"{_INSTANCE}={self._release},{_COMPONENT}=node"
        chosen = ("--pod-selector", selector, "--delete-emptydir-data", "--ignore-daemonsets", "--timeout=170s")
        await self._kubectl.run("drain", machine, *chosen)
        return f"machine {machine} is drained"

    async def roll(self, _: str) -> str:
        """Replace every pod, one after the other, and wait until that is done."""
        await self._kubectl.run("rollout", "restart", f"statefulset/{self._statefulset}")
        return await self._rolled("a rolling update")

    async def roll_back(self, _: str) -> str:
        """Go back to the revision before the last rolling update, and wait until that is done."""
        await self._kubectl.run("rollout", "undo", f"statefulset/{self._statefulset}")
        return await self._rolled("a rollback")

    async def _rolled(self, what: str) -> str:
        await self._kubectl.run("rollout", "status", f"statefulset/{self._statefulset}", "--timeout=170s")
        return f"{what} is over"

    async def restore(self, part: str) -> str:
        """Wait until a pod that was ended is ready again."""
        await self.mend()
        return f"{part} is back"

    async def mend(self) -> None:
        """Let pods run on every machine again, wait until all are ready, and open what drills need."""
        for machine in self._cordoned:
            await self._kubectl.run("uncordon", machine)
        self._cordoned.clear()
        deadline = time.monotonic() + 170.0
        for pod in self.nodes:
            # One that was deleted a moment ago may not be there again yet.
            while True:
                try:
                    await self._kubectl.run("wait", f"pod/{pod}", "--for=condition=Ready", "--timeout=170s")
                    break
                except HarnessError:
                    if time.monotonic() > deadline:
                        raise
        await self.revive()
        await self._open_shells()

    async def _open_shells(self) -> None:
        """A shell in each node that answers: a harm is then one line away."""
        for node in self.nodes:
            shell = self._shells.pop(node, None)
            if shell is not None:
                await shell.close()
            self._shells[node] = await self._open_shell(node)

    async def _open_shell(self, node: str) -> Shell:
        """A shell that answers. A container whose worker was killed ends some moments later and is started again, while
        its pod counts as ready all the time: one that ends meanwhile is opened again, for `_SHELL_SECONDS`.
        """
        deadline = time.monotonic() + _SHELL_SECONDS
        while True:
            shell = await self._kubectl.shell(node, "node")
            try:
                await shell.tell("echo ready")
            except HarnessError:
                await shell.close()
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_SHELL_PAUSE_SECONDS)
            else:
                return shell

    async def leader(self) -> str | None:
        """The pod of the member of ZooKeeper that leads; None when none does, or the release has no ensemble."""
        for name in await _names(self._kubectl, f"{_INSTANCE}={self._release},{_COMPONENT}=zookeeper"):
            with contextlib.suppress(HarnessError):
                if "leader" in await self._kubectl.run("exec", name, "--", *_MODE):
                    return name
        return None

    async def close(self) -> None:
        """End the shells, close the connections."""
        for shell in self._shells.values():
            await shell.close()
        await super().close()


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


async def _names(kubectl: Kubectl, selector: str) -> list[str]:
    pods = await kubectl.get("pods", "--selector", selector)
    return [pod["metadata"]["name"] for pod in pods["items"]]


async def node_addresses(kubectl: Kubectl, release: str) -> dict[str, str]:
    """Addresses of a release's nodes by the names of their pods, as far as they have any."""
    pods = await kubectl.get("pods", "--selector", f"{_INSTANCE}={release},{_COMPONENT}=node")
    found = {pod["metadata"]["name"]: pod["status"].get("podIP") for pod in pods["items"]}
    return {name: address for name, address in sorted(found.items()) if address}


@contextlib.asynccontextmanager
async def open_kubernetes_cluster(name: str) -> AsyncIterator[KubernetesCluster]:
    """The cluster of a release, `RELEASE` or `NAMESPACE/RELEASE`.

    Raises HarnessError when kubectl, the release or the simulated contact centre is missing.
    """
    namespace, _, release = name.rpartition("/")
    kubectl = Kubectl(namespace)
    pods = await node_addresses(kubectl, release)
    if not pods:
        raise HarnessError(f"there is no node of a release {release}; begin with: helm install")
    centres = (await kubectl.get("pods", "--selector", PLATFORM_LABEL))["items"]
    if not centres or not centres[0]["status"].get("podIP"):
        raise HarnessError(f"no simulated contact centre with the label {PLATFORM_LABEL} runs beside {release}")
    first = next(iter(pods))
    try:
        secret = ClusterSecret.parse(await kubectl.run("exec", first, "--container", "node", "--", "cat", _SECRET))
    except SettingsError as error:
        raise HarnessError(f"the nodes' secret cannot be read: {error}") from error
    bounds = await _bounds(kubectl, first.rpartition("-")[0])
    platform = _bracketed(str(centres[0]["status"]["podIP"]))
    cluster = KubernetesCluster(kubectl, release, pods=pods, bounds=bounds, secret=secret, platform=platform)
    try:
        period = (await cluster.page(first, "/targets")).get("interval_seconds")
        if period is None:
            raise HarnessError(
                f"{cluster.http(first)} does not answer: run this where the pods' network is, and let it in"
            )
        cluster.bounds = replace(bounds, period=float(period))
        yield cluster
    finally:
        await cluster.close()


async def _bounds(kubectl: Kubectl, statefulset: str) -> Bounds:
    """The bounds that follow from the options of the nodes; the refresh period is an option of the cluster."""
    data = (await kubectl.get("configmap", f"{statefulset}-node"))["data"]
    options = yaml.safe_load(data["node.yaml"])["zookeeper"]
    timeout = float(options["session_timeout_seconds"])
    return Bounds(timeout, float(options.get("tick_seconds", timeout / 2)), 1.0, CONTAINER_SLACK_SECONDS)
