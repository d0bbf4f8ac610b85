"""How each kind of trouble is done to a cluster and undone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

from simulator.drill.nemesis.nemesis_history import Fault
from simulator.drill.nemesis.plan import HABITS, LEADER, MASTER, Kind
from simulator.harness.fault_proxy import Weather
from simulator.harness.options import HarnessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulator.drill.nemesis.plan import Trouble
    from simulator.harness.arena import Arena
    from simulator.harness.fault_proxy import FaultProxy
    from simulator.harness.processes import DemoProcess
    from simulator.harness.zookeeper import Member

ENDING = frozenset({Kind.KILL_WORKER, Kind.KILL_NODE, Kind.TERMINATE})
"""Kinds that end a node."""
_POLL_SECONDS = 0.05
_END_SECONDS = 15.0
"""How long a node that was asked to end may take; it is killed then."""
_READY_SECONDS = 60.0
_MEMBER_SECONDS = 20.0
_SLOWEST_SECONDS = 0.6
_MOST_CUTS = 3


class Troublemaker:
    """Does planned trouble to one cluster. What is in trouble already is left alone meanwhile."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._busy: set[str] = set()

    async def make(self, trouble: Trouble, over: asyncio.Event) -> Fault | None:
        """Do it, wait until its time or the storm is over, undo it; None when its target was not to be had."""
        target = await self._target(trouble)
        claims = _claims(trouble.kind, target or "")
        if target is None or claims & self._busy or self._would_leave_nobody(trouble.kind):
            return None
        self._busy |= claims
        fault = Fault(trouble.kind.value, target, HABITS[trouble.kind].on_member, time.time())
        try:
            undo = await self._begin(trouble, target)
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

    async def _target(self, trouble: Trouble) -> str | None:
        if trouble.target == MASTER:
            await self._arena.read()
            return self._arena.master
        if trouble.target == LEADER:
            leader = await asyncio.to_thread(self._arena.ensemble.leader)
            return leader.name if leader is not None else None
        return trouble.target

    async def _begin(self, trouble: Trouble, target: str) -> Callable[[], Awaitable[None]]:
        kind = trouble.kind
        if HABITS[kind].on_member:
            return self._harm_member(kind, next(each for each in self._arena.ensemble.members if each.name == target))
        if kind in ENDING:
            return await self._end_node(kind, target)
        if kind in {Kind.FREEZE_SHORT, Kind.FREEZE_LONG}:
            return self._freeze(target)
        lines = self._arena.wiring.lines[target]
        if kind is Kind.ISOLATE:
            return _spoil(kind, lines.all, trouble.strength)
        on_zookeeper = kind.value.startswith("zookeeper")
        return _spoil(kind, lines.zookeeper if on_zookeeper else lines.platform, trouble.strength)

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


def _claims(kind: Kind, target: str) -> set[str]:
    """What a trouble needs for itself while it lasts: lines fail together with processes, but not twice at once."""
    if kind is Kind.ISOLATE:
        return {f"{target}:zookeeper", f"{target}:platform"}
    for line in ("zookeeper", "platform"):
        if kind.value.startswith(f"{line}-"):
            return {f"{target}:{line}"}
    return {f"{target}:process"}


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
