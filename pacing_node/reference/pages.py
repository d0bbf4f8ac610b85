"""Brings the generated tables of the documentation up to date, or checks that they are.

Usage: python -m pacing_node.reference.pages [--check] [DIRECTORY]

Without a directory the pages in `docs` are meant. With --check nothing is written; prints one line per page that is not
up to date and exits with status 1 when there is one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pacing_node.reference import column_tables, event_tables, metric_tables, option_tables, word_tables
from pacing_node.reference.markdown import filled, names

PAGES = ("configuration.md", "reasons.md", "metrics.md", "log-events.md")
"""Pages with generated tables."""


def tables() -> dict[str, str]:
    """Every generated table by name."""
    made = (option_tables, word_tables, column_tables, metric_tables, event_tables)
    return {name: text for each in made for name, text in each.tables().items()}


def faults(directory: Path) -> list[str]:
    """What is wrong with the pages of a directory, one line each."""
    made, found, shown = tables(), [], set[str]()
    for page in PAGES:
        text = (directory / page).read_text()
        shown.update(names(text))
        if filled(text, made) != text:
            found.append(f"{directory / page}: not up to date; run: python -m pacing_node.reference.pages")
    found += [f"{directory}: no page shows the table {name}" for name in sorted(made.keys() - shown)]
    return found


def update(directory: Path) -> None:
    """Write the pages of a directory anew."""
    made = tables()
    for page in PAGES:
        file = directory / page
        file.write_text(filled(file.read_text(), made))


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Write the generated tables of pages, or see whether they are right.")
    parser.add_argument("places", nargs="*", type=Path, default=[Path("docs")], metavar="DIRECTORY")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 when a page would change")
    given = parser.parse_args(arguments)
    if not given.check:
        for place in given.places:
            update(place)
        return 0
    found = [line for place in given.places for line in faults(place)]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
