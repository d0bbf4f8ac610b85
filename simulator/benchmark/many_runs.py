"""Many laws through many scenarios: what can be simulated together is, each run in a process of its own."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.benchmark_run import simulate_together
from simulator.benchmark.figures import Figures, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROWS_TOGETHER = 3000
"""Rows of one run at most: more would cost memory and leave one process working alone at the end."""
_LOOK_SECONDS = 0.5
_shared: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Run:
    """One law in scenarios that are simulated together."""

    law: str
    scenarios: tuple[str, ...]
    agents: tuple[int, ...]
    days: int
    seed: int


def run_all(
    pairs: Sequence[tuple[str, str]], agents: Sequence[int], days: int, seed: int, processes: int | None
) -> list[Figures]:
    """Figures of every pair (law, scenario) and number of agents, in the order of the pairs."""
    runs = _plan(pairs, agents, days, seed)
    context = get_context("spawn")
    done = context.Value("d", 0.0)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    found: dict[tuple[str, str], list[Figures]] = {}
    with (
        Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress,
        ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(done,)) as pool,
    ):
        task = progress.add_task(f"{len(runs)} runs of {len(pairs)} days", total=len(runs))
        open_jobs = {pool.submit(compare, run): run for run in runs}
        while open_jobs:
            finished, _ = wait(open_jobs, timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED")
            progress.update(task, completed=done.value)
            for job in finished:
                found.update(_by_pair(open_jobs.pop(job), job.result()))
        progress.update(task, completed=len(runs))
    return [figures for pair in pairs for figures in found[pair]]


def compare(run: Run) -> list[list[Figures]]:
    """Figures per scenario of one run; in a process of its own."""
    known = scenarios()
    kinds = [known[name] for name in run.scenarios]
    outcomes = simulate_together(run.law, kinds, run.agents, run.days, seed=run.seed, progress=_advance)
    return [
        [
            summarise(run.law, k.name, outcome, n, goal=k.goal, sharing=k.sharing, busy_goal=k.busy_goal)
            for n in run.agents
        ]
        for k, outcome in zip(kinds, outcomes, strict=True)
    ]


def _plan(pairs: Sequence[tuple[str, str]], agents: Sequence[int], days: int, seed: int) -> list[Run]:
    """The largest runs first, so that no process is left with one at the end."""
    known = scenarios()
    groups: dict[tuple[object, ...], list[str]] = {}
    for law, name in pairs:
        groups.setdefault((law, *known[name].together), []).append(name)
    most = max(_ROWS_TOGETHER // (len(agents) * days), 1)
    runs = [
        Run(str(key[0]), tuple(names[start : start + most]), tuple(agents), days, seed)
        for key, names in groups.items()
        for start in range(0, len(names), most)
    ]
    return sorted(runs, key=lambda run: -len(run.scenarios))


def _by_pair(run: Run, figures: list[list[Figures]]) -> dict[tuple[str, str], list[Figures]]:
    return {(run.law, name): rows for name, rows in zip(run.scenarios, figures, strict=True)}


def _begin(done: Any) -> None:
    _shared["done"] = done


def _advance(share: float) -> None:
    """Tell the parent that this much of a run is done."""
    done = _shared.get("done")
    if done is not None:
        with done.get_lock():
            done.value += share
