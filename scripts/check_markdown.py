"""Check Markdown pages: width of lines and of table cells, and whether relative links lead somewhere.

Usage: python scripts/check_markdown.py [PAGE ...]

Without pages every one that git knows is checked. Needs the standard library only. Prints one line per fault, as
``file:line: what is wrong``, and exits with status 1 when there is one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100
"""Most characters in a line; table rows are longer, as a row cannot be wrapped."""
CELL_WIDTH = 200
"""Most characters in a cell of a table; what needs more is text below the table."""

_LINK = re.compile(r"\]\(([^)]*?)(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(`+).*?\1")
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def faults(page: Path) -> Iterator[tuple[int, str]]:
    """Every fault of a page with its line, from 1."""
    for number, line, is_code in _lines(page):
        if line.lstrip().startswith("|") and not is_code:
            yield from ((number, fault) for fault in _wide_cells(line))
        elif len(line) > WIDTH and " " in line.strip():
            yield number, f"{len(line)} characters; allowed: {WIDTH}"
        if not is_code:
            targets = _LINK.findall(_CODE.sub("", line))
            yield from ((number, fault) for target in targets if (fault := _broken(page, target)))


def _lines(page: Path) -> Iterator[tuple[int, str, bool]]:
    """Lines of a page with their number, and whether they belong to a fenced block of code."""
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        opened = re.match(r"\s*(`{3,}|~{3,})", line)
        marks = opened.group(1) if opened else ""
        yield number, line, bool(fence or marks)
        if not fence:
            fence = marks
        elif marks.startswith(fence) and line.strip() == marks:
            fence = ""


def _wide_cells(row: str) -> Iterator[str]:
    for cell in re.split(r"(?<!\\)\|", row.strip().strip("|")):
        text = cell.strip()
        if len(text) > CELL_WIDTH:
            yield f"a table cell of {len(text)} characters ({text[:30]} …); allowed: {CELL_WIDTH}"


def _broken(page: Path, target: str) -> str:
    """Why a link leads nowhere; empty when it leads somewhere, or out of the repository."""
    if _REMOTE.match(target):
        return ""
    if re.search(r"\s", target):
        return f"link to {target}: a blank is written %20"
    path, _, anchor = target.partition("#")
    file = (page.parent / path if path else page).resolve()
    if not file.exists():
        return f"link to {target}: there is no such file"
    if anchor and file.suffix == ".md" and anchor not in _anchors(file):
        return f"link to {target}: {file.name} has no such heading"
    return ""


@cache
def _anchors(page: Path) -> frozenset[str]:
    """Anchors of a page, as the web view of a repository makes them from headings."""
    found: set[str] = set()
    for _, line, is_code in _lines(page):
        found.update(_ANCHOR.findall(line))
        heading = None if is_code else _HEADING.match(line)
        if heading:
            words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.group(1)).lower()
            name = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
            same = sum(each == name or bool(re.fullmatch(re.escape(name) + r"-\d+", each)) for each in found)
            found.add(f"{name}-{same}" if name in found else name)
    return frozenset(found)


def tracked_pages(folder: Path) -> list[Path]:
    """Markdown pages below a folder that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()
    return [folder / name for name in listed if (folder / name).exists()]


def main(arguments: list[str] | None = None) -> int:
    """Check the pages named, or all of the working directory; exit status 1 when there is a fault."""
    named = sys.argv[1:] if arguments is None else arguments
    here = Path.cwd()
    pages = [Path(each) for each in named] or tracked_pages(here)
    found = 0
    for page in pages:
        for number, fault in faults(page):
            found += 1
            print(f"{page.relative_to(here) if page.is_relative_to(here) else page}:{number}: {fault}")
    print(f"{len(pages)} pages, {found} faults" if found else f"{len(pages)} pages, no fault", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
