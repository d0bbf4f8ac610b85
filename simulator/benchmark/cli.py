"""``pacing benchmark``: the laws compared, and the time a calculation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.benchmark import calculation as timing
from simulator.benchmark.benchmark_days import scenarios
from simulator.benchmark.laws import LAWS
from simulator.benchmark.many_runs import run_all
from simulator.benchmark.missed_bounds import BY_GOAL, SIMPLE_RULES, verdicts
from simulator.benchmark.path_commands import Output, add_to
from terminal.examples import examples
from terminal.forms import Form, Listing, print_listing
from terminal.tables import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.benchmark.figures import Figures
    from simulator.benchmark.missed_bounds import Verdict

app = typer.Typer(help="Compare the pacing laws; measure what a node costs.", no_args_is_help=True)
add_to(app)


def register(root: typer.Typer) -> None:
    """Add the group ``benchmark`` to the command."""
    root.add_typer(app, name="benchmark", epilog=examples("pacing benchmark api --output json"))


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


@app.command(epilog=examples("pacing benchmark algorithms --agents 10,100 --days 5 --output json"))
def algorithms(
    *,
    law: Annotated[list[str] | None, typer.Option(help="Law or baseline; repeatable, default all.")] = None,
    agents: Annotated[str, typer.Option(help="Numbers of agents, separated by commas.")] = "3,10,30,100,500",
    scenario: Annotated[
        list[str] | None, typer.Option(help="Scenario; repeatable, default stationary; all for every one.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days of eight hours per law, scenario and number.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="Seed; the same for every law.")] = 1,
    processes: Annotated[int | None, typer.Option(help="Processes, default one per core.", min=1)] = None,
    output: Output = Form.TABLE,
    check: Annotated[
        bool, typer.Option("--check", help="Hold our law against the simple rules; exit 1 when a bound is missed.")
    ] = False,
) -> None:
    """Busy factor and abandonment of the laws, over days of a simulated contact centre."""
    known = list(scenarios())
    chosen = known if scenario == ["all"] else _choice(scenario or ["stationary"], known, "scenario")
    numbers = _numbers(agents)
    laws = _choice(law or [], list(LAWS), "law")
    pairs = [(name, kind) for kind in chosen for name in (_contestants(kind) if check and not law else laws)]
    found = run_all(pairs, numbers, days, seed, processes)
    judged = verdicts(found) if check else None
    _print(found, judged, output)
    if any(verdict.missed for verdict in judged or ()):
        raise typer.Exit(1)


def _contestants(kind: str) -> Sequence[str]:
    """Our law for a scenario, and the rules it is held against."""
    ours = "LOOKAHEAD_DUAL" if scenarios()[kind].dual else "LOOKAHEAD"
    return (ours, *SIMPLE_RULES)


def _print(found: Sequence[Figures], judged: Sequence[Verdict] | None, output: Form) -> None:
    rows = [figures.as_row() for figures in found]
    whole = rows if judged is None else {"rows": rows} | _judged(judged)
    after = [] if judged is None else _summary(judged)
    cells = [_cells(figures) for figures in found]
    print_listing(Listing(whole, _COLUMNS, cells, "Busy factor and abandonment", after=after), output)


def _judged(judged: Sequence[Verdict]) -> dict[str, Any]:
    misses = [miss.as_row() for verdict in judged for miss in verdict.missed]
    return {"judged": [verdict.as_row() for verdict in judged], "missed": misses}


def _summary(judged: Sequence[Verdict]) -> list[str]:
    """Every row that is not judged by its goal, every bound missed, and how many."""
    lines = [str(verdict) for verdict in judged if verdict.rule != BY_GOAL]
    misses = [miss for verdict in judged for miss in verdict.missed]
    lines += [f"missed: {miss}" for miss in misses]
    rows = sum(bool(verdict.missed) for verdict in judged)
    return [*lines, f"{len(misses)} bounds missed, in {rows} of {len(judged)} rows judged"]


_COLUMNS = (
    Column("law"),
    Column("scenario"),
    Column("agents", right=True),
    Column("days", right=True, optional=2),
    Column("busy %", right=True),
    Column("±", right=True, optional=4),
    Column("abandoned %", right=True),
    Column("± ", right=True, optional=3),
    Column("in goal %", right=True),
    Column("worst %", right=True),
    Column("of oracle %", right=True, optional=5),
    Column("wait s", right=True, optional=6),
)
"""In goal: days within it; worst: half hour."""


def _cells(row: Figures) -> list[str]:
    return [
        row.law,
        row.scenario,
        str(row.agents),
        str(row.days),
        f"{row.busy_percent:.2f}",
        f"{row.busy_error:.2f}",
        f"{row.abandonment_percent:.2f}",
        f"{row.abandonment_error:.2f}",
        f"{row.days_within_goal_percent:.0f}",
        f"{row.worst_30min_percent:.1f}",
        "" if row.oracle_percent_of is None else f"{row.oracle_percent_of:.1f}",
        f"{row.mean_wait_seconds:.2f}",
    ]


@app.command(epilog=examples("pacing benchmark calculation --targets 1000"))
def calculation(
    targets: Annotated[int, typer.Option(help="Number of pacing targets.", min=1)] = 10_000,
    output: Output = Form.TABLE,
) -> None:
    """Time of one calculation: median and 95th percentile of 50, on one core."""
    figures = timing.report(targets)
    columns = [Column(name, right=True) for name in figures]
    print_listing(Listing(figures, columns, [[str(value) for value in figures.values()]], "One calculation"), output)
