"""Cost of reads at a node that paces, beside a bare application that answers with the same bytes."""

from __future__ import annotations

import asyncio
import http.client
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simulator.benchmark.lean_stage import lean_stage
from simulator.benchmark.process_cost import cpu_seconds
from simulator.benchmark.spread import ratio, spread
from simulator.benchmark.standing_path import missed_periods
from simulator.harness.harness_error import HarnessError
from simulator.harness.ports import choose_quiet
from simulator.harness.processes import DemoProcess, end

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.benchmark.lean_stage import LeanStage, StagePlan

PAGES = {
    "reactiveState": "/backend/data/pacing/reactiveState?channel=chat",
    "channelCapacity": "/backend/data/pacing/channelCapacity?channel=chat",
    "liveness": "/liveness",
    "metrics": "/metrics",
    "all targets": "/targets",
}
PUBLIC = ("reactiveState", "channelCapacity")
"""The reads that visitors' browsers make."""
_MICROSECONDS = 1e6
_LEAST_READS = 1000
"""Of one reading of a node: the cycles beside them differ by some milliseconds from one another."""
_MOST_CYCLES = 4
"""Of one reading, however few reads a busy machine lets through."""


@dataclass
class Observed:
    """What was seen of a node while a page was read."""

    milliseconds: list[float] = field(default_factory=list)
    """How long each read took, by the clock."""
    missed: int = 0
    """Refresh periods without an accepted push."""


async def measure_reads(plan: StagePlan, *, seconds: float, readings: int) -> dict[str, Any]:
    """CPU time of one read, node and floor in turn; that of the node less what its cycles use while nobody reads.

    Reads go on for whole cycles, from one accepted push to another: a busy machine lets through fewer of both, and what
    is taken off is what those cycles cost. Raises HarnessError when a process ends or a page is not answered with 200.
    """
    figures: dict[str, Any] = {"path": "api", "targets": plan.targets}
    observed: dict[str, Observed] = {}
    async with lean_stage(plan) as stage:
        stage.start_node()
        before = await stage.wait_accepted(0, plan.start_seconds)
        await stage.wait_accepted(before + 1, 6.0 * plan.period_seconds)
        for name, page in PAGES.items():
            observed[name] = Observed()
            figures[name] = await _one_page(stage, page, seconds, readings, observed[name])
    return {**figures, **summed(figures, observed)}


def summed(figures: Mapping[str, Any], observed: Mapping[str, Observed]) -> dict[str, Any]:
    """The public reads in five figures: those of the one that is slower beside its floor.

    ``requests_per_second`` are what one core answers, by processor time; ``p99_ms`` is by the clock.
    """
    medians = {
        name: (figures[name]["cpu_microseconds"]["median"], figures[name]["floor_cpu_microseconds"]["median"])
        for name in PUBLIC
    }
    own, floor = max(medians.values(), key=lambda found: found[0] / max(found[1], 1.0))
    return {
        "requests_per_second": round(_MICROSECONDS / max(own, 1.0)),
        "baseline_requests_per_second": round(_MICROSECONDS / max(floor, 1.0)),
        "ratio": round(floor / max(own, 1.0), 2),
        "p99_ms": round(max(statistics.quantiles(observed[name].milliseconds, n=100)[-1] for name in PUBLIC), 2),
        "missed_periods": sum(each.missed for each in observed.values()),
    }


async def _one_page(stage: LeanStage, page: str, seconds: float, readings: int, observed: Observed) -> dict[str, Any]:
    node, floor, resting = [], [], []
    with tempfile.TemporaryDirectory(prefix="pacing-benchmark-") as directory:
        bare = await start_bare(Path(directory), await asyncio.to_thread(_body, stage.node_http, page))
        try:
            for _ in range(readings):
                resting.append(await _resting(stage))
                node.append(await _read_for_cycles(stage, page, seconds, statistics.median(resting), observed))
                floor.append(await asyncio.to_thread(_read, bare[1], page, bare[0].pid, seconds))
        finally:
            await end([bare[0]], 5.0)
    times = ratio(node, floor)
    return {
        "cpu_microseconds": spread(node, 0),
        "floor_cpu_microseconds": spread(floor, 0),
        "cycle_cpu_ms": spread([1000.0 * each for each in resting], 1),
        "share_of_floor_speed": round(1.0 / times, 2) if times else None,
    }


