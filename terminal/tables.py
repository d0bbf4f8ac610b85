"""Tables for people, drawn fast enough for tens of thousands of rows and narrow enough for the terminal.

Where a table is wider than the terminal, optional columns are left out first, the least important one before the
others; then the widest column is broken into several lines.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, chop_cells

from terminal.characters import visible_line
from terminal.printing import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 200
"""Width where the output is no terminal."""
LEAST_WIDTH = 12
"""Narrowest a column is broken to."""
_GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    right: bool = False
    """Aligned to the right."""
    optional: int = 0
    """0 for a column that always shows; of the others the one with the highest number is left out first."""
    digits: int = 0
    """Digits after the point of a number."""
    unit: str = ""
    """Written after a number, for people."""


def print_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None) -> None:
    """Print rows as a table; ``width`` is that of the terminal unless given."""
    say("\n".join(lines_of(title, columns, rows, width if width is not None else output_width())))


def output_width() -> int:
    """Characters in a line of the output."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else WIDTH


def lines_of(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """The lines of a table; without a width every column shows, as wide as its longest cell."""
    cells = [[column.name for column in columns], *([visible_line(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    kept = kept_columns(columns, widths, width) if width is not None else list(range(len(columns)))
    widths = [widths[at] for at in kept]
    widths = _broken(widths, width) if width is not None else widths
    right = [columns[at].right for at in kept]
    yield visible_line(title)
    for number, row in enumerate(cells):
        yield from _row([row[at] for at in kept], widths, right)
        if number == 0:
            yield _GAP.join("-" * each for each in widths)
    hidden = [column.name for at, column in enumerate(columns) if at not in kept]
    if hidden:
        yield f"not shown on {width} columns: {', '.join(hidden)}"


def kept_columns(columns: Sequence[Column], widths: Sequence[int], width: int) -> list[int]:
    """Which columns show, by their places."""
    kept = list(range(len(columns)))
    while _total([widths[at] for at in kept]) > width and any(columns[at].optional for at in kept):
        kept.remove(max(kept, key=lambda at: columns[at].optional))
    return kept


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * max(len(widths) - 1, 0)


def _broken(widths: list[int], width: int) -> list[int]:
    """Widths that fit: the widest column gives way, then the next."""
    while _total(widths) > width and max(widths) > LEAST_WIDTH:
        widest = widths.index(max(widths))
        others = sorted(widths)[-2] if len(widths) > 1 else LEAST_WIDTH
        least = max(LEAST_WIDTH, widths[widest] - (_total(widths) - width))
        widths[widest] = max(least, min(others, widths[widest] - 1))
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> Iterator[str]:
    """A row, on more than one line where a cell is longer than its column is wide."""
    parts = [
        [cell] if cell_len(cell) <= width else _wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)
    ]
    for line in range(max(map(len, parts))):
        texts = [part[line] if line < len(part) else "" for part in parts]
        yield _GAP.join(_padded(*each) for each in zip(texts, widths, right, strict=True)).rstrip()


def _wrapped(cell: str, width: int) -> list[str]:
    """A long cell in pieces, between words where there are some."""
    lines = [""]
    for word in cell.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            pieces = chop_cells(word, width) or [""]
            lines = [*(lines if lines[-1] else lines[:-1]), *pieces]
    return lines


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks
