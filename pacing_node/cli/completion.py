"""`pacing completion`: scripts for shells, and fast answers to what they ask."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pacing_node.cli.completion_request import COMPLETES
from terminal.examples import examples
from terminal.printing import document

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = examples(
    'eval "$(pacing completion bash)"',
    "pacing completion zsh > ~/.zfunc/_pacing",
    "pacing completion fish > ~/.config/fish/completions/pacing.fish",
)


class Shell(StrEnum):
    """Shells with a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("completion", epilog=EXAMPLES)(completion)


def completion(shell: Annotated[Shell, typer.Argument(help="The shell that shall complete commands.")]) -> None:
    """Print the script that completes commands and options in a shell."""
    # Loaded here: typer needs it for this command alone.
    from typer._completion_shared import get_completion_script  # noqa: PLC0415

    document(get_completion_script(prog_name="pacing", complete_var=COMPLETES, shell=shell.value) + "\n")


def answer_shell() -> None:
    """Answer a shell, and end: one command's module is loaded, or none while a name is being typed."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - only while words are completed

    from typer._completion_classes import completion_init  # noqa: PLC0415

    from pacing_node.cli.app import GROUP, build_app, empty_app  # noqa: PLC0415

    completion_init()  # typer does it by itself only where it installs its own scripts
    names = {entry.name for entry in entry_points(group=GROUP)}
    command = complete_name(os.environ)
    if command in names:
        build_app(command)(prog_name="pacing", complete_var=COMPLETES)
    app = empty_app()
    for name in sorted(names):
        app.command(name)(_nothing)
    app(prog_name="pacing", complete_var=COMPLETES)


def complete_name(given: Mapping[str, str]) -> str | None:
    """The command whose words are being typed; None while its name is."""
    line = given.get("COMP_WORDS") or given.get("_TYPER_COMPLETE_ARGS") or ""
    words = line.split()
    complete = len(words) > 2 or (len(words) == 2 and (line[-1].isspace() or given.get("COMP_CWORD", "") > "1"))
    return words[1] if complete else None


def _nothing() -> None:
    """See `pacing COMMAND --help`."""
