"""The drills: each does one kind of harm to a whole cluster and measures what followed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING

from simulator.drill.field import WAIT_SECONDS, Field
from simulator.drill.verdict import DrillResult, Expectation, Measured
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulator.drill.field import Options
    from simulator.harness.arena import Arena
    from simulator.harness.bounds import Bounds

_STAY_SECONDS = 2.0
"""How long a fault lasts beyond its effect, so that what it hides is seen."""
_BRIDGED_STAY_SECONDS = 6.0
"""How long the pushes are watched after an outage in failsafe: longer than a session, so that one can end."""
_POLL_SECONDS = 0.02


async def graceful(field: Field) -> float:
    """Ask the master to resign."""
    await field.rest()
    master, epoch = await field.mid_period(), field.arena.epoch
    member = await field.member(master)
    fault_at = time.time()
    field.note(f"{master} is asked to resign, epoch {epoch}", fault_at)
    await field.resign(member)
    return (await field.successor(fault_at, epoch)).received_at - fault_at


async def kill(field: Field) -> float:
    """Kill the master's working process; its supervisor lives."""
    master, epoch = await field.mid_period(), field.arena.epoch
    fault_at = time.time()
    pid = field.arena.signal_worker(master, signal.SIGKILL)
    field.note(f"SIGKILL to {master}, process {pid}, epoch {epoch}", fault_at)
    gap = (await field.successor(fault_at, epoch)).received_at - fault_at
    await _until_ended(field, master)
    field.arena.start_ended()
    return gap


async def freeze(field: Field) -> float:
    """Stop the master's execution for longer than its session lasts, then let it go on."""
    master, epoch = await field.mid_period(), field.arena.epoch
    fault_at = time.time()
    field.arena.signal_worker(master, signal.SIGSTOP)
    field.note(f"SIGSTOP to {master}, epoch {epoch}", fault_at)
    try:
        gap = (await field.successor(fault_at, epoch)).received_at - fault_at
        await asyncio.sleep(_STAY_SECONDS)
    finally:
        field.arena.signal_worker(master, signal.SIGCONT)
    field.note(f"SIGCONT to {master}")
    await field.next_pushes(3, time.time())
    return gap


async def isolate(field: Field) -> float:
    """Cut the master off from ZooKeeper and from the platform, then let everything held back arrive."""
    master, epoch = await field.mid_period(), field.arena.epoch
    fault_at = time.time()
    lines = field.arena.wiring.lines[master]
    for proxy in lines.all:
        proxy.drop()
    field.note(f"{master} is cut off from ZooKeeper and the platform, epoch {epoch}", fault_at)
    try:
        gap = (await field.successor(fault_at, epoch)).received_at - fault_at
        await asyncio.sleep(_STAY_SECONDS)
    finally:
        lines.heal()
    field.note(f"{master} is connected again; what was held back arrives")
    await field.next_pushes(3, time.time())
    return gap


async def zookeeper_leader(field: Field) -> float:
    """Kill ZooKeeper's leader; the two others elect another one."""
    await field.mid_period()
    leader = await asyncio.to_thread(field.arena.ensemble.leader)
    if leader is None:
        raise HarnessError("the ensemble has no leader")
    fault_at = time.time()
    leader.kill()
    field.note(f"SIGKILL to {leader.name}, the leader of the ensemble", fault_at)
    await field.next_pushes(5, fault_at)
    gap = field.interval(fault_at, time.time())
    leader.start()
    field.note(f"{leader.name} is started again")
    return gap


async def zookeeper_outage(field: Field) -> float:
    """Kill all of ZooKeeper for a while. The master falls silent within its lease and is back soon after ZooKeeper."""
    await field.mid_period()
    members, bounds = field.arena.ensemble.members, field.arena.bounds
    fault_at = time.time()
    for member in members:
        member.kill()
    field.note("SIGKILL to all members of ZooKeeper", fault_at)
    await asyncio.sleep(field.options.outage_seconds)
    await field.arena.read()
    pushes = [at for at in field.arena.times() if at > fault_at]
    if pushes and pushes[-1] - fault_at > bounds.session_timeout:
        field.complaints.append(f"a push was accepted {pushes[-1] - fault_at:.1f} s after ZooKeeper was gone")
    field.note(f"{len(pushes)} pushes were accepted meanwhile")
    for member in members:
        member.start()
    await asyncio.to_thread(field.arena.ensemble.wait_ready, WAIT_SECONDS)
    back_at = time.time()
    field.note("ZooKeeper serves again", back_at)
    first = await field.next_pushes(3, back_at - field.options.outage_seconds / 2)
    field.note(f"first accepted push, epoch {first.epoch}", first.received_at)
    return max(0.0, first.received_at - back_at)


async def failsafe_outage(field: Field) -> float:
    """Kill all of ZooKeeper for a while. The master goes on by the promises of the others, and keeps its epoch."""
    await field.mid_period()
    fault_at = time.time()
    for member in field.arena.ensemble.members:
        member.kill()
    field.note("SIGKILL to all members of ZooKeeper", fault_at)
    await asyncio.sleep(field.options.outage_seconds)
    await field.arena.read()
    field.note(f"{len([at for at in field.arena.times() if at > fault_at])} pushes were accepted meanwhile")
    for member in field.arena.ensemble.members:
        member.start()
    await asyncio.to_thread(field.arena.ensemble.wait_ready, WAIT_SECONDS)
    back_at = time.time()
    field.note("ZooKeeper serves again", back_at)
    await field.next_pushes(int(_BRIDGED_STAY_SECONDS / field.arena.bounds.period), back_at)
    return field.interval(fault_at, time.time())


