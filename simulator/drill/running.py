"""A drill on a cluster that is at work: what can be asked and seen from outside, and nothing else."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from cluster.access.credentials import SecretCredentials, TokenCredentials
from simulator.drill.verdict import DrillResult, Expectation, Measured
from simulator.harness.bounds import SLACK_SECONDS
from simulator.harness.harness_error import HarnessError
from simulator.harness.push_record import GRACE_SECONDS
from simulator.harness.step_down import CALLER, step_down

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.access.credentials import CallCredentials
    from cluster.access.signed_calls import ClusterSecret
    from cluster.security import PeerTls

_REQUEST_SECONDS = 5.0
_POLL_SECONDS = 0.02
_WAIT_SECONDS = 45.0


@dataclass(frozen=True, slots=True)
class ClusterView:
    """What one node reports of its cluster."""

    cluster: str
    master: str
    epoch: int
    members: int
    master_row: dict[str, Any]
    addresses: tuple[str, ...]
    """HTTP addresses of all members."""


class RunningCluster:
    """A cluster at work, asked over the pages of its nodes."""

    def __init__(
        self, address: str, tls: PeerTls | None = None, secret: ClusterSecret | None = None, token: str | None = None
    ) -> None:
        """``tls``: what is shown to members whose clustering ports ask for certificates.

        ``secret`` signs the order, else it carries ``token``.
        """
        self._address = address.rstrip("/")
        self.tls = tls
        self._secret = secret
        self._token = token
        self._scheme = self._address.partition("://")[0]

    def view(self) -> ClusterView:
        """Who is master now. Raises HarnessError when nobody is, when the node runs alone, or without an answer."""
        page = self._page(self._address, "/cluster")
        if page["mode"] == "standalone":
            raise HarnessError("this node runs alone; there is nobody to hand over to")
        row = next((member for member in page["members"] if member["name"] == page["master"]), None)
        if row is None:
            raise HarnessError("there is no master now; a drill begins with one")
        reachable = [member for member in page["members"] if member["reachable"]]
        if len(reachable) < 2:
            raise HarnessError("no other member answers; there is nobody to hand over to")
        addresses = tuple(f"{self._scheme}://{member['http']}" for member in reachable)
        return ClusterView(page["cluster"], page["master"], int(page["epoch"]), len(reachable), row, addresses)

    def credentials(self, cluster: str) -> CallCredentials | None:
        """What proves to the members of ``cluster`` who gives the order, beside the certificate."""
        if self._secret is not None:
            return SecretCredentials(self._secret, cluster, CALLER)
        return TokenCredentials(self._token) if self._token is not None else None

    def newest(self, addresses: tuple[str, ...]) -> dict[str, Any]:
        """The newest cycle any member knows."""
        pages = []
        for address in addresses:
            try:
                pages.append(self._page(address, "/targets"))
            except HarnessError:
                continue
        if not pages:
            raise HarnessError("no member answers")
        return max(pages, key=lambda page: (page["epoch"], page["sequence"]))

    def _page(self, address: str, path: str) -> dict[str, Any]:
        try:
            answer = httpx.get(address + path, timeout=_REQUEST_SECONDS, trust_env=False)
            answer.raise_for_status()
            page: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise HarnessError(f"no good answer from {address}{path}: {error}") from error
        return page


async def graceful_hand_over(running: RunningCluster, before: ClusterView, say: Callable[[str], None]) -> DrillResult:
    """Ask the master to resign and watch the members' pages until another one has pushed.

    The gap counts from the request to the first sight of a cycle of a newer term that the platform accepted, on this
    machine's clock; the way to the nodes and the polling are in it. The platform's record is not at hand, so the order
    of pushes is not judged.
    """
    period = float(running.newest(before.addresses)["interval_seconds"])
    asked_at = time.monotonic()
    await step_down(before.master_row, running.tls, running.credentials(before.cluster))
    say(f"  {before.master} was asked to resign, epoch {before.epoch}")
    deadline = asked_at + _WAIT_SECONDS
    while True:
        page = await asyncio.to_thread(running.newest, before.addresses)
        if page["epoch"] > before.epoch and page["pushed"]:
            break
        if time.monotonic() > deadline:
            raise HarnessError(f"no other member has pushed within {_WAIT_SECONDS:g} s")
        await asyncio.sleep(_POLL_SECONDS)
    gap = time.monotonic() - asked_at
    say(f"  {gap:.3f} s later a push of epoch {page['epoch']} was accepted")
    missed = max(0, math.ceil((gap - GRACE_SECONDS) / period))
    measured = Measured(gap, missed, None, 1)
    return DrillResult.judge("graceful", Expectation(SLACK_SECONDS, 1, 1, missed_allowed=False), measured)
