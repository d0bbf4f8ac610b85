"""``pacing benchmark``: the laws compared, and the time a calculation takes."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from simulator.benchmark import calculation as timing
from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.benchmark_run import simulate
from simulator.benchmark.figures import Figures, summarise
from simulator.benchmark.laws import LAWS
from terminal.printing import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(help="Compare the pacing laws and time a calculation.", no_args_is_help=True)

_OUTPUTS = ("table", "json")


def register(root: typer.Typer) -> None:
    """Add the group ``benchmark`` to the command."""
    root.add_typer(app, name="benchmark")


def _choice(values: Sequence[str], known: Sequence[str], what: str) -> list[str]:
    unknown = [value for value in values if value not in known]
    if unknown:
        raise typer.BadParameter(f"unknown {what} {', '.join(unknown)}; known: {', '.join(known)}")
    return list(values) or list(known)


def _numbers(text: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"expected whole numbers separated by commas, found {text!r}") from None
    if any(number < 1 for number in numbers):
        raise typer.BadParameter("every number of agents must be at least 1")
    return numbers


def compare(law: str, scenario: str, agents: list[int], days: int, seed: int) -> list[Figures]:
    """One law in one scenario; runs in a process of its own."""
    setting = scenarios()[scenario]
    outcome = simulate(law, setting, agents, days, seed=seed)
    return [summarise(law, scenario, outcome, number, goal=setting.goal, sharing=setting.sharing) for number in agents]


@app.command()
def algorithms(
    *,
    law: Annotated[list[str] | None, typer.Option(help="Law or baseline; repeatable, default all.")] = None,
    agents: Annotated[str, typer.Option(help="Numbers of agents, separated by commas.")] = "3,10,30,100,500",
    scenario: Annotated[list[str] | None, typer.Option(help="Scenario; repeatable, default stationary.")] = None,
    days: Annotated[int, typer.Option(help="Days of eight hours per law, scenario and number.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Seed; the same for every law.")] = 1,
    processes: Annotated[int | None, typer.Option(help="Processes, default one per core.", min=1)] = None,
    output: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Busy factor and abandonment of the laws, over days of a simulated contact centre."""
    laws = _choice(law or [], list(LAWS), "law")
    chosen = _choice(scenario or ["stationary"], list(scenarios()), "scenario")
    numbers = _numbers(agents)
    _choice([output], _OUTPUTS, "output")
    found = _run([(name, kind) for kind in chosen for name in laws], numbers, days, seed, processes)
    if output == "json":
        say_json([figures.as_row() for figures in found], indent=1)
    else:
        Console().print(_table(found))


def _run(pairs: list[tuple[str, str]], agents: list[int], days: int, seed: int, processes: int | None) -> list[Figures]:
    found: dict[tuple[str, str], list[Figures]] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool,
    ):
        task = progress.add_task("laws and scenarios", total=len(pairs))
        jobs = {pool.submit(compare, law, scenario, agents, days, seed): (law, scenario) for law, scenario in pairs}
        for job in as_completed(jobs):
            found[jobs[job]] = job.result()
            progress.advance(task)
    return [figures for pair in pairs for figures in found[pair]]


def _table(found: list[Figures]) -> Table:
    table = Table(title="Busy factor and abandonment")
    for name in ("law", "scenario", "agents", "days", "busy %", "abandoned %", "days in goal %", "worst 30 min %"):
        table.add_column(name, justify="left" if name in {"law", "scenario"} else "right")
    table.add_column("of oracle %", justify="right")
    table.add_column("wait s", justify="right")
    for row in found:
        best = "" if row.oracle_percent_of is None else f"{row.oracle_percent_of:.1f}"
        table.add_row(
            row.law,
            row.scenario,
            str(row.agents),
            str(row.days),
            f"{row.busy_percent:.2f}",
            f"{row.abandonment_percent:.2f}",
            f"{row.days_within_goal_percent:.0f}",
            f"{row.worst_30min_percent:.1f}",
            best,
            f"{row.mean_wait_seconds:.2f}",
        )
    return table


@app.command()
def calculation(
    targets: Annotated[int, typer.Option(help="Number of pacing targets.", min=1)] = 10_000,
    output: Annotated[str, typer.Option(help="table or json.")] = "table",
) -> None:
    """Time of one calculation: median and 95th percentile of 50, on one core."""
    _choice([output], _OUTPUTS, "output")
    figures = timing.report(targets)
    if output == "json":
        say_json(figures, indent=None)
        return
    table = Table(title="One calculation")
    for name in figures:
        table.add_column(name, justify="right")
    table.add_row(*(str(value) for value in figures.values()))
    Console().print(table)