async def platform_outage(field: Field) -> float:
    """The engagement platform answers 503 for a while; nobody is blamed for it."""
    await field.mid_period()
    await field.arena.fault(kind="status", status=503)
    field.note("the platform answers 503")
    await asyncio.sleep(field.options.outage_seconds)
    await field.arena.clear_faults()
    back_at = time.time()
    field.note("the platform answers well again", back_at)
    first = await field.next_pushes(3, back_at)
    field.note(f"first accepted push, epoch {first.epoch}", first.received_at)
    return first.received_at - back_at


async def statistics_failover(field: Field) -> float:
    """The primary statistics server goes away; the backup serves."""
    await field.mid_period()
    fault_at = time.time()
    await field.arena.fault(kind="statistics_down", server="primary")
    field.note("the primary statistics server is gone", fault_at)
    await field.next_pushes(5, fault_at)
    gap = field.interval(fault_at, time.time())
    await field.arena.clear_faults()
    field.note("the primary statistics server is back")
    await field.next_pushes(2, time.time())
    return gap


async def rolling_restart(field: Field) -> float:
    """Restart every node by SIGTERM, one after the other, the master last."""
    arena, worst = field.arena, 0.0
    first_master = await field.mid_period()
    for name in [*(each for each in arena.nodes if each != first_master), first_master]:
        master, epoch = await field.mid_period(), arena.epoch
        fault_at = time.time()
        os.kill(arena.nodes[name].pid, signal.SIGTERM)
        field.note(f"SIGTERM to {name}{', the master' if name == master else ''}", fault_at)
        if name == master:
            worst = max(worst, (await field.successor(fault_at, epoch)).received_at - fault_at)
        await _until_ended(field, name)
        arena.start_ended()
        await arena.steady()
        field.note(f"{name} is back")
    return worst


DRILLS: dict[str, tuple[Callable[[Field], Awaitable[float]], Callable[[Bounds], Expectation]]] = {
    "graceful": (graceful, lambda bounds: Expectation(bounds.planned, 1, 1, missed_allowed=False)),
    "kill": (kill, lambda bounds: Expectation(bounds.planned, 1, 1, missed_allowed=False)),
    "freeze": (freeze, lambda bounds: Expectation(bounds.loss, 1, 1)),
    "isolate": (isolate, lambda bounds: Expectation(bounds.loss, 1, 1)),
    "zookeeper-leader": (zookeeper_leader, lambda bounds: Expectation(bounds.ensemble_election)),
    "zookeeper-outage": (zookeeper_outage, lambda bounds: Expectation(bounds.ensemble_return, 0, 1)),
    "platform-outage": (platform_outage, lambda bounds: Expectation(bounds.platform_return)),
    "statistics-failover": (
        statistics_failover,
        lambda bounds: Expectation(bounds.unnoticed, missed_allowed=False),
    ),
    "rolling-restart": (rolling_restart, lambda bounds: Expectation(bounds.planned, 1, 2, missed_allowed=False)),
}
"""Every drill by name: what it does, returning the gap it measured in seconds, and what is demanded."""


BRIDGED: dict[str, tuple[Callable[[Field], Awaitable[float]], Callable[[Bounds], Expectation]]] = {
    "zookeeper-outage": (failsafe_outage, lambda bounds: Expectation(bounds.unnoticed, missed_allowed=False)),
}
"""Drills that do and demand something else of a cluster with the option ``failsafe``."""


async def run_drill(name: str, arena: Arena, options: Options, say: Callable[[str], None]) -> DrillResult:
    """Run one drill on a cluster made steady first. A drill that cannot be finished has failed."""
    harm, demand = (DRILLS | BRIDGED)[name] if arena.failsafe else DRILLS[name]
    expectation = demand(arena.bounds)
    await arena.steady()
    say(f"{name}: {' '.join((harm.__doc__ or '').split())}")
    field = Field(arena, options, say)
    try:
        gap = await harm(field)
        await arena.steady()
        result = DrillResult.judge(name, expectation, await field.measured(gap))
    except HarnessError as error:
        missed = (await field.measured(0.0)).missed_periods
        measured = Measured(WAIT_SECONDS, missed, await arena.out_of_order(), 0, (str(error).splitlines()[0],))
        result = DrillResult.judge(name, expectation, measured)
        await arena.clear_faults()
    say(
        f"  gap {result.measured.gap_seconds:.3f} s, bound {expectation.bound_seconds:g} s, "
        f"{result.measured.missed_periods} periods missed, master changed {result.measured.master_changes} times: "
        + ("pass" if result.passed else "FAIL: " + "; ".join(result.shortcomings))
    )
    return result


async def _until_ended(field: Field, node: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while field.arena.nodes[node].running:
        if time.monotonic() > deadline:
            raise HarnessError(f"{node} does not end")
        await asyncio.sleep(_POLL_SECONDS)
