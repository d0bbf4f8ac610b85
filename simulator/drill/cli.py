"""The command `pacing drill`."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.access.signed_calls import ClusterSecret
from cluster.errors import SettingsError
from cluster.security import PeerTls
from simulator.drill.drills import DRILLS, drill_of
from simulator.drill.field import Options
from simulator.drill.harm import run_drill
from simulator.drill.places import Place, container_target
from simulator.drill.running import RunningCluster, graceful_hand_over
from simulator.harness.arena import Arena
from simulator.harness.callers_settings import forget_settings
from simulator.harness.directory import own_directory
from simulator.harness.hand_over_trace import STEPS
from simulator.harness.harness_error import HarnessError
from simulator.harness.pick import only_warnings
from terminal.examples import examples
from terminal.forms import Form, print_listing, records
from terminal.printing import complain
from terminal.progress import shown_while
from terminal.tables import Column, lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.drill.targets import Target
    from simulator.drill.verdict import DrillResult

ALL = "all"
FROM_OUTSIDE = "graceful"
"""The only drill a running cluster can be put through from outside."""
_FAILED = 1
_WRONG_USAGE = 2


DrillArgument = Annotated[
    str,
    typer.Argument(
        metavar="DRILL", help=f"One of {', '.join(DRILLS)}, or {ALL}; in containers others, told by a wrong name."
    ),
]
TargetOption = Annotated[
    Place, typer.Option("--target", help="Where the cluster runs: one of its own on this machine, or in containers.")
]
NameOption = Annotated[
    str,
    typer.Option(
        "--name",
        envvar="COMPOSE_PROJECT_NAME",
        help="With --target: name of the compose project, or NAMESPACE/RELEASE.",
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster", help="HTTP address of a node of a running cluster; without it a cluster of its own is started."
    ),
]
_FILE = {"exists": True, "dir_okay": False, "readable": True, "show_default": False}
CertificateOption = Annotated[
    Path | None,
    typer.Option(
        "--certificate", help="With --cluster: PEM chain shown to clustering ports that ask for one.", **_FILE
    ),
]
KeyOption = Annotated[Path | None, typer.Option("--private-key", help="Private key of --certificate, PEM.", **_FILE)]
AuthoritiesOption = Annotated[
    Path | None, typer.Option("--authorities", help="Authorities that sign the members' certificates, PEM.", **_FILE)
]
SecretOption = Annotated[
    Path | None,
    typer.Option(
        "--secret-file", envvar="PACING_SECRET_FILE", help="With --cluster: file with the members' secret.", **_FILE
    ),
]
TokenOption = Annotated[
    Path | None,
    typer.Option("--token-file", envvar="PACING_TOKEN_FILE", help="With --cluster: file with a token.", **_FILE),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a running cluster is disturbed.")]
FormOption = Annotated[
    Form, typer.Option("--output", "-o", help="table or wide for people; json, yaml, tsv for programs.")
]
OutageOption = Annotated[float, typer.Option(min=1, help="Seconds of an outage of ZooKeeper or of the platform.")]
FailsafeOption = Annotated[
    bool, typer.Option("--failsafe", help="Give the nodes the option failsafe: ZooKeeper's outage must cost no period.")
]
RepeatOption = Annotated[int, typer.Option(min=1, help="Run each drill so many times.")]
DirectoryOption = Annotated[
    Path | None, typer.Option(file_okay=False, help="Keep all files and logs here.", show_default=False)
]

EXAMPLES = examples("pacing drill kill", "pacing drill --output json --repeat 3")


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command("drill", epilog=EXAMPLES)(drill)


def drill(
    drill: DrillArgument = ALL,
    *,
    target: TargetOption = Place.LOCAL,
    name: NameOption = "agent-pacing",
    cluster: ClusterOption = None,
    certificate: CertificateOption = None,
    private_key: KeyOption = None,
    authorities: AuthoritiesOption = None,
    secret_file: SecretOption = None,
    token_file: TokenOption = None,
    yes: YesOption = False,
    output: FormOption = Form.TABLE,
    outage: OutageOption = 10.0,
    failsafe: FailsafeOption = False,
    repeat: RepeatOption = 1,
    directory: DirectoryOption = None,
) -> None:
    """Run one fault on a cluster, or each in turn, and report the gap without an accepted push, its bound, the verdict.

    Without --cluster everything happens to a cluster of its own on this machine: a ZooKeeper ensemble, three nodes and
    a simulated contact centre. With --target the same is done to the cluster that runs there, by the means of that
    place. Exit status 0 only when every verdict is a pass.
    """
    if target is not Place.LOCAL and (cluster or directory or failsafe):
        raise typer.BadParameter(f"--cluster, --directory and --failsafe do not go with --target {target}")
    named = _named(drill, target) * repeat
    tls = _certificates(cluster, certificate, private_key, authorities)
    only_warnings()
    results: list[DrillResult] = []
    finished = True
    try:
        if cluster is not None:
            secret = ClusterSecret.parse(secret_file.read_text()) if secret_file is not None else None
            token = token_file.read_text().strip() if token_file is not None else None
            results.append(_on_running(drill, RunningCluster(cluster, tls, secret, token), yes=yes))
        else:
            options = Options(outage, failsafe)
            if target is Place.LOCAL:
                asyncio.run(_on_own(named, options, directory and directory.absolute(), results))
            else:
                asyncio.run(_in_containers(container_target(target), name, named, options, results))
    except (HarnessError, SettingsError) as error:
        complain(f"pacing: {error}")
        finished = False
    if finished or results:
        _show(results, output)
    raise typer.Exit(0 if finished and all(result.passed for result in results) else _FAILED)


def _named(drill: str, target: Place) -> list[str]:
    """The drills a name stands for at a place."""
    offered = list(DRILLS if target is Place.LOCAL else container_target(target).drills)
    if drill not in {*offered, ALL}:
        raise typer.BadParameter(f"there is no drill {drill}; there are {', '.join(offered)}, and {ALL}")
    return offered if drill == ALL else [drill]


def _say(text: str) -> None:
    """Timelines are for people: they go where a program's output does not."""
    complain(text)


