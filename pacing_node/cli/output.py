"""How commands speak: tables for people, JSON for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from terminal import tables
from terminal.printing import say_json
from terminal.tables import Column


class Output(StrEnum):
    """Form of what a command prints."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="A table for people or JSON for programs.")]


def print_json(value: Any) -> None:
    """Print a value as JSON for programs."""
    say_json(value)


def print_table(
    title: str,
    columns: list[str],
    rows: list[list[str]],
    right: frozenset[str] = frozenset(),
    optional: tuple[str, ...] = (),
) -> None:
    """Print rows as a table for people; columns named in ``right`` are aligned to the right.

    On a narrow terminal columns named in ``optional`` are left out, the last one first.
    """
    place = {name: number for number, name in enumerate(optional, 1)}
    tables.print_table(title, [Column(name, name in right, place.get(name, 0)) for name in columns], rows)


def utc(at: Any, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment in Unix seconds for people, by UTC; a dash without one, and what was found where it is no time."""
    if at is None:
        return "–"
    try:
        return datetime.fromtimestamp(at, UTC).strftime(form)
    except (TypeError, ValueError, OverflowError, OSError):
        return f"no time: {str(at)[:40]}"


def number(value: float | None, digits: int = 0, missing: str = "–") -> str:
    """A number for people; a dash where there is none."""
    return missing if value is None else f"{value:,.{digits}f}"
