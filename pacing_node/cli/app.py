"""The command with all its groups, gathered through entry points."""

from __future__ import annotations

from importlib.metadata import entry_points, version
from typing import TYPE_CHECKING

import typer

from terminal.examples import examples
from terminal.printing import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.metadata import EntryPoint

GROUP = "pacing.commands"
"""Entry points of this group: name of a command, and ``register(app: typer.Typer) -> None`` of its module."""

EXAMPLES = examples("pacing list", "pacing top", "pacing explain 'Sales Chat - chat'", "pacing COMMAND --help")
OWN_PACKAGES = frozenset({"simulator"})
"""Packages an installation may leave out; their commands are then not offered."""


def build_app(command: str | None = None) -> typer.Typer:
    """Build the command; with the name of one of its commands only the module of that one is loaded."""
    app = empty_app()
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    wanted = [offered[command]] if command in offered else offered.values()
    for register in dict.fromkeys(filter(None, map(_load, sorted(wanted, key=lambda entry: entry.value)))):
        register(app)
    return app


def empty_app() -> typer.Typer:
    """The command without any of its commands."""
    app = typer.Typer(
        name="pacing",
        help="Agent pacing: how many visitors a website may invite to a chat or a call.",
        epilog=EXAMPLES,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def _load(entry: EntryPoint) -> Callable[[typer.Typer], None] | None:
    """The function that adds a command; None where its package is not installed."""
    try:
        register: Callable[[typer.Typer], None] = entry.load()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OWN_PACKAGES:
            return None
        raise
    return register


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"agent-pacing {version('agent-pacing')}")
        raise typer.Exit


def _root(
    show_version: bool = typer.Option(
        False, "--version", help="Show the version and end.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Agent pacing: how many visitors a website may invite to a chat or a call."""
    del show_version
