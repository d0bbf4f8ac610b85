"""Tables in Markdown, and the places of a page they go to."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
_WIDTH = 100
_CELL_WIDTH = 200
"""Most characters in a cell; what is longer goes on as text below the table. See scripts/check_markdown.py."""


def filled(page: str, tables: Mapping[str, str]) -> str:
    """A page with its tables made anew.

    Raises:
        KeyError: the page asks for a table that does not exist.
    """
    return _BLOCK.sub(lambda match: f"{match.group(1)}{tables[match.group('name')]}{match.group(3)}", page)


def names(page: str) -> list[str]:
    """Names of the tables a page asks for."""
    return [match.group("name") for match in _BLOCK.finditer(page)]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells that are too long go on as text below it."""
    lines, notes = [" | ".join(heads), " | ".join("---" for _ in heads)], []
    for row in rows:
        begun = [_beginning(cell.replace("``", "`")) for cell in row]
        lines.append(" | ".join(cell.replace("|", "\\|") for cell, _ in begun))
        notes += [f"{row[0]}, continued: {rest}" for _, rest in begun if rest]
    below = "".join("\n" + textwrap.fill(note, _WIDTH, break_on_hyphens=False) + "\n" for note in notes)
    return "".join(f"| {line} |\n" for line in lines) + below + ("\n" if notes else "")


def _beginning(text: str) -> tuple[str, str]:
    """The sentences that fit into a cell of a table, or else a part of the first one, and the rest."""
    if len(text) <= _CELL_WIDTH:
        return text, ""
    ends = (text.rfind(mark, 0, _CELL_WIDTH - 2) for mark in (". ", "; ", ", ", " "))
    end = next((each + 1 for each in ends if each > 0), _CELL_WIDTH - 2)
    return text[:end].rstrip() + " …", text[end:].lstrip()
