"""How commands end: exit statuses, and one line that says why."""

from __future__ import annotations

import typer

from terminal.printing import complain


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
    complain(f"pacing: {message}")
    return typer.Exit(code)
