"""Checks that every exception from a security rule (ruff's S, which are Bandit's) says why in its own line.

`# noqa: S603 - the user's own editor`. Exceptions for whole folders stand in pyproject.toml, with their reasons.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cluster", "pacing_node", "simulator", "terminal", "scripts")
_EXCEPTION = re.compile(r"# noqa: (?P<rules>[A-Z0-9, ]*\bS\d{3}[A-Z0-9, ]*)(?P<rest>.*)$")
_BLANKET = re.compile(r"#\s*noqa\b(?!:)|ruff: noqa")


def faults(text: str) -> list[tuple[int, str]]:
    """Lines with an exception that has no reason, or that is for every rule."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        exception = _EXCEPTION.search(line)
        if exception and not re.match(r"\s*- \w.{3,}", exception["rest"]):
            found.append((number, f"{exception['rules'].strip()} without a reason; write `- why` behind it"))
        if _BLANKET.search(line) and "_BLANKET" not in line:
            found.append((number, "an exception for every rule; name the rule"))
    return found


def main() -> int:
    """Print every fault; 1 when there is one."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")) if "rpc" not in file.parts]
    lines = [
        f"{file.relative_to(ROOT)}:{number}: {fault}" for file in files for number, fault in faults(file.read_text())
    ]
    for line in lines:
        print(line)
    print(f"{len(files)} modules, {len(lines)} exceptions without a reason")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
