"""The command `pacing demo`."""

from __future__ import annotations

import asyncio
import functools
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pacing_node.algorithms import Algorithm
from simulator.demo.demo_options import DemoOptions
from simulator.demo.demo_report import check_report_place, shortcomings, write_report
from simulator.demo.demonstration import Demonstration
from simulator.demo.narration import LineNarrator, LiveNarrator
from simulator.demo.terminal_view import figures, number
from simulator.harness.callers_settings import forget_settings
from simulator.harness.directory import working_directory
from simulator.harness.harness_error import HarnessError
from simulator.harness.node_files import cluster_options
from simulator.harness.pick import only_warnings
from simulator.harness.stage import Stage
from terminal.examples import examples
from terminal.printing import complain
from terminal.standard_streams import end_with_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.demo.narration import Narrator

_FAILED = 1
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

DurationOption = Annotated[
    float | None,
    typer.Option(
        min=1, help="Seconds from the first accepted push to the end; without it until Ctrl-C.", show_default=False
    ),
]
KillOption = Annotated[
    float | None,
    typer.Option(min=0, help="Seconds from the first accepted push until the master is killed.", show_default=False),
]
ReportOption = Annotated[
    Path | None,
    typer.Option(dir_okay=False, help="Write a report of what was shown here, as JSON.", show_default=False),
]
ScenarioOption = Annotated[str, typer.Option(help="Scenario of the simulated contact centre.")]
NodesOption = Annotated[int, typer.Option(min=1, max=9, help="How many nodes.")]
DirectoryOption = Annotated[Path, typer.Option(file_okay=False, help="Working directory; made anew.")]
KeepOption = Annotated[bool, typer.Option("--keep-directory", help="Keep the working directory with all logs.")]
LawOption = Annotated[
    Algorithm | None,
    typer.Option(
        help="Pacing law; the DUAL ones also say how much inbound traffic to let in. Default: the scenario's.",
        show_default=False,
    ),
]
PROACTIVE_PERCENT = 50
"""Share of the capacity for invitations under a dual law, where the scenario names none."""
ViewOption = Annotated[bool, typer.Option(help="Draw a live view when the output is a terminal; else plain lines.")]

EXAMPLES = examples(
    "pacing demo",
    "pacing demo --law LOOKAHEAD_DUAL",
    "pacing demo --scenario goal --duration 180 --report report.json",
    "pacing demo --duration 45 --kill-master-at 20 --report report.json",
)


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command("demo", epilog=EXAMPLES)(demo)


def demo(
    *,
    duration: DurationOption = None,
    kill_master_at: KillOption = None,
    report: ReportOption = None,
    scenario: ScenarioOption = "demo",
    nodes: NodesOption = 3,
    directory: DirectoryOption = Path(".demo"),
    law: LawOption = None,
    keep_directory: KeepOption = False,
    view: ViewOption = True,
) -> None:
    """Run the service on this machine: a ZooKeeper ensemble, nodes, a simulated contact centre; Ctrl-C ends it."""
    if duration is not None and kill_master_at is not None and kill_master_at >= duration:
        raise typer.BadParameter(f"must be below the duration of {duration:g} s", param_hint="--kill-master-at")
    options = DemoOptions(
        directory=directory.absolute(),
        duration_seconds=duration,
        cluster_extra=functools.partial(with_law, law) if law else None,
        kill_master_at_seconds=kill_master_at,
        report=report,
        scenario=scenario,
        nodes=nodes,
        keep_directory=keep_directory,
        view=view,
    )
    try:
        if report is not None:
            check_report_place(report)
        end_with_reader()
        status = asyncio.run(_run(options))
    except HarnessError as error:
        complain(f"pacing: {error}")
        status = _FAILED
    raise typer.Exit(status)


def with_law(law: Algorithm, simulator: Mapping[str, Any]) -> Mapping[str, Any]:
    """The section of the cluster's options that names this law, in place of the scenario's."""
    pacing = cluster_options(simulator)["pacing"]
    share = pacing.pop("proactiveRatio", PROACTIVE_PERCENT)
    return {"pacing": {**pacing, "algorithm": str(law), **({"proactiveRatio": share} if law.dual else {})}}


async def _run(options: DemoOptions) -> int:
    """Run the demonstration until its end or a signal; the exit status."""
    console = Console()
    narrator: Narrator = LiveNarrator(console) if options.view and console.is_terminal else LineNarrator(console)
    forget_settings()
    only_warnings()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number_of_signal in _STOP_SIGNALS:
        loop.add_signal_handler(number_of_signal, stop.set)
    with working_directory(options.directory, keep=options.keep_directory):
        stage = Stage(options, options.directory, narrator.say)
        demonstration = Demonstration(options, narrator, stage)
        report = await demonstration.run(stop)
    if report is None:
        narrator.say("stopped before anything was to be seen")
        return 0
    _print_report(report, narrator)
    if demonstration.goal_keeping is not None:
        narrator.say(str(demonstration.goal_keeping))
    if options.report is not None:
        write_report(options.report, report)
        narrator.say(f"report: {options.report}")
    if stop.is_set():
        return 0  # a run that is ended early does not wait for what was still to come
    nodes = 1 if stage.alone else options.nodes
    found = shortcomings(report, nodes=nodes, kill_asked=options.kill_master_at_seconds is not None)
    for shortcoming in found:
        complain(f"pacing: {shortcoming}")
    return _FAILED if found else 0


def _print_report(report: dict[str, Any], narrator: Narrator) -> None:
    """Tell the report to people."""
    busy, abandonment = figures(report)
    narrator.say(
        f"{report['nodes']} nodes, {report['targets']} targets, {report['cycles']} cycles, {report['pushes_accepted']} "
        f"pushes accepted, {report['pushes_refused']} refused, {report['accepted_out_of_order']} out of order; "
        f"busy {busy}, abandoned {abandonment}"
    )
    for handover in report["handovers"]:
        narrator.say(f"hand-over to {handover['to']}: {number(handover['gap_seconds'], 2, ' s')} ({handover['cause']})")
