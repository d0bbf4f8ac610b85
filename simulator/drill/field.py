"""What every drill is given: the cluster, a timeline, and the measures of its own stretch of the record."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.access.credentials import SecretCredentials
from cluster.access.signed_calls import ClusterSecret
from cluster.admin.member_calls import open_calls
from cluster.errors import ClusterError, SettingsError
from cluster.records import MemberInfo
from simulator.drill.verdict import Measured
from simulator.harness.harness_error import HarnessError
from simulator.harness.push_record import applied, changes_of_epoch, longest_interval, missed_periods, out_of_order

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.access.credentials import CallCredentials
    from cluster.security import PeerTls
    from simulator.harness.arena import Arena
    from simulator.harness.push_record import Push

CALL_SECONDS = 5.0
CALLER = "drill"
"""Name under which a drill signs its orders."""
COOLDOWN_SECONDS = 10.5
"""How long a node that has resigned by an operator's word contends no more, with some room."""
WAIT_SECONDS = 45.0
"""How long a drill waits for what must come before it gives up; far above every bound."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a drill may be asked to do differently. Times in seconds."""

    outage_seconds: float = 10.0
    """How long ZooKeeper, or the platform, stays away."""
    failsafe: bool = False
    """Whether the nodes of its own cluster have the option failsafe."""


class Field:
    """One drill's view of the cluster."""

    def __init__(self, arena: Arena, options: Options, say: Callable[[str], None]) -> None:
        self.arena = arena
        self.options = options
        self.complaints: list[str] = []
        self._say = say
        self._begun = time.time()
        self._first_index = arena.pushes[-1].index if arena.pushes else 0

    def note(self, text: str, at: float | None = None) -> None:
        """Enter an event into the timeline; ``at`` is Unix time in seconds, now unless given."""
        self._say(f"  {(time.time() if at is None else at) - self._begun:+8.3f} s  {text}")

    async def mid_period(self) -> str:
        """Wait until half a period after a push, so that faults always come at the same moment; the master's name."""
        newest = await self.arena.await_push(WAIT_SECONDS, since=time.time())
        await _sleep_until(newest.received_at + self.arena.bounds.period / 2)
        master = self.arena.master
        if master is None:
            raise HarnessError("there is no master to begin with")
        return master

    async def successor(self, fault_at: float, old_epoch: int) -> Push:
        """Wait for the first push of a newer term and tell of it."""
        push = await self.arena.await_push(WAIT_SECONDS, since=fault_at, above_epoch=old_epoch)
        self.note(f"first accepted push of epoch {push.epoch}, from {self.arena.sender(push.epoch)}", push.received_at)
        return push

    async def next_pushes(self, count: int, since: float) -> Push:
        """Wait for ``count`` more pushes to take effect; the first of them."""
        first = await self.arena.await_push(WAIT_SECONDS, since=since)
        latest = first
        for _ in range(count - 1):
            latest = await self.arena.await_push(WAIT_SECONDS, since=latest.received_at)
        return first

    def interval(self, since: float, until: float) -> float:
        """Longest time without an accepted push, beyond the refresh period."""
        return max(0.0, longest_interval(self.arena.times(), since, until) - self.arena.bounds.period)

    async def rest(self) -> None:
        """Wait until the mastership can be handed over by order again: once in a cooldown."""
        if self.arena.resigned_at:
            await _sleep_until(max(self.arena.resigned_at.values()) + COOLDOWN_SECONDS)

    async def member(self, node: str) -> dict[str, object]:
        """A node as `/cluster` lists it."""
        for name in self.arena.nodes:
            for member in (await self.arena.page(name, "/cluster")).get("members") or ():
                if member["name"] == node:
                    return dict(member)
        raise HarnessError(f"no node knows where {node} is")

    async def resign(self, member: dict[str, object]) -> None:
        """Ask a member to resign, as `pacing step-down` does."""
        self.arena.resigned_at[str(member["name"])] = time.time()
        cluster = str((await self.arena.page(str(member["name"]), "/cluster")).get("cluster"))
        secret = ClusterSecret.parse(self.arena.stage.secret_file.read_text())
        await step_down(member, credentials=SecretCredentials(secret, cluster, CALLER))

    async def measured(self, gap_seconds: float) -> Measured:
        """The measures of everything since this object was made."""
        await self.arena.read()
        own = [push for push in self.arena.pushes if push.index > self._first_index]
        before = [push for push in applied(self.arena.pushes) if push.index <= self._first_index][-1:]
        return Measured(
            gap_seconds=gap_seconds,
            missed_periods=missed_periods(self.arena.times(), self._begun, time.time(), self.arena.bounds.period),
            accepted_out_of_order=max(len(out_of_order(self.arena.pushes)), await self.arena.out_of_order()),
            master_changes=changes_of_epoch([*before, *own]),
            complaints=tuple(self.complaints),
        )


async def step_down(
    member: dict[str, object], tls: PeerTls | None = None, credentials: CallCredentials | None = None
) -> None:
    """Ask a member, as `/cluster` lists it, to resign; with ``tls`` by showing a certificate, and ``credentials``.

    Raises HarnessError when it does not answer or is not master, SettingsError for files that cannot be used.
    """
    info = MemberInfo(str(member["name"]), "", str(member["clustering"]), "", 0.0)
    async with open_calls(CALL_SECONDS, tls, credentials) as client:
        try:
            await client.step_down(info, "pacing drill", CALL_SECONDS)
        except SettingsError:
            raise
        except ClusterError as error:
            raise HarnessError(f"{info.name} at {info.clustering} did not resign: {error}") from error


async def _sleep_until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.time()))
