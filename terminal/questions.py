"""Questions to people before something is done that harms."""

from __future__ import annotations

import sys

from terminal.printing import complain


def at_a_terminal() -> bool:
    """Whether somebody sits there who can answer: both the input and the error output are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str) -> bool:
    """Ask on the error output, so that an answer for programs stays clean; only ``y`` or ``yes`` agrees."""
    complain(f"{question} [y/N] ", end="")
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}
