"""The forms in which a command prints its answer: tables for people; JSON, YAML and TSV for programs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from terminal.characters import json_text, visible, visible_line
from terminal.printing import complain, say
from terminal.tables import Column, lines_of, output_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Value = str | float | bool | None

DASH = "–"
"""Shown to people where there is no value; programs get an empty field."""


class Form(StrEnum):
    """Form of what a command prints."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    TSV = "tsv"


@dataclass(frozen=True, slots=True)
class Listing:
    """What a command has to say, before it is put into a form."""

    document: Any
    """The whole answer as JSON knows it: what JSON and YAML show."""
    columns: Sequence[Column] = ()
    rows: Sequence[Sequence[Value]] = ()
    """Values, not texts: each form writes them in its own way."""
    title: str = ""
    before: Sequence[str] = ()
    """Lines for people above the table."""
    after: Sequence[str] = ()
    """Lines for people below the table."""
    table: bool = True
    """False where people read the lines alone, and the rows are for TSV."""


def records(document: Sequence[Mapping[str, Any]], lines: Sequence[str], whole: Any = None) -> Listing:
    """Answers of the same keys that people read as lines, and programs as a row each; ``whole`` is the document."""
    names = list(document[0]) if document else []
    rows = [[_scalar(each.get(name)) for name in names] for each in document]
    columns = [Column(name) for name in names]
    return Listing(list(document) if whole is None else whole, columns, rows, after=lines, table=False)


def _scalar(value: Any) -> Value:
    return value if value is None or isinstance(value, str | int | float) else json_text(value, indent=None)


def print_listing(listing: Listing, form: Form) -> None:
    """Print a listing; with TSV the lines for people go to the standard error output."""
    say(text_of(listing, form), end="")
    if form is Form.TSV and listing.table:
        for line in (*listing.before, *listing.after):
            complain(line)


def text_of(listing: Listing, form: Form, width: int | None = None) -> str:
    """A listing in a form, with the line break at its end; ``width`` is that of the output unless given."""
    if form is Form.JSON:
        return json_text(listing.document) + "\n"
    if form is Form.YAML:
        return _yaml_text(listing.document)
    lines = _tsv(listing) if form is Form.TSV else _for_people(listing, form, width)
    return "".join(f"{line}\n" for line in lines)


def shown(value: Value, column: Column) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return DASH if value is None else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:,.{column.digits}f}{column.unit}"


def _for_people(listing: Listing, form: Form, width: int | None) -> Iterator[str]:
    yield from map(visible, listing.before)
    if listing.table:
        texts = [
            [shown(value, column) for value, column in zip(row, listing.columns, strict=True)] for row in listing.rows
        ]
        yield from lines_of(
            listing.title, listing.columns, texts, None if form is Form.WIDE else width or output_width()
        )
    yield from map(visible, listing.after)


def _tsv(listing: Listing) -> Iterator[str]:
    """A line of the columns' names, then a line for each row; no field holds a tab or a line break."""
    yield "\t".join(visible_line(column.name) for column in listing.columns)
    for row in listing.rows:
        yield "\t".join(map(_field, row))


def _field(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return visible_line(value)


def _yaml_text(document: Any) -> str:
    """A document as YAML. Characters that do not print are escapes, which YAML reads as JSON does."""
    import yaml  # noqa: PLC0415 - only this form needs it

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # libyaml where it is there
        """Writes text that does not print in double quotes, where escapes are understood."""

    def text(dumper: Any, value: str) -> Any:
        value = value.encode("utf-8", "backslashreplace").decode()  # YAML has no half of a surrogate pair
        odd = visible_line(value) != value
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if odd else None)

    Dumper.add_representer(str, text)
    Dumper.ignore_aliases = lambda *_: True
    return visible(yaml.dump(document, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=10_000))
