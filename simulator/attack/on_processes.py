"""Attacks on the processes themselves: stopped, starved, short of memory, and clocks that jump."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.process.children import bound_to_parent
from simulator.attack.assaults import http_requests, peer_junk, stranger_orders
from simulator.attack.clock_ground import step_clock

if TYPE_CHECKING:
    from simulator.attack.scene import Scene

_STOP_SECONDS = 0.15
_SPIN = "while True: pass"
_SPINNERS = 4
_SPARE_BYTES = 256 * 2**20
"""Left to a node beyond what it has when its memory is limited: stacks and arenas count, not only what is used."""
STEPS_SECONDS = (3600.0, 0.0, -3600.0, 0.0, 0.4, -0.4, 0.0, 10.0 * 365 * 86400, 0.0)
"""How far wall clocks are off, one after the other."""


async def nothing(scene: Scene) -> None:
    """Nothing is done: what this costs, the machine costs."""
    await asyncio.sleep(scene.seconds)


async def stopped_for_moments(scene: Scene) -> None:
    """The master is stopped for 0.15 s, 40 times: shorter than anything it promises."""
    master = scene.arena.master or ""
    for _ in range(scene.count(40)):
        scene.arena.signal_worker(master, signal.SIGSTOP)
        await asyncio.sleep(_STOP_SECONDS)
        scene.arena.signal_worker(master, signal.SIGCONT)
        await asyncio.sleep(_STOP_SECONDS)


async def stopped_standby(scene: Scene) -> None:
    """A standby is stopped for longer than its session lasts."""
    standby = next(name for name in scene.arena.nodes if name != scene.arena.master)
    scene.arena.signal_worker(standby, signal.SIGSTOP)
    try:
        await asyncio.sleep(scene.arena.bounds.session_timeout + 3.0)
    finally:
        scene.arena.signal_worker(standby, signal.SIGCONT)


async def starvation(scene: Scene) -> None:
    """Four processes spin beside the cluster."""
    command = bound_to_parent([sys.executable, "-S", "-c", _SPIN])
    spinners = [await asyncio.create_subprocess_exec(*command) for _ in range(_SPINNERS)]
    try:
        await asyncio.sleep(scene.seconds)
    finally:
        for spinner in spinners:
            spinner.kill()
            await spinner.wait()


async def limited_memory(scene: Scene) -> None:
    """The data of every node is limited to what it has and 256 MiB, and requests, junk and large texts come."""
    pids = [process.worker_pid for process in scene.arena.nodes.values()]
    before = {pid: resource.prlimit(pid, resource.RLIMIT_DATA) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_DATA, (_data_bytes(pid) + _SPARE_BYTES, hard))
    try:
        await scene.assault(http_requests.malformed, count=scene.count(2_000))
        await scene.assault(http_requests.endless, mebibytes=32)
        await scene.assault(peer_junk.malformed_messages, count=scene.count(200))
        await scene.assault(stranger_orders.can_serve_flood, count=scene.count(20), size=3_900_000)
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_DATA, limits)


def _data_bytes(pid: int) -> int:
    """Memory of a process that counts for the limit of its data."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[5])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def stepped_clocks(scene: Scene) -> None:
    """The wall clocks of all nodes jump by an hour, by less than a second, and by ten years, forth and back."""
    for step in STEPS_SECONDS:
        step_clock(scene.arena.directory, step)
        await asyncio.sleep(max(1.5, scene.seconds / len(STEPS_SECONDS)))


async def other_uptime(scene: Scene) -> None:
    """Nodes whose clocks since boot are a year ahead (a time namespace): the master is killed, another one pushes."""
    arena = scene.arena
    master, epoch = arena.master or "", arena.epoch
    killed_at = time.time()
    arena.signal_worker(master, signal.SIGKILL)
    next_push = await arena.await_push(arena.bounds.loss + arena.bounds.period, since=killed_at, above_epoch=epoch)
    scene.figures["gap_seconds"] = round(next_push.received_at - killed_at, 2)
    await arena.steady()
