"""`pacing doctor`: what is wrong with a node's options and surroundings, and what to change."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from cluster.errors import ClusterError
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.output import Output, OutputOption, WatchOption, columns, show
from pacing_node.cli.watching_command import WatchingCommand
from pacing_node.doctor.diagnosis import Diagnosis, FindingSeverity, error, healthy, ok
from pacing_node.doctor.visit import Visit
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.node_options import load_node_options
from terminal.examples import examples
from terminal.forms import Listing

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = {
    "severity": "`error`: the node cannot do its work; `warning`: it can, with a doubt; `ok`; `skipped`: not looked at",
    "check": "name of the check, for programs",
    "found": "what was found, and where",
    "allowed": "what would be well",
    "what to change": "what to do about it",
}
"""Columns of `pacing doctor`, with what they mean."""

AGAIN_SECONDS = 1.0
"""Between two looks at errors that may pass, such as a network policy that is not in force yet."""
EXAMPLES = examples("pacing doctor --config /etc/pacing/node.yaml", "pacing doctor -c node.yaml -o json")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("doctor", cls=WatchingCommand, epilog=EXAMPLES)(doctor)


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="PACING_CONFIG", help="YAML file with the node's options.")
    ] = None,
    patience: Annotated[
        float,
        typer.Option(min=0.0, max=3600.0, help="Seconds for which errors are looked at again before they are shown."),
    ] = 0.0,
    output: OutputOption = Output.TABLE,
    watch: WatchOption = None,
) -> None:
    """Check a node's options, ports, certificates and clock, its times against ZooKeeper's, and all it depends on.

    Run it where the node runs, before or while it does; nothing is changed and nothing is pushed. Exit status 0 when
    nothing must be changed, 1 otherwise; with --watch 0.
    """
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    if watch is not None:
        if patience:
            raise fail("--patience looks until all is well, and --watch until Ctrl-C: give one", ExitCode.USAGE)
        show(lambda: _listing(_diagnose(config)), output, watch)
        return
    until = time.monotonic() + patience
    while not healthy(diagnoses := _diagnose(config)) and time.monotonic() < until:
        time.sleep(AGAIN_SECONDS)
    show(lambda: _listing(diagnoses), output)
    raise typer.Exit(0 if healthy(diagnoses) else ExitCode.FAILED)


def _diagnose(config: Path | None) -> list[Diagnosis]:
    try:
        options = load_node_options(config)
    except ConfigurationError as failure:
        return [
            error("options.node", str(problem), "options that can be used", "correct what is named")
            for problem in failure.problems
        ]
    try:
        found = asyncio.run(Visit(options).run())
    except ClusterError as failure:
        return [error("options.node", str(failure), "options within their bounds", "correct what is named")]
    return [ok("options.node", str(config) if config else "from the environment"), *found]


def _listing(diagnoses: Sequence[Diagnosis]) -> Listing:
    rows = [[each.severity.value, each.check, each.found, each.allowed, each.remedy] for each in diagnoses]
    counts = {severity: sum(each.severity is severity for each in diagnoses) for severity in FindingSeverity}
    errors, warnings = counts[FindingSeverity.ERROR], counts[FindingSeverity.WARNING]
    well, skipped = counts[FindingSeverity.OK], counts[FindingSeverity.SKIPPED]
    return Listing(
        [diagnosis.as_dict() for diagnosis in diagnoses],
        columns(COLUMNS),
        rows,
        "what the doctor found",
        after=[f"{errors} errors, {warnings} warnings, {well} well, {skipped} not looked at"],
    )
