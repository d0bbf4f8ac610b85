"""The drills on a cluster of its own on this machine: its harms, and what is done to its surroundings."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

from simulator.drill.field import WAIT_SECONDS, Field
from simulator.drill.harm import Drill, Harm, ensemble_member_lost, master_lost, one_after_the_other
from simulator.drill.harmless import shared_drills
from simulator.drill.verdict import Expectation
from simulator.harness.arena import Arena
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.harness.zookeeper import Member

_BRIDGED_STAY_SECONDS = 6.0
"""How long the pushes are watched after an outage in failsafe: longer than a session, so that one can end."""
_POLL_SECONDS = 0.02

LocalField = Field[Arena]


async def _kill(arena: Arena, node: str) -> str:
    return f"SIGKILL to {node}, process {arena.signal_worker(node, signal.SIGKILL)}"


async def _start_killed(arena: Arena, node: str) -> str:
    await _until_ended(arena, node)
    arena.start_ended()
    return f"{node} is started again"


async def _freeze(arena: Arena, node: str) -> str:
    arena.signal_worker(node, signal.SIGSTOP)
    return f"SIGSTOP to {node}"


async def _thaw(arena: Arena, node: str) -> str:
    arena.signal_worker(node, signal.SIGCONT)
    return f"SIGCONT to {node}"


async def _cut_off(arena: Arena, node: str) -> str:
    for proxy in arena.wiring.lines[node].all:
        proxy.drop()
    return f"{node} is cut off from ZooKeeper and the platform"


async def _connect(arena: Arena, node: str) -> str:
    arena.wiring.lines[node].heal()
    return f"{node} is connected again; what was held back arrives"


async def _leader(arena: Arena) -> str | None:
    leader = await asyncio.to_thread(arena.ensemble.leader)
    return None if leader is None else leader.name


async def _kill_member(arena: Arena, name: str) -> str:
    _member(arena, name).kill()
    return f"SIGKILL to {name}, the leader of the ensemble"


async def _start_member(arena: Arena, name: str) -> str:
    _member(arena, name).start()
    return f"{name} is started again"


def _member(arena: Arena, name: str) -> Member:
    return next(member for member in arena.ensemble.members if member.name == name)


async def _terminate(arena: Arena, node: str) -> str:
    os.kill(arena.nodes[node].pid, signal.SIGTERM)
    return f"SIGTERM to {node}"


async def _start_terminated(arena: Arena, node: str) -> str:
    await _until_ended(arena, node)
    arena.start_ended()
    return f"{node} is back"


async def zookeeper_outage(field: LocalField) -> float:
    """Kill all of ZooKeeper for a while. The master falls silent within its lease and is back soon after ZooKeeper."""
    await field.mid_period()
    members, bounds = field.cluster.ensemble.members, field.cluster.bounds
    fault_at = time.time()
    for member in members:
        member.kill()
    field.note("SIGKILL to all members of ZooKeeper", fault_at)
    await asyncio.sleep(field.options.outage_seconds)
    await field.cluster.read()
    pushes = [at for at in field.cluster.times() if at > fault_at]
    if pushes and pushes[-1] - fault_at > bounds.session_timeout:
        field.complaints.append(f"a push was accepted {pushes[-1] - fault_at:.1f} s after ZooKeeper was gone")
    field.note(f"{len(pushes)} pushes were accepted meanwhile")
    for member in members:
        member.start()
    await asyncio.to_thread(field.cluster.ensemble.wait_ready, WAIT_SECONDS)
    back_at = time.time()
    field.note("ZooKeeper serves again", back_at)
    first = await field.next_pushes(3, back_at - field.options.outage_seconds / 2)
    field.note(f"first accepted push, epoch {first.epoch}", first.received_at)
    return max(0.0, first.received_at - back_at)


async def failsafe_outage(field: LocalField) -> float:
    """Kill all of ZooKeeper for a while. The master goes on by the promises of the others, and keeps its epoch."""
    await field.mid_period()
    fault_at = time.time()
    for member in field.cluster.ensemble.members:
        member.kill()
    field.note("SIGKILL to all members of ZooKeeper", fault_at)
    await asyncio.sleep(field.options.outage_seconds)
    await field.cluster.read()
    field.note(f"{len([at for at in field.cluster.times() if at > fault_at])} pushes were accepted meanwhile")
    for member in field.cluster.ensemble.members:
        member.start()
    await asyncio.to_thread(field.cluster.ensemble.wait_ready, WAIT_SECONDS)
    back_at = time.time()
    field.note("ZooKeeper serves again", back_at)
    await field.next_pushes(int(_BRIDGED_STAY_SECONDS / field.cluster.bounds.period), back_at)
    return await field.interval(fault_at)


DRILLS: Mapping[str, Drill[Arena]] = {
    **shared_drills(),
    "kill": Drill(
        "Kill the master's working process; its supervisor frees the mastership.",
        master_lost(Harm(_kill, _start_killed), stays=False),
        lambda bounds: Expectation(bounds.planned, 1, 1, missed_allowed=False),
    ),
    "freeze": Drill(
        "Stop the master's execution for longer than its session lasts, then let it go on.",
        master_lost(Harm(_freeze, _thaw), stays=True),
        lambda bounds: Expectation(bounds.loss, 1, 1),
    ),
    "isolate": Drill(
        "Cut the master off from ZooKeeper and from the platform, then let everything held back arrive.",
        master_lost(Harm(_cut_off, _connect), stays=True),
        lambda bounds: Expectation(bounds.loss, 1, 1),
    ),
    "zookeeper-leader": Drill(
        "Kill ZooKeeper's leader; the two others elect another one.",
        ensemble_member_lost(_leader, Harm(_kill_member, _start_member)),
        lambda bounds: Expectation(bounds.ensemble_election),
    ),
    "zookeeper-outage": Drill(
        "Kill all of ZooKeeper for a while. The master falls silent within its lease and is back soon after ZooKeeper.",
        zookeeper_outage,
        lambda bounds: Expectation(bounds.ensemble_return, 0, 1),
    ),
    "rolling-restart": Drill(
        "Restart every node by SIGTERM, one after the other, the master last.",
        one_after_the_other(Harm(_terminate, _start_terminated)),
        lambda bounds: Expectation(bounds.planned, 1, 2, missed_allowed=False),
    ),
}
"""Every drill by name."""


BRIDGED: Mapping[str, Drill[Arena]] = {
    "zookeeper-outage": Drill(
        "Kill all of ZooKeeper for a while. The master goes on by the promises of the others, and keeps its epoch.",
        failsafe_outage,
        lambda bounds: Expectation(bounds.unnoticed, missed_allowed=False),
    ),
}
"""Drills that do and demand something else of a cluster with the option ``failsafe``."""


def drill_of(name: str, arena: Arena) -> Drill[Arena]:
    """The drill of a name for a cluster with, or without, the option ``failsafe``."""
    return ({**DRILLS, **BRIDGED} if arena.failsafe else DRILLS)[name]


async def _until_ended(arena: Arena, node: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while arena.nodes[node].running:
        if time.monotonic() > deadline:
            raise HarnessError(f"{node} does not end")
        await asyncio.sleep(_POLL_SECONDS)
