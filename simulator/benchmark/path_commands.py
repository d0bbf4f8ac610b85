"""Commands that measure whole paths through a real node, over real sockets between processes."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.benchmark.browsers_path import measure_browsers
from simulator.benchmark.cycle_path import measure_cycles
from simulator.benchmark.handover_path import measure_hand_overs
from simulator.benchmark.lean_stage import StagePlan
from simulator.benchmark.page_path import measure_page
from simulator.benchmark.read_path import measure_reads
from simulator.benchmark.standing_path import measure_standing
from simulator.benchmark.startup_path import measure_startup
from simulator.harness.harness_error import HarnessError
from terminal.examples import examples
from terminal.forms import Form, Listing, print_listing
from terminal.printing import complain
from terminal.progress import Doing, shown_while
from terminal.tables import Column

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

Targets = Annotated[int, typer.Option(min=1, max=200_000, help="Number of pacing targets.")]
Agents = Annotated[int, typer.Option(min=1, max=100, help="Agents of each target.")]
Runs = Annotated[int, typer.Option(min=1, max=100, help="Nodes started one after the other.")]
Cycles = Annotated[int, typer.Option(min=1, max=1000, help="Cycles measured of each node.")]
Period = Annotated[float, typer.Option(min=1.0, max=300.0, help="Refresh period, seconds.")]
Output = Annotated[
    Form, typer.Option("--output", "-o", help="table or wide for people; json, yaml or tsv for programs.")
]

_ENDED_BY_SIGTERM = 128 + signal.SIGTERM


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (cycle, standing, startup, api, browsers, page, handover):
        app.command(command.__name__, epilog=examples(f"pacing benchmark {command.__name__} -o json"))(command)


def cycle(
    *,
    targets: Targets = 10_000,
    agents_per_target: Agents = 3,
    runs: Runs = 1,
    cycles: Cycles = 8,
    period: Period = 5.0,
    output: Output = Form.TABLE,
) -> None:
    """CPU time of whole cycles of a node beside a lean peer, its memory, and the floor of the same bytes."""
    plan = StagePlan(targets, agents_per_target, period)
    _show(measure_cycles(plan, runs=runs, cycles=cycles), output)


def standing(
    *,
    targets: Targets = 100_000,
    agents_per_target: Agents = 3,
    minutes: Annotated[float, typer.Option(min=0.05, max=1440.0, help="How long the node paces.")] = 10.0,
    period: Period = 5.0,
    output: Output = Form.TABLE,
) -> None:
    """A node that paces for minutes, judged: missed periods, share of a core, memory, start, holds of its loop."""
    _show(measure_standing(StagePlan(targets, agents_per_target, period), minutes=minutes), output)


def startup(
    *, targets: Targets = 10_000, agents_per_target: Agents = 3, runs: Runs = 3, output: Output = Form.TABLE
) -> None:
    """Start of a node to its first accepted push, beside reading the same file once; and what commands load."""
    _show(measure_startup(StagePlan(targets, agents_per_target), runs=runs), output)


def handover(
    *,
    targets: Targets = 1000,
    runs: Annotated[int, typer.Option(min=1, max=100, help="Hand-overs of each kind.")] = 10,
    output: Output = Form.TABLE,
) -> None:
    """Hand-overs of three nodes by order and after SIGKILL, step by step, beside the least they can take."""
    _show(measure_hand_overs(targets, runs=runs), output)


def api(
    *,
    targets: Targets = 10_000,
    seconds: Annotated[float, typer.Option(min=0.2, max=60.0, help="Of each reading.")] = 2.0,
    readings: Annotated[int, typer.Option(min=1, max=100, help="Of each page, node and floor in turn.")] = 3,
    output: Output = Form.TABLE,
) -> None:
    """CPU time of a read at a pacing node, beside a bare application on the fastest server with the same body.

    Takes two to three minutes on two cores with the values that are the default: about 47 s for each of --readings,
    and the start of the node. Progress is on standard error where that is a terminal.
    """
    doing = Doing("measuring")
    _show(measure_reads(StagePlan(targets), seconds=seconds, readings=readings, doing=doing.begin), output, doing)


def browsers(
    *,
    targets: Targets = 10_000,
    open_dashboards: Annotated[int, typer.Option("--browsers", min=1, max=100, help="Dashboards that are open.")] = 20,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="Of each reading.")] = 20.0,
    readings: Annotated[int, typer.Option(min=1, max=100, help="Without and with browsers in turn.")] = 3,
    period: Period = 5.0,
    output: Output = Form.TABLE,
) -> None:
    """CPU time that open dashboards cost a node: their streams of events and all they read, in percent of a core."""
    plan = StagePlan(targets, period_seconds=period)
    _show(measure_browsers(plan, browsers=open_dashboards, seconds=seconds, readings=readings), output)


def page(
    *,
    targets: Targets = 10_000,
    loads: Annotated[int, typer.Option(min=1, max=100, help="Loads of the dashboard, each in a fresh profile.")] = 5,
    output: Output = Form.TABLE,
) -> None:
    """First paint of the dashboard in Chromium, and its frames while all targets are scrolled; status 1 beyond a bound.

    Needs Chromium and playwright: make benchmark-page.
    """
    _show(measure_page(StagePlan(targets), loads=loads), output)


def _show(measuring: Coroutine[Any, Any, dict[str, Any]], output: Form, doing: str | Doing = "measuring") -> None:
    """Measure and print; ends the command with status 1 where a process failed, or a bound was missed.

    ``doing`` is shown meanwhile. SIGTERM ends what was started in order, and the command with the status that a shell
    gives for it.
    """

    async def measured() -> dict[str, Any]:
        if task := asyncio.current_task():
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        async with shown_while(doing):
            return await measuring

    try:
        figures = asyncio.run(measured())
    except HarnessError as error:
        complain(error)
        raise typer.Exit(1) from error
    except asyncio.CancelledError as error:
        raise typer.Exit(_ENDED_BY_SIGTERM) from error
    rows = [[name, _cell(value)] for name, value in figures.items()]
    title = f"{figures['path']}, {figures['targets']} targets"
    print_listing(Listing(figures, [Column("figure"), Column("value", right=True)], rows, title), output)
    if missed := figures.get("missed"):
        complain("; ".join(missed))
        raise typer.Exit(1)


def _cell(value: Any) -> str:
    if isinstance(value, dict) and "median" in value:
        return f"{value['median']} ({value['least']} to {value['most']})"
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in _flat(value))
    return str(value)


def _flat(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, _cell(each)) for key, each in value.items()]
