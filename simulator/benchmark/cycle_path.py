"""Cost of whole cycles of a real node, beside the floor of the same bytes in the same minutes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from simulator.benchmark.cycle_floor import CycleFloor
from simulator.benchmark.lean_stage import LeanStage, lean_stage
from simulator.benchmark.process_cost import cpu_seconds, peak_mib, resident_mib
from simulator.benchmark.spread import ratio, spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulator.benchmark.lean_stage import StagePlan

_WARM_UP_CYCLES = 2
_MILLISECONDS = 1000.0


class CycleReadings:
    """What was read, one entry per cycle, or per run where it says so."""

    def __init__(self) -> None:
        self.cycle_ms: list[float] = []
        self.floor_ms: list[float] = []
        self.hold_ms: list[float] = []
        self.start_cpu_seconds: list[float] = []
        self.start_seconds: list[float] = []
        self.peak_mib: list[float] = []
        self.resident_mib: list[float] = []
        self.body_bytes = 0
        self.wire_bytes = 0
        self.longest_hold = (0.0, "")

    def held(self, seconds: float, name: str) -> None:
        """Take the longest hold of one cycle."""
        self.hold_ms.append(seconds * _MILLISECONDS)
        self.longest_hold = max(self.longest_hold, (seconds, name))


async def measure_cycles(plan: StagePlan, *, runs: int, cycles: int) -> dict[str, Any]:
    """``cycles`` cycles of each of ``runs`` nodes. Raises HarnessError when a process ends or no push is accepted."""
    readings = CycleReadings()
    for _ in range(runs):
        async with lean_stage(plan) as stage:
            stage.start_node()
            await _one_run(stage, readings, cycles)
    return _figures(plan, readings)


async def _one_run(stage: LeanStage, readings: CycleReadings, cycles: int) -> None:
    plan = stage.plan
    patience = 6.0 * plan.period_seconds
    seen = await stage.wait_accepted(0, plan.start_seconds)
    readings.start_seconds.append(time.monotonic() - stage.node_began)
    readings.start_cpu_seconds.append(cpu_seconds(stage.node_pid))
    for _ in range(_WARM_UP_CYCLES):
        seen = await stage.wait_accepted(seen, patience)
    floor = CycleFloor(stage.peer_http)
    try:
        before, counted = cpu_seconds(stage.node_pid), seen
        stage.holds.take()
        for _ in range(cycles):
            # The floor's push counts as accepted too.
            bodies = await stage.newest_bodies()
            readings.floor_ms.append(floor.push(bodies) * _MILLISECONDS)
            counted += 1
            seen = await stage.wait_accepted(counted, patience)
            after = cpu_seconds(stage.node_pid)
            readings.cycle_ms.append((after - before) * _MILLISECONDS / (seen - counted))
            readings.held(*stage.holds.take())
            before, counted = after, seen
            readings.body_bytes, readings.wire_bytes = sum(map(len, bodies)), floor.bytes_sent
    finally:
        floor.close()
    readings.peak_mib.append(peak_mib(stage.node_pid))
    readings.resident_mib.append(resident_mib(stage.node_pid))


def _figures(plan: StagePlan, readings: CycleReadings) -> dict[str, Any]:
    held, name = readings.longest_hold
    return {
        "path": "cycle",
        "targets": plan.targets,
        "agents_per_target": plan.agents_per_target,
        "period_seconds": plan.period_seconds,
        "cycle_cpu_ms": spread(readings.cycle_ms),
        "floor_cpu_ms": spread(readings.floor_ms),
        "times_floor": ratio(readings.cycle_ms, readings.floor_ms),
        "microseconds_per_target": round(1000.0 * _median(readings.cycle_ms) / plan.targets, 2),
        "longest_hold_cpu_ms": spread(readings.hold_ms),
        "longest_hold": {"cpu_ms": round(held * _MILLISECONDS, 2), "task": name},
        "start_cpu_seconds": spread(readings.start_cpu_seconds),
        "start_seconds": spread(readings.start_seconds),
        "peak_mib": spread(readings.peak_mib, 1),
        "resident_mib": spread(readings.resident_mib, 1),
        "body_bytes_per_target": round(readings.body_bytes / plan.targets, 1),
        "wire_bytes_per_target": round(readings.wire_bytes / plan.targets, 1),
    }


def _median(values: Iterable[float]) -> float:
    return float(spread(list(values), 6)["median"])
