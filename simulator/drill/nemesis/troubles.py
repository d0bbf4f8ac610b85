"""How each kind of trouble is done to a cluster and undone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

from simulator.drill.nemesis.nemesis_history import Fault
from simulator.drill.nemesis.plan import HABITS, LEADER, MASTER, Kind, Place
from simulator.drill.nemesis.zookeeper_harm import IN_ZOOKEEPER, ZooKeeperHarm
from simulator.harness.fault_proxy import Weather
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from simulator.drill.nemesis.plan import Trouble
    from simulator.harness.arena import Arena
    from simulator.harness.cable import Cable
    from simulator.harness.fault_proxy import FaultProxy
    from simulator.harness.instruments import Instruments
    from simulator.harness.processes import DemoProcess
    from simulator.harness.proxy_wiring import NodeLines
    from simulator.harness.zookeeper import Member

ENDING = frozenset({Kind.KILL_WORKER, Kind.KILL_NODE, Kind.TERMINATE})
"""Kinds that end a node."""
_PARTS = {
    Kind.PLATFORM_CABLE: ("platform",),
    Kind.ISOLATE: ("zookeeper", "platform"),
    Kind.CLOCK_STEP: ("clock",),
    Kind.STEP_FAILS: ("steps",),
}
"""Parts of a node that a kind needs for itself where its name does not tell."""
_POLL_SECONDS = 0.05
_END_SECONDS = 15.0
"""How long a node that was asked to end may take; it is killed then."""
_READY_SECONDS = 60.0
_MEMBER_SECONDS = 20.0
_SLOWEST_SECONDS = 0.6
_MOST_CUTS = 3
_LONGEST_STEP_SECONDS = 86400.0
_LEAST_FAILING = 0.2
"""Least share of steps that fail."""


class Troublemaker:
    """Does planned trouble to one cluster. What is in trouble already is left alone meanwhile."""

    def __init__(self, arena: Arena, instruments: Mapping[str, Instruments]) -> None:
        """``instruments`` of the nodes, by name."""
        self._arena = arena
        self._instruments = instruments
        self._busy: set[str] = set()
        self._zookeeper_harm = ZooKeeperHarm(arena)

    async def make(self, trouble: Trouble, over: asyncio.Event) -> Fault | None:
        """Do it, wait until its time or the storm is over, undo it; None when its target was not to be had."""
        target = await self._target(trouble)
        claims = self._claims(trouble.kind, target or "")
        if target is None or claims & self._busy or self._would_leave_nobody(trouble.kind):
            return None
        self._busy |= claims
        fault = Fault(trouble.kind.value, target, HABITS[trouble.kind].on_zookeeper, time.time())
        try:
            undo = await self._begin(trouble, target)
            if undo is None:
                return None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), trouble.seconds)
            await undo()
        finally:
            self._busy -= claims
        fault.ended_at = time.time()
        return fault

    def _would_leave_nobody(self, kind: Kind) -> bool:
        """Whether the last node whose process is well would be ended: its return would take as long as a start."""
        unwell = sum(f"{name}:process" in self._busy for name in self._arena.nodes)
        return kind in ENDING and unwell >= len(self._arena.nodes) - 1

    def _claims(self, kind: Kind, target: str) -> set[str]:
        """What a trouble needs for itself while it lasts: lines fail together with processes, but not twice at once."""
        if kind is Kind.ZOOKEEPER_RESTORED:  # whoever is well must see it, and so must the judge
            members = {f"{member.name}:process" for member in self._arena.ensemble.members}
            return members.union(*({f"{name}:zookeeper", f"{name}:process"} for name in self._arena.nodes), {"entries"})
        if kind in IN_ZOOKEEPER:
            return {"entries"}
        line = kind.value.partition("-")[0]
        parts = _PARTS.get(kind) or ((line,) if line in {"zookeeper", "platform"} else ("process",))
        return {f"{target}:{part}" for part in parts}

    async def _target(self, trouble: Trouble) -> str | None:
        if trouble.target == MASTER:
            await self._arena.read()
            return self._arena.master
        if trouble.target == LEADER:
            leader = await asyncio.to_thread(self._arena.ensemble.leader)
            return leader.name if leader is not None else None
        return trouble.target

    async def _begin(self, trouble: Trouble, target: str) -> Callable[[], Awaitable[None]] | None:
        """Do it; how it is undone, None when it could not be done."""
        kind = trouble.kind
        if kind in IN_ZOOKEEPER:
            return await self._zookeeper_harm.begin(kind, target, trouble.strength)
        if HABITS[kind].place is Place.MEMBER:
            return self._harm_member(kind, next(each for each in self._arena.ensemble.members if each.name == target))
        if kind in ENDING:
            return await self._end_node(kind, target)
        if kind in {Kind.FREEZE_SHORT, Kind.FREEZE_LONG, Kind.MACHINE_SLEEP}:
            return self._put_to_sleep(target) if kind is Kind.MACHINE_SLEEP else self._freeze(target)
        if kind in {Kind.CLOCK_STEP, Kind.STEP_FAILS}:
            return self._mislead(kind, target, trouble.strength)
        return _harm_lines(kind, self._arena.wiring.lines[target], trouble.strength)

    def _harm_member(self, kind: Kind, member: Member) -> Callable[[], Awaitable[None]]:
        if kind is Kind.MEMBER_KILL:
            member.kill()
        else:
            member.freeze()

        async def undo() -> None:
            # Members die with the thread that starts them, so this one does.
            member.thaw()
            member.start()
            await asyncio.to_thread(_until_serving, member)

        return undo

    async def _end_node(self, kind: Kind, node: str) -> Callable[[], Awaitable[None]]:
        process = self._arena.nodes[node]
        if kind is Kind.TERMINATE:
            process.terminate()
        elif kind is Kind.KILL_NODE:
            process.kill_session()
        else:
            self._arena.signal_worker(node, signal.SIGKILL)
        await _ended(process)

        async def undo() -> None:
            self._arena.start_ended(node)
            deadline = time.monotonic() + _READY_SECONDS
            while not await self._arena.ready(node):
                if time.monotonic() > deadline:
                    raise HarnessError(f"{node} does not come back{process.tail()}")
                await asyncio.sleep(_POLL_SECONDS)

        return undo

    def _freeze(self, node: str) -> Callable[[], Awaitable[None]]:
        pid = self._arena.signal_worker(node, signal.SIGSTOP)

        async def undo() -> None:
            with contextlib.suppress(ProcessLookupError):
                if pid:
                    os.kill(pid, signal.SIGCONT)

        return undo

    def _put_to_sleep(self, node: str) -> Callable[[], Awaitable[None]]:
        """Stop both processes of the node. Before they go on, the clock that stood still is told for how long."""
        pids = {self._arena.nodes[node].pid, self._arena.nodes[node].worker_pid} - {0}
        fell_asleep_at = time.monotonic()
        _signal_all(pids, signal.SIGSTOP)

        async def undo() -> None:
            self._instruments[node].slept(time.monotonic() - fell_asleep_at)
            _signal_all(pids, signal.SIGCONT)

        return undo

    def _mislead(self, kind: Kind, node: str, strength: float) -> Callable[[], Awaitable[None]]:
        instruments = self._instruments[node]
        if kind is Kind.CLOCK_STEP:
            instruments.wall_clock((2.0 * strength - 1.0) * _LONGEST_STEP_SECONDS)
        else:
            instruments.failing_steps(_LEAST_FAILING + (1.0 - _LEAST_FAILING) * strength)

        async def undo() -> None:
            if kind is Kind.CLOCK_STEP:
                instruments.wall_clock(0.0)
            else:
                instruments.failing_steps(0.0)

        return undo


def _signal_all(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def _harm_lines(kind: Kind, lines: NodeLines, strength: float) -> Callable[[], Awaitable[None]] | None:
    if kind is Kind.PLATFORM_CABLE:
        return _pull(lines.cable)
    if kind is Kind.ISOLATE:
        return _spoil(kind, lines.all, strength)
    return _spoil(kind, lines.zookeeper if kind.value.startswith("zookeeper") else lines.platform, strength)


def _pull(cable: Cable | None) -> Callable[[], Awaitable[None]] | None:
    if cable is None:
        return None
    cable.pull()

    async def undo() -> None:
        cable.plug()

    return undo


def _spoil(kind: Kind, proxies: list[FaultProxy], strength: float) -> Callable[[], Awaitable[None]]:
    for proxy in proxies:
        if kind in {Kind.ZOOKEEPER_DROP, Kind.PLATFORM_DROP, Kind.ISOLATE}:
            proxy.drop()
        elif kind in {Kind.ZOOKEEPER_STALL, Kind.PLATFORM_STALL}:
            proxy.stall()
        elif kind is Kind.ZOOKEEPER_RESET:
            proxy.weather = Weather(refusing=True)
            proxy.reset()
        elif kind in {Kind.ZOOKEEPER_SLOW, Kind.PLATFORM_SLOW}:
            proxy.weather = Weather(latency_seconds=strength * _SLOWEST_SECONDS)
        else:
            proxy.weather = Weather(answers_to_cut=1 + int(strength * _MOST_CUTS))

    async def undo() -> None:
        for proxy in proxies:
            proxy.heal()

    return undo


def _until_serving(member: Member) -> None:
    """Wait until a member serves; one that has no quorum to join does not, for as long as that lasts."""
    deadline = time.monotonic() + _MEMBER_SECONDS
    while member.mode() is None and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


async def _ended(process: DemoProcess) -> None:
    """Wait for the end of a node; by force what a frozen or hanging one withholds."""
    deadline = time.monotonic() + _END_SECONDS
    while process.running and time.monotonic() < deadline:  # noqa: ASYNC110 - the end of a process is no event
        await asyncio.sleep(_POLL_SECONDS)
    process.kill_session()