async def _in_containers(
    target: Target[Any], name: str, drills: Sequence[str], options: Options, results: list[DrillResult]
) -> None:
    """Run drills on the cluster of a name; ``results`` holds those that were run, also when the cluster gives out."""
    async with target.open(name) as cluster:
        for drill in drills:
            async with shown_while(f"drill {drill}, {len(results) + 1} of {len(drills)}"):
                result = await run_drill(drill, target.drills[drill], cluster, options, _say)
            results.append(result)  # one by one: should the cluster give out, these are kept


async def _on_own(drills: Sequence[str], options: Options, directory: Path | None, results: list[DrillResult]) -> None:
    """Run drills on a cluster of their own; ``results`` holds those that were run, also when the cluster gives out."""
    forget_settings()
    with own_directory(directory, "pacing-drill-") as place:
        await _run(drills, options, place, results)


async def _run(drills: Sequence[str], options: Options, directory: Path, results: list[DrillResult]) -> None:
    async with Arena(directory, _say, failsafe=options.failsafe) as arena:
        for name in drills:
            async with shown_while(f"drill {name}, {len(results) + 1} of {len(drills)}"):
                result = await run_drill(name, drill_of(name, arena), arena, options, _say)
            results.append(result)  # one by one: should the cluster give out, these are kept


def _certificates(cluster: str | None, certificate: Path | None, key: Path | None, ca: Path | None) -> PeerTls | None:
    """What to show to the members; all three files or none."""
    if certificate is None and key is None and ca is None:
        return None
    if certificate is None or key is None or ca is None or cluster is None:
        raise typer.BadParameter("--certificate, --private-key and --authorities go together, and with --cluster")
    return PeerTls(ca, certificate, key)


def _on_running(drill: str, running: RunningCluster, *, yes: bool) -> DrillResult:
    if drill != FROM_OUTSIDE:
        complain(
            f"pacing: the drill {drill} needs somebody who operates the machines: a running cluster can be "
            f"asked to hand over ({FROM_OUTSIDE}), but nobody can kill, freeze or cut off its parts from outside. Do "
            "that on the machine, and read the gap in `pacing list`."
        )
        raise typer.Exit(_WRONG_USAGE)
    before = running.view()
    _say(f"cluster {before.cluster}: master {before.master}, epoch {before.epoch}, {before.members} members")
    question = f"Ask {before.master} to resign now? Another member takes over; pacing goes on."
    if not yes and not typer.confirm(question, err=True):
        raise typer.Exit(_WRONG_USAGE)
    return asyncio.run(graceful_hand_over(running, before, _say))


def _quantiles(results: Sequence[DrillResult]) -> list[str]:
    """For drills that ran several times: how the gaps are distributed."""
    lines = []
    for drill in dict.fromkeys(result.drill for result in results):
        gaps = sorted(result.measured.gap_seconds for result in results if result.drill == drill)
        if len(gaps) > 1:
            middle, high = gaps[len(gaps) // 2], gaps[min(len(gaps) - 1, math.ceil(0.99 * len(gaps)) - 1)]
            lines.append(
                f"{drill}: {len(gaps)} times, median {middle:.3f} s, p99 {high:.3f} s, longest {gaps[-1]:.3f} s"
            )
    return lines


def _show(results: Sequence[DrillResult], output: Form) -> None:
    rows = [result.as_dict() for result in results]
    lines = []
    for row in rows:
        order = "not seen" if row["accepted_out_of_order"] is None else row["accepted_out_of_order"]
        times = (
            f"gap {row['gap_seconds']:7.3f} s  bound {row['bound_seconds']:6.3f} s  missed {row['missed_periods']:3d}"
        )
        counts = f"out of order {order}  changes of master {row['master_changes']}"
        lines.append(f"{row['drill']:<20} {row['verdict']:<5} {times}  {counts}")
    print_listing(records(rows, [*lines, *_quantiles(results), *_traces(results)]), output)


def _traces(results: Sequence[DrillResult]) -> list[str]:
    """Where the time of each hand-over went, a table; nothing where no log was at hand."""
    traced = [(result.drill, result.measured.trace) for result in results if result.measured.trace]
    if not traced:
        return []
    columns = [Column("drill"), *(Column(f"{name} ms", right=True) for name in STEPS)]
    cells = []
    for drill, trace in traced:
        took = {step.name: f"{1000.0 * step.took:.1f}" for step in trace}
        cells.append([drill, *(took.get(name, "-") for name in STEPS)])
    return list(lines_of("hand-over, step by step", columns, cells, None))
