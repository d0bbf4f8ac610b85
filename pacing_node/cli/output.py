"""How commands speak: one form for people or programs, printed once or watched."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pacing_node.cli.exits import ExitCode, held_back
from terminal import forms
from terminal.forms import Form, Listing
from terminal.tables import Column
from terminal.watching import watch

if TYPE_CHECKING:
    from collections.abc import Callable

Output = Form
"""Form of what a command prints."""
WATCH_SECONDS = 2.0
LEAST_WATCH_SECONDS = 0.2

OutputOption = Annotated[
    Output,
    typer.Option(
        "--output",
        "-o",
        help="A table for people, wide with every column; json, yaml or tsv (tab-separated) for programs.",
    ),
]
WatchOption = Annotated[
    float | None,
    typer.Option(
        "--watch",
        "-w",
        metavar="[SECONDS]",
        min=LEAST_WATCH_SECONDS,
        help=f"Ask again every so many seconds, {WATCH_SECONDS:g} unless given, until Ctrl-C.",
    ),
]


def show(make: Callable[[], Listing], output: Output, watched: float | None = None) -> None:
    """Print what ``make`` returns; with ``watched`` again and again, and a node that does not answer ends nothing."""
    if watched is None:
        forms.print_listing(make(), output)
        return

    def text() -> str:
        with held_back() as said:
            try:
                listing = make()
            except typer.Exit as ended:
                if ended.exit_code != ExitCode.UNREACHABLE:
                    raise
                return _unanswered(said, output)
        start = "---\n" if output is Form.YAML else ""
        return start + forms.text_of(listing, output)

    watch(text, watched)


def _unanswered(said: list[str], output: Output) -> str:
    """What a watch shows in place of an answer: a line for people, a document with ``error`` for programs."""
    message = "; ".join(said)
    if output in {Form.TABLE, Form.WIDE}:
        return f"{datetime.now(UTC):%H:%M:%S} UTC {message}\n"
    listing = Listing({"error": message}, [Column("error")], [[message]])
    return ("---\n" if output is Form.YAML else "") + forms.text_of(listing, output)


def columns(
    names: dict[str, str],
    right: frozenset[str] = frozenset(),
    optional: tuple[str, ...] = (),
    *,
    digits: dict[str, int] | None = None,
    units: dict[str, str] | None = None,
) -> list[Column]:
    """The columns of a table; those named in ``right`` are aligned to the right.

    On a narrow terminal columns named in ``optional`` are left out, the last one first.
    """
    place = {name: number for number, name in enumerate(optional, 1)}
    more, written = digits or {}, units or {}
    return [Column(name, name in right, place.get(name, 0), more.get(name, 0), written.get(name, "")) for name in names]


def utc(at: Any, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A moment in Unix seconds for people, by UTC; a dash without one, and what was found where it is no time."""
    if at is None:
        return "–"
    with suppress(TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(at, UTC).strftime(form)
    return f"no time: {str(at)[:40]}"


def moment(at: Any, form: str = "%Y-%m-%d %H:%M:%S") -> str | None:
    """The same for a row of a table, where None is written in each form's own way."""
    return None if at is None else utc(at, form)
