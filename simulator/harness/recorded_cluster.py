"""A cluster that pushes to a simulated platform, wherever it runs: the platform's record, and what it is to be steady.

Where the cluster runs, and how its nodes are reached and mended, is left to those who inherit.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import httpx

from simulator.harness.harness_error import HarnessError
from simulator.harness.observation import REQUEST_SECONDS
from simulator.harness.push_record import Push, full_pushes

if TYPE_CHECKING:
    import ssl
    from collections.abc import Collection

    from simulator.harness.bounds import Bounds

STEADY_SECONDS = 60.0
"""Longest time a cluster may take until everything is as it should be, processes that start included."""
POLL_SECONDS = 0.02
_ATTEMPTS = 5
_SETTLED_PUSHES = 3


class RecordedCluster(ABC):
    """The cluster and what the platform recorded of it."""

    def __init__(self, bounds: Bounds, *, failsafe: bool = False, verify: ssl.SSLContext | bool = True) -> None:
        """``failsafe``: the master goes on without ZooKeeper by the promises of the others.

        ``verify``: how the certificates of the platform and of the nodes are checked, where they show any.
        """
        self.bounds = bounds
        self.failsafe = failsafe
        self.pushes: list[Push] = []
        """The platform's record as far as it was read, oldest first."""
        self.resigned_at: dict[str, float] = {}
        """When a node had last answered an order to resign, Unix time in seconds."""
        self._client = httpx.AsyncClient(timeout=REQUEST_SECONDS, trust_env=False, verify=verify)

    # --- where it runs -----------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def nodes(self) -> Collection[str]:
        """Names of its nodes, those that have ended too."""

    @property
    @abstractmethod
    def platform(self) -> str:
        """HTTP address of the simulated contact centre."""

    @abstractmethod
    def sender(self, epoch: int) -> str | None:
        """The node that has sent pushes under an epoch, as far as that is known."""

    @abstractmethod
    async def page(self, node: str, path: str) -> dict[str, Any]:
        """A page of a node; empty when it does not answer."""

    @abstractmethod
    async def ready(self, node: str) -> bool:
        """Whether a node says that it is ready."""

    @abstractmethod
    async def resign(self, node: str) -> None:
        """Ask a node to resign, as `pacing step-down` does. Raises HarnessError when it does not."""

    @abstractmethod
    async def mend(self) -> None:
        """Undo every harm that still lasts: everything runs again and reaches everything."""

    async def revive(self) -> None:
        """Start nodes that have ended meanwhile; a place that does so by itself has nothing to do here."""
        return

    def log_of(self, node: str) -> str:
        """A node's own log, all of it; empty where it is not at hand or of another machine's clock."""
        del node
        return ""

    def logs(self) -> str:
        """The ends of all nodes' logs, ready to be appended to a message."""
        return ""

    # --- what the platform says --------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Epoch of the push that took effect last, as far as it was read; 0 before any."""
        return next((push.epoch for push in reversed(self.pushes) if push.accepted), 0)

    @property
    def master(self) -> str | None:
        """The node that sent the push that took effect last; None before any."""
        return self.sender(self.epoch)

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
            await asyncio.sleep(POLL_SECONDS)

    async def out_of_order(self) -> int:
        """Accepted out of order by the platform's own count."""
        return int((await self._platform("/simulator/status", targets="no"))["accepted_out_of_order"])

    async def fault(self, **fault: Any) -> None:
        """Make the contact centre misbehave; see its own description of faults."""
        (await self._client.post(f"{self.platform}/simulator/faults", json=fault)).raise_for_status()

    async def clear_faults(self) -> None:
        """The contact centre behaves again."""
        (await self._client.delete(f"{self.platform}/simulator/faults")).raise_for_status()

    async def _platform(self, path: str, **asked: str) -> dict[str, Any]:
        """A page of the contact centre; asked again when the machine is too busy for an answer in time.

        Raises HarnessError when none comes.
        """
        failure: Exception | None = None
        for _ in range(_ATTEMPTS):
            try:
                answer = await self._client.get(f"{self.platform}{path}", params=asked)
                page: dict[str, Any] = answer.json()
            except httpx.TransportError as error:
                failure = error
            else:
                return page
        raise HarnessError(f"the contact centre does not tell {path}: {failure!r}") from failure

    # --- care --------------------------------------------------------------------------------------------------------

    async def steady(self) -> str:
        """Mend everything and wait until all nodes are members and one of them pushes each period; its name.

        Raises HarnessError when that does not come about.
        """
        await self.mend()
        deadline = time.monotonic() + STEADY_SECONDS
        while not await self._is_steady():
            if time.monotonic() > deadline:
                raise HarnessError(f"the cluster is not steady after {STEADY_SECONDS:g} s{self.logs()}")
            await self.revive()
            await asyncio.sleep(10 * POLL_SECONDS)
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
        return all([await self.ready(node) for node in self.nodes])
