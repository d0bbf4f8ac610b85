"""Hand-overs of a real cluster between processes, beside the least they can take on the same machine."""

from __future__ import annotations

import asyncio
import http.client
import math
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simulator.benchmark.process_cost import resident_mib
from simulator.benchmark.read_path import start_bare
from simulator.benchmark.spread import ratio, spread
from simulator.harness.arena import Arena
from simulator.harness.hand_over_trace import STEPS, hand_over_trace
from simulator.harness.processes import end
from simulator.harness.proxy_wiring import NoProxies
from simulator.harness.znodes import commit_seconds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from simulator.harness.hand_over_trace import Step

    Harm = Callable[[Arena, str], Awaitable[Callable[[], Awaitable[None]]]]

_LONGEST_SESSION_SECONDS = 10.0
"""The longest that an ensemble with these ticks grants: a push may take a third of it."""
PERIOD_SECONDS = 2
TARGETS_OF_A_SECOND = 10_000
"""Targets for each second of a longer period: the simulated platform needs its time, and a push that gets none ends a
term after a while, as it should."""
BODY_BYTES, REPLY_BYTES = 503, 308
"""Of a target in a push and in its answer."""
_FILL = "import sys, time; held = [b'x' * 2**20 for _ in range(int(sys.argv[1]))]; print(flush=True); time.sleep(600)"
_WAIT_SECONDS = 60.0
_COOLDOWN_SECONDS = 10.5
"""Of the nodes, with some room."""


async def measure_hand_overs(targets: int, *, runs: int) -> dict[str, Any]:
    """``runs`` hand-overs by order and as many after SIGKILL. Raises HarnessError when one does not come about."""
    period_seconds = max(PERIOD_SECONDS, math.ceil(targets / TARGETS_OF_A_SECOND))
    figures: dict[str, Any] = {"path": "handover", "targets": targets, "period_seconds": period_seconds}
    kinds: dict[str, Harm] = {"orderly": _order, "killed": _kill}
    traces: dict[str, list[tuple[Step, ...]]] = {kind: [] for kind in kinds}
    floors: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory(prefix="pacing-benchmark-") as name:
        arena = _Direct(
            Path(name) / "cluster",
            lambda _: None,
            scenario="large",
            period_seconds=period_seconds,
            wiring=NoProxies(),
            more={
                "simulator_arguments": ("--targets", str(targets)),
                "startup_seconds": 300.0,
                "session_timeout_seconds": _LONGEST_SESSION_SECONDS,
            },
        )
        async with arena:
            for _ in range(runs):
                for kind, harm in kinds.items():
                    traces[kind].append(await _hand_over(arena, harm, period_seconds))
                floors.append(await _floor(arena, targets, Path(name)))
    totals = [1000.0 * sum(each) for each in floors]
    for kind, found in traces.items():
        figures[kind] = _figures(found, totals)
    figures["floor_ms"] = spread(totals, 1)
    for place, part in enumerate(("end of a process", "two commits", "plainest push")):
        figures[f"floor: {part}, ms"] = spread([1000.0 * each[place] for each in floors], 1)
    return figures


def _figures(traces: Sequence[tuple[Step, ...]], floors: Sequence[float]) -> dict[str, Any]:
    """Milliseconds from the order or the fault to the first push of the next term, and those of each step."""
    totals = [1000.0 * trace[-1].at for trace in traces]
    took = {name: [1000.0 * step.took for trace in traces for step in trace if step.name == name] for name in STEPS}
    return {
        "total_ms": spread(totals, 1),
        "times_floor": ratio(totals, floors),
        **{f"{name}_ms": spread(each, 1) for name, each in took.items() if each},
    }


async def _hand_over(arena: Arena, harm: Harm, period_seconds: float) -> tuple[Step, ...]:
    """One hand-over, always in the middle of a period."""
    await arena.steady()
    # A node that was ordered to step down contends no more for so long, and as long takes no order after a hand-over.
    term_began = min(push.received_at for push in arena.pushes if push.epoch == arena.epoch)
    rested = max([term_began, *arena.resigned_at.values()]) + _COOLDOWN_SECONDS
    await asyncio.sleep(max(0.0, rested - time.time()))
    newest = await arena.await_push(_WAIT_SECONDS, since=time.time())
    epoch, old = newest.epoch, arena.sender(newest.epoch) or ""
    do_harm = await harm(arena, old)
    await asyncio.sleep(max(0.0, newest.received_at + period_seconds / 2 - time.time()))
    fault_at = time.time()
    await do_harm()
    push = await arena.await_push(_WAIT_SECONDS, since=fault_at, above_epoch=epoch)
    new = arena.sender(push.epoch) or old
    return hand_over_trace(fault_at, push.received_at, arena.log_of(old), arena.log_of(new))


async def _order(arena: Arena, node: str) -> Callable[[], Awaitable[None]]:
    return await arena.order(node)


async def _kill(arena: Arena, node: str) -> Callable[[], Awaitable[None]]:
    async def kill() -> None:
        arena.signal_worker(node, signal.SIGKILL)

    return kill


class _Direct(Arena):
    """A cluster whose nodes say themselves who leads: nobody listens on the way to the platform."""

    def sender(self, epoch: int) -> str | None:
        """The node that has led the term, by its log."""
        began = re.compile(rf"leadership\.acquired .*\bepoch={epoch}\b")
        return next((name for name in self.nodes if began.search(self.log_of(name))), None)


async def _floor(arena: Arena, targets: int, directory: Path) -> tuple[float, float, float]:
    """Seconds for noticing the end of a process, for two quorum commits, and for one push by the plainest client.

    The process has as much memory as the master's: the kernel frees it before anybody is told of the end.
    """
    memory = resident_mib(arena.nodes[arena.sender(arena.epoch) or ""].worker_pid)
    bare, address = await start_bare(directory, b"x" * (REPLY_BYTES * targets))
    try:
        push = await asyncio.to_thread(_push_seconds, address, b"x" * (BODY_BYTES * targets))
    finally:
        await end([bare], 5.0)
    commits = await asyncio.to_thread(commit_seconds, arena.ensemble.hosts, 2)
    return await asyncio.to_thread(_notice_seconds, round(memory)), sum(commits), push


def _push_seconds(address: str, body: bytes) -> float:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30.0)
    try:
        seconds = 0.0
        for _ in range(2):  # the connection is open already, as a standby's is
            began = time.monotonic()
            connection.request("POST", "/", body)
            connection.getresponse().read()
            seconds = time.monotonic() - began
        return seconds
    finally:
        connection.close()


def _notice_seconds(mebibytes: int) -> float:
    """From SIGKILL to a child that uses so much memory until its parent knows of its end."""
    child = subprocess.Popen([sys.executable, "-c", _FILL, str(mebibytes)], stdout=subprocess.PIPE)  # noqa: S603 - ours
    with child:
        if child.stdout is not None:
            child.stdout.readline()
        began = time.monotonic()
        child.kill()
        child.wait()
        return time.monotonic() - began
