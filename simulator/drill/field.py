"""What every drill is given: the cluster, a timeline, and the measures of its own stretch of the record."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from simulator.drill.verdict import Measured
from simulator.harness.hand_over_trace import hand_over_trace
from simulator.harness.harness_error import HarnessError
from simulator.harness.push_record import applied, changes_of_epoch, longest_interval, missed_periods, out_of_order
from simulator.harness.recorded_cluster import RecordedCluster

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.harness.hand_over_trace import Step
    from simulator.harness.push_record import Push

COOLDOWN_SECONDS = 10.5
"""How long a node that has resigned by an operator's word contends no more, with some room."""
WAIT_SECONDS = 45.0
"""How long a drill waits for what must come before it gives up; far above every bound."""


C = TypeVar("C", bound=RecordedCluster)


@dataclass(frozen=True, slots=True)
class Options:
    """What a drill may be asked to do differently. Times in seconds."""

    outage_seconds: float = 10.0
    """How long ZooKeeper, or the platform, stays away."""
    failsafe: bool = False
    """Whether the nodes of its own cluster have the option failsafe."""


class Field(Generic[C]):
    """One drill's view of the cluster, wherever that runs."""

    def __init__(self, cluster: C, options: Options, say: Callable[[str], None]) -> None:
        self.cluster = cluster
        self.options = options
        self.complaints: list[str] = []
        self.trace: tuple[Step, ...] = ()
        """Where the time of the newest hand-over went, as far as the nodes' logs are at hand."""
        self._say = say
        self._begun = time.time()
        self._first_index = cluster.pushes[-1].index if cluster.pushes else 0

    def note(self, text: str, at: float | None = None) -> None:
        """Enter an event into the timeline; ``at`` is Unix time in seconds, now unless given."""
        self._say(f"  {(time.time() if at is None else at) - self._begun:+8.3f} s  {text}")

    async def mid_period(self) -> str:
        """Wait until half a period after a push, so that faults always come at the same moment; the master's name."""
        newest = await self.cluster.await_push(WAIT_SECONDS, since=time.time())
        await _sleep_until(newest.received_at + self.cluster.bounds.period / 2)
        master = self.cluster.master
        if master is None:
            raise HarnessError("there is no master to begin with")
        return master

    async def successor(self, fault_at: float, old_epoch: int) -> Push:
        """Wait for the first push of a newer term and tell of it."""
        push = await self.cluster.await_push(WAIT_SECONDS, since=fault_at, above_epoch=old_epoch)
        self.note(
            f"first accepted push of epoch {push.epoch}, from {self.cluster.sender(push.epoch)}", push.received_at
        )
        old, new = self.cluster.sender(old_epoch), self.cluster.sender(push.epoch)
        if old is not None and new is not None and (log := self.cluster.log_of(old)):
            self.trace = hand_over_trace(fault_at, push.received_at, log, self.cluster.log_of(new))
        return push

    async def next_pushes(self, count: int, since: float) -> Push:
        """Wait for ``count`` more pushes to take effect; the first of them."""
        first = await self.cluster.await_push(WAIT_SECONDS, since=since)
        latest = first
        for _ in range(count - 1):
            latest = await self.cluster.await_push(WAIT_SECONDS, since=latest.received_at)
        return first

    async def interval(self, since: float) -> float:
        """Longest time without an accepted push from then to now, beyond the refresh period.

        The record is read once more: what has been pushed since the last look would be a gap otherwise.
        """
        until = time.time()
        await self.cluster.read()
        return max(0.0, longest_interval(self.cluster.times(), since, until) - self.cluster.bounds.period)

    async def rest(self) -> None:
        """Wait until the mastership can be handed over by order again: once in a cooldown."""
        if self.cluster.resigned_at:
            await _sleep_until(max(self.cluster.resigned_at.values()) + COOLDOWN_SECONDS)

    async def measured(self, gap_seconds: float) -> Measured:
        """The measures of everything since this object was made."""
        await self.cluster.read()
        own = [push for push in self.cluster.pushes if push.index > self._first_index]
        before = [push for push in applied(self.cluster.pushes) if push.index <= self._first_index][-1:]
        return Measured(
            gap_seconds=gap_seconds,
            missed_periods=missed_periods(self.cluster.times(), self._begun, time.time(), self.cluster.bounds.period),
            accepted_out_of_order=max(len(out_of_order(self.cluster.pushes)), await self.cluster.out_of_order()),
            master_changes=changes_of_epoch([*before, *own]),
            complaints=tuple(self.complaints),
            trace=self.trace,
        )


async def _sleep_until(at: float) -> None:
    await asyncio.sleep(max(0.0, at - time.time()))
