"""Cost of reads at a node that paces, beside a bare application that answers with the same bytes."""

from __future__ import annotations

import asyncio
import contextlib
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
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

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
_LEAST_CPU_SECONDS = 0.2
"""What the reads of one reading cost at least: the cycles beside them differ by some milliseconds from one another."""
_MOST_CYCLES = 4
"""Of one reading, however few reads a busy machine lets through."""
_RESTING_CYCLES = 2
"""Cycles of each round in which nobody reads."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a node used while one of its pages was read for whole cycles."""

    cpu_seconds: float
    cycles: int
    reads: int

    def of_one_read(self, cycle_cpu_seconds: float) -> float:
        """CPU microseconds of one read, less what the cycles meanwhile cost."""
        return (self.cpu_seconds - cycle_cpu_seconds * self.cycles) * _MICROSECONDS / max(self.reads, 1)


@dataclass
class Observed:
    """What was seen of a node and of its floor while a page was read, one entry of each list per round."""

    milliseconds: list[float] = field(default_factory=list)
    """How long each read took, by the clock."""
    missed: int = 0
    """Refresh periods without an accepted push."""
    node: list[Reading] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    """CPU microseconds of one read."""


async def measure_reads(
    plan: StagePlan, *, seconds: float, readings: int, doing: Callable[[str], object] = str
) -> dict[str, Any]:
    """CPU time of one read, node and floor in turn; that of the node less what its cycles use while nobody reads.

    In each of ``readings`` rounds the node rests, then each page is read of the node and then of its floor. Reads go on
    for whole cycles, from one accepted push to the next: a busy machine lets through fewer of both, and what is taken
    off is what those cycles cost. ``doing`` is given what begins, in words. Raises HarnessError when a process ends or
    a page is not answered with 200.
    """
    observed = {name: Observed() for name in PAGES}
    resting: list[float] = []
    async with lean_stage(plan) as stage:
        doing("the node starts")
        stage.start_node()
        before = await stage.wait_accepted(0, plan.start_seconds)
        await stage.wait_accepted(before + 1, 6.0 * plan.period_seconds)
        async with _bare_servers(stage) as bare:
            for number in range(1, readings + 1):
                of = f"round {number} of {readings}"
                doing(f"{of}, nobody reads")
                resting.append(await _resting(stage))
                for name, page in PAGES.items():
                    doing(f"{of}, {name}")
                    await _read_for_cycles(stage, page, seconds, statistics.median(resting), observed[name])
                for name, page in PAGES.items():
                    doing(f"{of}, floor of {name}")
                    server, address = bare[name]
                    observed[name].floor.append(await asyncio.to_thread(_read, address, page, server.pid, seconds))
    figures = {name: _figures(found, resting) for name, found in observed.items()}
    return {
        "path": "api",
        "targets": plan.targets,
        **figures,
        "cycle_cpu_ms": spread([1000.0 * each for each in resting], 1),
        **summed(figures, observed),
    }


def _figures(observed: Observed, resting: Sequence[float]) -> dict[str, Any]:
    """Of one page; ``resting`` are CPU seconds of cycles while nobody reads."""
    node = [each.of_one_read(statistics.median(resting)) for each in observed.node]
    times = ratio(node, observed.floor)
    return {
        "cpu_microseconds": spread(node, 0),
        "floor_cpu_microseconds": spread(observed.floor, 0),
        "share_of_floor_speed": round(1.0 / times, 2) if times else None,
    }


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


@contextlib.asynccontextmanager
async def _bare_servers(stage: LeanStage) -> AsyncIterator[dict[str, tuple[DemoProcess, str]]]:
    """A bare server for each page, with what the node answers now."""
    bare: dict[str, tuple[DemoProcess, str]] = {}
    with tempfile.TemporaryDirectory(prefix="pacing-benchmark-") as name:
        try:
            for number, (title, page) in enumerate(PAGES.items()):
                directory = Path(name) / str(number)
                directory.mkdir()
                bare[title] = await start_bare(directory, await asyncio.to_thread(_body, stage.node_http, page))
            yield bare
        finally:
            await end([server for server, _ in bare.values()], 5.0)


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
    """CPU seconds of one cycle of a node while nobody reads."""
    patience = 6.0 * stage.plan.period_seconds
    first = seen = await stage.wait_accepted(await stage.accepted(), patience)
    used = cpu_seconds(stage.node_pid)
    while seen - first < _RESTING_CYCLES:
        seen = await stage.wait_accepted(seen, patience)
    return (cpu_seconds(stage.node_pid) - used) / (seen - first)


async def _read_for_cycles(stage: LeanStage, page: str, seconds: float, resting: float, observed: Observed) -> None:
    """Read a page of a node for whole cycles, beginning in the moment in which a push was accepted.

    That is now: resting, and reading of another page, end in such a moment. They go on until reads have cost enough,
    ``resting`` being CPU seconds of a cycle without them.
    """
    patience = 6.0 * stage.plan.period_seconds
    reader = _Reader(stage.node_http, page)
    first = seen = await stage.accepted()
    began, used = time.monotonic(), cpu_seconds(stage.node_pid)
    accepted_at = [began]
    reading = asyncio.create_task(asyncio.to_thread(reader.run))
    try:
        while True:
            seen = await stage.wait_accepted(seen, patience)
            accepted_at.append(time.monotonic())
            found = Reading(cpu_seconds(stage.node_pid) - used, seen - first, reader.reads)
            enough = found.cpu_seconds - resting * found.cycles >= _LEAST_CPU_SECONDS
            if reading.done() or found.cycles >= _MOST_CYCLES or (enough and accepted_at[-1] - began >= seconds):
                break
    finally:
        reader.ended.set()
        await reading
    observed.node.append(found)
    observed.milliseconds += reader.milliseconds
    observed.missed += missed_periods(accepted_at, stage.plan.period_seconds)


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
