"""What commands print: lines for people, documents, JSON for programs."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from terminal.characters import json_text, visible


def say(text: object = "", *, end: str = "\n") -> None:
    """Print text for people on the standard output."""
    _write(sys.stdout, visible(text) + end)


def complain(text: object, *, end: str = "\n") -> None:
    """Print what is wrong on the standard error output."""
    _write(sys.stderr, visible(text) + end)


def document(text: str) -> None:
    """Print a document: to a terminal as people may see it, anywhere else exactly as it is."""
    _write(sys.stdout, visible(text) if sys.stdout.isatty() else text)


def say_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON for programs."""
    _write(sys.stdout, json_text(value, indent=indent) + "\n")


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
