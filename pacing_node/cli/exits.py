"""How commands end: exit statuses, and one line that says why."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated

import typer

from terminal.printing import complain
from terminal.questions import agreed, at_a_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before it is done.")]
"""Of commands that do harm, and ask first where somebody sits at a terminal."""

_kept: ContextVar[list[str] | None] = ContextVar("kept_complaints", default=None)


class ExitCode:
    """Exit statuses of every command, besides 0."""

    USAGE = 2
    """Wrong usage, or a configuration that was refused."""
    FAILED = 1
    """What was asked for was not done."""
    UNREACHABLE = 3
    """No answer from the node."""
    NOT_FOUND = 4
    """The node answered that there is no such thing."""


def fail(message: str, code: int) -> typer.Exit:
    """Print one line to stderr and return the exception that ends the command with ``code``."""
    kept = _kept.get()
    if kept is None:
        complain(f"pacing: {message}")
    else:
        kept.append(message)
    return typer.Exit(code)


@contextmanager
def held_back() -> Iterator[list[str]]:
    """Collect what :func:`fail` says instead of printing it; printed after all when the command ends there."""
    said: list[str] = []
    token = _kept.set(said)
    try:
        yield said
    except typer.Exit:
        for message in said:
            complain(f"pacing: {message}")
        raise
    finally:
        _kept.reset(token)


def ask_before(harm: str, *, yes: bool) -> None:
    """Ask whether something harmful is meant, where somebody sits at a terminal; a no ends the command.

    Programs are not asked: their input is no terminal.
    """
    if not yes and at_a_terminal() and not agreed(f"{harm} Go on?"):
        raise fail("nothing was changed", ExitCode.FAILED)
