"""What commands print: lines for people, documents, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from terminal.characters import json_text, visible, visible_line

STATUS_WIDTH = 79
"""Characters of a status line: it must not wrap, or it could not be drawn over."""


class _Status:
    """The status line of this process."""

    shown = False


def say(text: object = "", *, end: str = "\n") -> None:
    """Print text for people on the standard output."""
    _write(sys.stdout, visible(text) + end)


def complain(text: object, *, end: str = "\n") -> None:
    """Print what is wrong on the standard error output, in the place of a status line if there is one."""
    if _Status.shown:
        status_line("")
    _write(sys.stderr, visible(text) + end)


def status_line(text: str) -> None:
    """Show on a terminal what a command waits for, drawn over the previous such line; an empty text takes it away.

    It goes to the standard error output, and nowhere where that is no terminal.
    """
    if sys.stderr.isatty():
        _write(sys.stderr, f"\r\x1b[K{visible_line(text)[:STATUS_WIDTH]}")
        _Status.shown = bool(text)


def document(text: str) -> None:
    """Print a document: to a terminal as people may see it, anywhere else exactly as it is."""
    _write(sys.stdout, visible(text) if sys.stdout.isatty() else text)


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON for programs."""
    _write(sys.stdout, json_text(value, indent=indent) + "\n")


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