async def start_bare(directory: Path, body: bytes) -> tuple[DemoProcess, str]:
    """A bare server with this body, and its address."""
    (directory / "body").write_bytes(body)
    port = choose_quiet(1)[0]
    command = [sys.executable, "-m", "simulator.benchmark.bare_server", str(port), str(directory / "body")]
    bare, address = DemoProcess("bare server", command, directory / "log"), f"http://127.0.0.1:{port}"
    bare.start()
    deadline = time.monotonic() + 60.0
    while True:
        bare.check()
        try:
            await asyncio.to_thread(_body, address, "/")
        except OSError:
            if time.monotonic() > deadline:
                raise HarnessError("the bare server does not answer") from None
            await asyncio.sleep(0.05)
        else:
            return bare, address


def _connect(address: str) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30.0)


def _body(address: str, page: str) -> bytes:
    """What a page answers. Raises HarnessError unless it is 200."""
    connection = _connect(address)
    try:
        return _get(connection, page)
    finally:
        connection.close()


def _get(connection: http.client.HTTPConnection, page: str) -> bytes:
    connection.request("GET", page)
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise HarnessError(f"GET {page}: HTTP status {response.status}")
    return body


def _read(address: str, page: str, pid: int, seconds: float) -> float:
    """CPU microseconds of a server that does nothing else for one read over a kept connection."""
    connection, reads = _connect(address), 0
    _get(connection, page)
    began, used = time.monotonic(), cpu_seconds(pid)
    while time.monotonic() - began < seconds:
        _get(connection, page)
        reads += 1
    used = cpu_seconds(pid) - used
    connection.close()
    return used * _MICROSECONDS / reads


async def _resting(stage: LeanStage) -> float:
    """CPU seconds of a node from one accepted push to the next while nobody reads."""
    patience = 6.0 * stage.plan.period_seconds
    seen = await stage.wait_accepted(await stage.accepted(), patience)
    used = cpu_seconds(stage.node_pid)
    cycles = await stage.wait_accepted(seen, patience) - seen
    return (cpu_seconds(stage.node_pid) - used) / cycles


async def _read_for_cycles(stage: LeanStage, page: str, seconds: float, resting: float, observed: Observed) -> float:
    """CPU microseconds of a node for one read, less ``resting`` CPU seconds for each of its cycles meanwhile."""
    patience = 6.0 * stage.plan.period_seconds
    reader = _Reader(stage.node_http, page)
    first = seen = await stage.wait_accepted(await stage.accepted(), patience)
    began, used = time.monotonic(), cpu_seconds(stage.node_pid)
    accepted_at = [began]
    reading = asyncio.create_task(asyncio.to_thread(reader.run))
    try:
        while time.monotonic() - began < seconds or reader.reads < _LEAST_READS:
            seen = await stage.wait_accepted(seen, patience)
            accepted_at.append(time.monotonic())
            if reading.done() or seen - first >= _MOST_CYCLES:
                break
        used, reads = cpu_seconds(stage.node_pid) - used, reader.reads
    finally:
        reader.ended.set()
        await reading
    observed.milliseconds += reader.milliseconds
    observed.missed += missed_periods(accepted_at, stage.plan.period_seconds)
    return (used - resting * (seen - first)) * _MICROSECONDS / max(reads, 1)


class _Reader:
    """Reads a page over a kept connection until it is told to end."""

    def __init__(self, address: str, page: str) -> None:
        self.ended = threading.Event()
        self.reads = 0
        self.milliseconds: list[float] = []
        """How long each read took, by the clock."""
        self._address = address
        self._page = page

    def run(self) -> None:
        """Raises HarnessError for an answer that is not 200."""
        connection = _connect(self._address)
        try:
            while not self.ended.is_set():
                began = time.perf_counter()
                _get(connection, self._page)
                self.milliseconds.append(1000.0 * (time.perf_counter() - began))
                self.reads += 1
        finally:
            connection.close()
