"""`pacing node`: run one node until it is asked to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from cluster.descriptors import raise_limit
from cluster.errors import ClusterError
from cluster.process.signals import ignore_until_handled
from cluster.process.worker_pipe import Reporter
from pacing_node.logs import configure_logs
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.node_options import NodeOptions, describe_node_options, load_node_options
from pacing_node.runtime.core_dumps import forbid_core_dumps
from pacing_node.runtime.gc_freeze import freeze_all, uncollected
from terminal.examples import examples
from terminal.printing import complain, say

REFUSED = 2
"""Exit status when the configuration was refused."""
EXAMPLES = examples("pacing node --config /etc/pacing/node.yaml", "pacing node --config node.yaml --check")
FAILED = 1
"""Exit status when the node could not start."""


class _NodeCommand(TyperCommand):
    """Writes the list of options when somebody asks for help: a node that starts has no time for it."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the list at its end."""
        self.epilog = f"{EXAMPLES}\n\n{_option_help()}"
        super().format_help(ctx, formatter)


def register(app: typer.Typer) -> None:
    """Add the command of this module; its help lists every option of a node."""
    app.command("node", cls=_NodeCommand)(node)


def node(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="PACING_CONFIG", help="YAML file with the node's options.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Check the options and the files they name, and end.")] = False,
    supervise: Annotated[
        bool,
        typer.Option(help="Run under a small parent process that frees the mastership at once should the node die."),
    ] = True,
) -> None:
    """Run one node of the cluster until SIGTERM or SIGINT; the master hands over before it ends.

    SIGHUP has it read its certificates anew; SIGUSR1 and SIGUSR2 are logged and mean nothing.
    """
    del supervise  # pacing_node.cli.main has seen it: this is the process below the parent, or the only one
    ignore_until_handled()
    try:
        options = load_node_options(config)
    except ConfigurationError as error:
        complain(f"pacing node: {error}")
        raise typer.Exit(REFUSED) from None
    if check:
        _check(options)
        return
    forbid_core_dumps()
    configure_logs(options.log.level, options.log.format, options.name)
    raise_limit()
    try:
        status = _run(options, config)
    except (ClusterError, ConfigurationError, OSError) as error:
        complain(f"pacing node: {error}")
        raise typer.Exit(FAILED) from None
    raise typer.Exit(status)


def _check(options: NodeOptions) -> None:
    """Read what the options name as a start would; ends the command where that fails."""
    # Loaded here, as in _run.
    from pacing_node.assembly.named_files import check_named_files  # noqa: PLC0415 - see above

    try:
        check_named_files(options)
    except ClusterError as error:
        complain(f"pacing node: {error}")
        raise typer.Exit(REFUSED) from None
    say("the options of this node are well")


def _run(options: NodeOptions, config: Path | None) -> int:
    # Loaded here: help and check need none of it.
    with uncollected():
        from pacing_node.node_process import run_node  # noqa: PLC0415 - see above

        freeze_all()  # before collections go on: the first would walk over all of it

    reporter = Reporter.from_environment()
    if reporter is not None:
        reporter.notes({"level": options.log.level, "format": options.log.format, "node": options.name})
    return asyncio.run(run_node(options, config))


def _option_help() -> str:
    """Every option with its environment variable, default and meaning, one paragraph each."""
    lines = ["Options in the file, each also as an environment variable:"]
    for key, variable, allowed, default, meaning in describe_node_options():
        text = " ".join(meaning.split())
        lines.append(f"{key} ({variable}): {text} Allowed: {allowed}. Default: {default or 'none'}.")
    return "\n\n".join(lines)
