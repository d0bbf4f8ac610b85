"""The command `pacing attack`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.attack.attack_run import Extent, line, run_attacks
from simulator.attack.attacks import ATTACKS, named, sized
from simulator.attack.ground import USUAL_TARGETS
from simulator.harness.callers_settings import forget_settings
from simulator.harness.directory import own_directory
from simulator.harness.harness_error import HarnessError
from simulator.harness.pick import only_warnings
from terminal.characters import json_text
from terminal.examples import examples
from terminal.forms import Form, print_listing, records
from terminal.printing import complain, say

if TYPE_CHECKING:
    from simulator.attack.attack_run import Attack
    from simulator.attack.limits import AttackResult

_FAILED = 1
_SHORT = Extent(seconds=3.0, share=0.05)

NamesArgument = Annotated[list[str] | None, typer.Argument(metavar="[ATTACK]…", help="Which; all unless named.")]
ShortOption = Annotated[
    bool, typer.Option("--short", help="A form of some minutes: fewer attacks unless named, small counts.")
]
SecondsOption = Annotated[
    float | None,
    typer.Option(min=1, max=600, help="How long each attack lasts that goes on for a time.", show_default="20"),
]
TargetsOption = Annotated[int, typer.Option(min=100, max=20_000, help="Targets of the large ground.")]
ListOption = Annotated[bool, typer.Option("--list", help="List the attacks and end.")]
FormOption = Annotated[
    Form, typer.Option("--output", "-o", help="table or wide for people; json, yaml, tsv for programs.")
]
ReportOption = Annotated[
    Path | None, typer.Option(dir_okay=False, help="Write the results as JSON to this file, too.", show_default=False)
]
DirectoryOption = Annotated[
    Path | None, typer.Option(file_okay=False, help="Keep all files and logs here.", show_default=False)
]

EXAMPLES = examples("pacing attack --list", "pacing attack --short --output json")


def register(app: typer.Typer) -> None:
    """Add the command to the root command."""
    app.command("attack", epilog=EXAMPLES)(attack)


def attack(
    names: NamesArgument = None,
    *,
    short: ShortOption = False,
    seconds: SecondsOption = None,
    targets: TargetsOption = USUAL_TARGETS,
    list_attacks: ListOption = False,
    output: FormOption = Form.TABLE,
    report: ReportOption = None,
    directory: DirectoryOption = None,
) -> None:
    """Attack a cluster of its own on this machine, and judge what each attack has cost it.

    A ZooKeeper ensemble, three nodes and a simulated contact centre on loopback are brought up for each kind of
    set-up. Exit status 0 only when every limit of every attack that was run was kept.
    """
    if list_attacks:
        for each in ATTACKS:
            say(f"{each.name:<26} {each.ground.name:<16} {' '.join((each.strike.__doc__ or '').split())}")
        return
    chosen = sized(chosen_attacks(names, short=short), targets)
    extent = _SHORT if short else Extent()
    if seconds is not None:
        extent = Extent(seconds, extent.share)
    only_warnings()
    results: list[AttackResult] = []
    finished = True
    try:
        asyncio.run(_on_own(chosen, extent, directory and directory.absolute(), results))
    except HarnessError as error:
        complain(f"pacing: {error}")
        finished = False
    _show(results, output, report)
    raise typer.Exit(0 if finished and not any(result.failed for result in results) else _FAILED)


def chosen_attacks(names: list[str] | None, *, short: bool) -> list[Attack]:
    """Those named, also where the short form would leave them out; without names all that the form has."""
    if not names:
        return [each for each in ATTACKS if each.short or not short]
    try:
        return named(names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


async def _on_own(attacks: list[Attack], extent: Extent, directory: Path | None, results: list[AttackResult]) -> None:
    forget_settings()
    with own_directory(directory, "pacing-attack-") as place:
        await run_attacks(attacks, extent, place, complain, results)


def _show(results: list[AttackResult], output: Form, report: Path | None) -> None:
    rows = [result.as_dict() for result in results]
    if report is not None:
        report.write_text(json_text(rows, indent=2) + "\n", encoding="utf-8")
    held = sum(result.passed for result in results)
    left_out = sum(bool(result.left_out) for result in results)
    verdict = f"attack: {held} of {len(results) - left_out} attacks held"
    verdict += f", {left_out} left out" if left_out else ""
    print_listing(records(rows, [*map(line, results), verdict]), output)
