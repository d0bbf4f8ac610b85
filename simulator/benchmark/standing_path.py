"""A node that paces for minutes, judged: missed periods, share of a core, memory, start, holds of its event loop.

No floor is pushed beside it, and nothing is read of it but the peer's count of pushes.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simulator.benchmark.lean_stage import lean_stage
from simulator.benchmark.process_cost import cpu_seconds, peak_mib, resident_mib
from simulator.benchmark.spread import spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from simulator.benchmark.lean_stage import LeanStage, StagePlan

_WARM_UP_CYCLES = 3
_MOST_MISSED = 12
"""Periods in a row without an accepted push after which a node is given up."""


def goals_for(targets: int) -> dict[str, float]:
    """What a node of a size keeps at most, by the name of the figure.

    As of 100,000 targets with 3 agents each, in proportion, and never below those of 10,000.
    """
    share = max(targets, 10_000) / 100_000
    return {
        "missed_periods": 0.0,
        "percent_of_core": 20.0 * share,
        "resident_mib": max(200.0, 900.0 * share),
        "start_cpu_seconds": max(4.0, 15.0 * share),
        "hold_cpu_ms": max(10.0, 20.0 * share),
    }


def judged(figures: Mapping[str, float], goals: Mapping[str, float]) -> dict[str, str]:
    """Each figure as ``reached`` or ``missed``, with what was found and what is allowed."""
    return {
        name: f"{'reached' if found <= goals[name] else 'missed'}: {found:g}, at most {goals[name]:g}"
        for name, found in figures.items()
    }


def missed_periods(accepted_at: Sequence[float], period_seconds: float) -> int:
    """Periods without an accepted push, from the times at which pushes were accepted; half a period late is in time."""
    gaps = [after - before for before, after in pairwise(accepted_at)]
    return sum(max(0, round(gap / period_seconds) - 1) for gap in gaps)


async def measure_standing(plan: StagePlan, *, minutes: float) -> dict[str, Any]:
    """One node for so many minutes. Raises HarnessError when a process ends or pushes stay away."""
    async with lean_stage(plan) as stage:
        stage.start_node()
        seen = await stage.wait_accepted(0, plan.start_seconds)
        start = cpu_seconds(stage.node_pid)
        for _ in range(_WARM_UP_CYCLES):
            seen = await stage.wait_accepted(seen, _MOST_MISSED * plan.period_seconds)
        return await _stand(stage, seen, minutes, start)


async def _stand(stage: LeanStage, seen: int, minutes: float, start_cpu_seconds: float) -> dict[str, Any]:
    plan, holds = stage.plan, []
    accepted_at, used = [time.monotonic()], cpu_seconds(stage.node_pid)
    stage.holds.take()
    while accepted_at[-1] - accepted_at[0] < 60.0 * minutes:
        seen = await stage.wait_accepted(seen, _MOST_MISSED * plan.period_seconds)
        accepted_at.append(time.monotonic())
        holds.append(stage.holds.take())
    lasted = accepted_at[-1] - accepted_at[0]
    used = cpu_seconds(stage.node_pid) - used
    longest = max(holds)
    figures = {
        "missed_periods": missed_periods(accepted_at, plan.period_seconds),
        "percent_of_core": round(100.0 * used / lasted, 1),
        "resident_mib": round(resident_mib(stage.node_pid), 1),
        "start_cpu_seconds": round(start_cpu_seconds, 1),
        "hold_cpu_ms": round(1000.0 * longest[0], 1),
    }
    verdicts = judged(figures, goals_for(plan.targets))
    return {
        "path": "standing",
        "targets": plan.targets,
        "agents_per_target": plan.agents_per_target,
        "period_seconds": plan.period_seconds,
        "minutes": round(lasted / 60.0, 2),
        "pushes_accepted": len(accepted_at) - 1,
        **verdicts,
        "cycle_cpu_ms": round(1000.0 * used / (len(accepted_at) - 1), 1),
        "hold_cpu_ms_of_cycles": spread([1000.0 * each[0] for each in holds]),
        "longest_hold": longest[1],
        "peak_mib": round(peak_mib(stage.node_pid), 1),
        "verdict": "missed" if any(each.startswith("missed") for each in verdicts.values()) else "reached",
    }
