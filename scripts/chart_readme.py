"""Write the table of values in the chart's README from the comments of values.yaml, or check that it is up to date.

Usage: python scripts/chart_readme.py [--check]

A comment `## @param KEY TEXT` describes a value, `## @section NAME` begins a part of the table. Prints one line for a
value without a description, description without a value, table that is old, and file that should be a link to deploy/,
and exits with status 1 when there is one. Without --check the README is written anew first.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pacing_node.reference.markdown import filled, table

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "agent-pacing"
SHARED = {"files/rules.yml": "deploy/prometheus/rules.yml", "files/dashboard.json": "deploy/grafana/agent-pacing.json"}
"""Files of the chart that have one source, outside it."""
_COMMENT = re.compile(r"^\s*## @(?P<kind>param|section) (?P<rest>.+)$", re.MULTILINE)


def described(text: str) -> dict[str, dict[str, str]]:
    """Texts by key, by section, in their order."""
    sections: dict[str, dict[str, str]] = {}
    for match in _COMMENT.finditer(text):
        if match["kind"] == "section":
            sections[match["rest"]] = {}
        else:
            key, _, meaning = match["rest"].partition(" ")
            sections[next(reversed(sections))][key] = meaning
    return sections


def default_of(values: dict[str, Any], key: str) -> Any:
    """The value of a dotted key. Raises KeyError."""
    found: Any = values
    for part in key.split("."):
        found = found[part]
    return found


def leaves(values: Any, known: set[str], prefix: str = "") -> Iterator[str]:
    """Keys of values, no further down than to one that is described."""
    for key, value in values.items():
        path = f"{prefix}{key}"
        if path in known or not isinstance(value, dict) or not value:
            yield path
        else:
            yield from leaves(value, known, f"{path}.")


def faults(text: str, values: dict[str, Any]) -> Iterator[str]:
    """Values without a description, and descriptions without a value."""
    known = {key for section in described(text).values() for key in section}
    found = set(leaves(values, known))
    yield from (f"values.yaml: {key}: no line `## @param {key}`" for key in sorted(found - known))
    yield from (f"values.yaml: `## @param {key}`: no such value" for key in sorted(known - found))


def made_table(text: str, values: dict[str, Any]) -> str:
    """The table of all values, a heading before each part."""
    parts = []
    for section, keys in described(text).items():
        rows = [(f"`{key}`", f"`{json.dumps(default_of(values, key))}`", meaning) for key, meaning in keys.items()]
        parts.append(f"\n### {section}\n\n{table(('Value', 'Default', 'Meaning'), rows)}")
    return "".join(parts) + "\n"


def copies() -> Iterator[str]:
    """Files of the chart that should be links to their only source and are not."""
    for name, source in SHARED.items():
        place = CHART / name
        if not place.is_symlink() or place.resolve() != (ROOT / source).resolve():
            yield f"{place.relative_to(ROOT)}: not a link to {source}"


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Write the chart's table of values, or see whether it is right.")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 when the page would change")
    check: bool = parser.parse_args(arguments).check
    text, readme = (CHART / "values.yaml").read_text(), CHART / "README.md"
    values = yaml.safe_load(text)
    found = [*faults(text, values), *copies()]
    page = readme.read_text()
    fresh = page if found else filled(page, {"values": made_table(text, values)})
    if not check:
        readme.write_text(fresh)
    elif fresh != page:
        found.append("helm/agent-pacing/README.md: not up to date; run: make chart-readme")
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
