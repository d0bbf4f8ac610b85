"""A cluster that runs in containers or pods, with its pages, its platform and its orders reached over addresses."""

from __future__ import annotations

import time
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import httpx

from cluster.access.credentials import SecretCredentials
from simulator.harness.observation import masters_of
from simulator.harness.recorded_cluster import RecordedCluster
from simulator.harness.step_down import CALLER, listed_member, step_down

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from cluster.access.credentials import CallCredentials
    from cluster.access.signed_calls import ClusterSecret
    from cluster.security import PeerTls
    from simulator.harness.bounds import Bounds
    from simulator.harness.push_record import Push


class RemoteCluster(RecordedCluster):
    """Who sent a push is known from the nodes' own history, for their connections are not at hand."""

    def __init__(
        self,
        names: Sequence[str],
        bounds: Bounds,
        secret: ClusterSecret,
        *,
        tls: PeerTls | None = None,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        """``secret`` signs orders; ``tls`` is shown to clustering ports that ask for a certificate."""
        super().__init__(bounds, verify=verify)
        self._names = tuple(names)
        self._secret = secret
        self._tls = tls
        self._masters: dict[int, str] = {}

    @property
    def nodes(self) -> Sequence[str]:
        """Names of its nodes."""
        return self._names

    @abstractmethod
    def http(self, node: str) -> str:
        """The HTTP address of a node as it is reached from here."""

    @abstractmethod
    def orders(self, node: str) -> str:
        """The address of a node's clustering port as it is reached from here, ``host:port``; or of a way to it."""

    def sender(self, epoch: int) -> str | None:
        """The node that was master in an epoch, as far as the nodes have told."""
        return self._masters.get(epoch)

    async def read(self) -> list[Push]:
        """Read what the platform recorded, and ask the nodes about an epoch not seen before."""
        new = await super().read()
        if self.epoch and self.epoch not in self._masters:
            for node in self._names:
                self._masters |= masters_of(await self.page(node, "/cluster"))
                if self.epoch in self._masters:
                    break
        return new

    async def page(self, node: str, path: str) -> dict[str, Any]:
        """A page of a node; empty when it does not answer."""
        try:
            answer = (await self._client.get(self.http(node) + path)).json()
        except (httpx.HTTPError, ValueError):
            return {}
        return answer if isinstance(answer, dict) else {}

    async def ready(self, node: str) -> bool:
        """Whether a node says that it is ready."""
        try:
            return (await self._client.get(f"{self.http(node)}/readiness")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def resign(self, node: str) -> None:
        """Ask a node to resign, as `pacing step-down` does."""
        page = await self.page(node, "/cluster")
        member = listed_member(page, node)
        signed = SecretCredentials(self._secret, str(page["cluster"]), CALLER)
        addressed = _AddressedTo(str(member["clustering"]), signed)
        try:
            await step_down({**member, "clustering": self.orders(node)}, self._tls, addressed)
        finally:
            self.resigned_at[node] = time.time()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _AddressedTo:
    """Signs calls for the address the member knows itself by, whatever way they take."""

    def __init__(self, addressee: str, credentials: CallCredentials) -> None:
        self._addressee = addressee
        self._credentials = credentials

    def metadata(self, addressee: str, call: str, body: bytes) -> tuple[tuple[str, str], ...]:
        """Metadata of one call."""
        del addressee
        return self._credentials.metadata(self._addressee, call, body)
