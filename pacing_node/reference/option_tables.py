"""Tables of the options and findings for the documentation, made from the models themselves.

``python -m pacing_node.reference.option_tables docs/configuration.md`` brings the tables of a page up to date.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from pacing_node.discovery.remedies import REMEDIES
from pacing_node.options.cluster_options import cluster_option_list
from pacing_node.options.environment import variable
from pacing_node.options.node_options import node_option_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
_WIDTH = 100
_CELL_WIDTH = 200
"""Most characters in a cell; what is longer goes on as text below the table. See scripts/check_markdown.py."""


def tables() -> dict[str, str]:
    """Every generated table by name, in Markdown."""
    made = {"node-options": _node_table(), "findings": _findings_table()}
    sections = dict.fromkeys(option.key[0] if len(option.key) > 1 else "general" for option in cluster_option_list())
    for section in sections:
        made["cluster-" + section.lower()] = _section_table(section)
    return made


def updated(page: str) -> str:
    """A page with its tables made anew.

    Raises:
        KeyError: the page asks for a table that does not exist.
    """
    known = tables()
    return _BLOCK.sub(lambda match: f"{match.group(1)}{known[match.group('name')]}{match.group(3)}", page)


def _node_table() -> str:
    rows = [
        (f"`{'.'.join(option.key)}`", f"`{variable(option)}`", option.allowed, _code(option.default), option.meaning)
        for option in node_option_list()
    ]
    return _table(("Key", "Variable", "Allowed", "Default", "Meaning"), rows)


def _section_table(section: str) -> str:
    rows = [
        (
            f"`{'.'.join(option.key[1:] or option.key)}`" + "".join(f", `{other}`" for other in option.others),
            option.allowed,
            _code(option.default),
            option.applies.value,
            option.meaning,
        )
        for option in cluster_option_list()
        if (option.key[0] == section and len(option.key) > 1) or (section == "general" and len(option.key) == 1)
    ]
    return _table(("Option", "Allowed", "Default", "Change", "Meaning"), rows)


def _findings_table() -> str:
    rows = [(f"`{code}`", item.severity, item.meaning, item.remedy) for code, item in REMEDIES.items()]
    return _table(("Finding", "Severity", "Meaning", "What to do"), rows)


def _code(default: str) -> str:
    return default if default in {"", "required", "the host's name"} else f"`{default}`"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
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


if __name__ == "__main__":
    for name in sys.argv[1:]:
        file = Path(name)
        file.write_text(updated(file.read_text()))
