"""How commands speak: tables for people, JSON for programs, one line for an error; and how they ask a node."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import httpx
import typer

from terminal import tables
from terminal.printing import complain, say_json
from terminal.tables import Column

DEFAULT_URL = "http://127.0.0.1:8080"
REQUEST_SECONDS = 5.0


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


class Output(StrEnum):
    """Form of what a command prints."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="A table for people or JSON for programs.")]
UrlOption = Annotated[
    str, typer.Option("--url", envvar="PACING_URL", help="HTTP address of any node of the cluster; any node answers.")
]


def fail(message: str, code: int) -> typer.Exit:
    """Print one line to stderr and return the exception that ends the command with ``code``."""
    complain(f"pacing: {message}")
    return typer.Exit(code)


def ask(url: str, path: str) -> Any:
    """GET a JSON page of a node; ends the command with a clear line when there is no good answer."""
    address = url.rstrip("/") + path
    try:
        response = httpx.get(address, timeout=REQUEST_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise fail(f"no answer from {address}: {error}", ExitCode.UNREACHABLE) from None
    try:
        body = response.json()
    except ValueError:
        message = f"{address} answered {response.status_code}, not JSON: is it a pacing node?"
        raise fail(message, ExitCode.FAILED) from None
    if response.status_code != httpx.codes.OK:
        code = ExitCode.NOT_FOUND if response.status_code == httpx.codes.NOT_FOUND else ExitCode.FAILED
        raise fail(str(body.get("error", body)), code)
    return body


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
