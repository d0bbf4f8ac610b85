"""Checks what import-linter does not: a file name occurs once in its package, and no modules import in a circle.

A circle through imports for type checking only, or inside a function, is a circle too. `rpc` packages are generated.
Commands (`pacing_node/cli`, and the module `cli.py` of a group of commands) are named after what they command.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cluster", "pacing_node", "simulator", "terminal")
EXEMPT_NAMES = {"__init__", "__main__", "cli"}
EXEMPT_FOLDERS = {"pacing_node/cli"}


def sources() -> dict[str, Path]:
    """Modules by dotted name, without generated ones."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if "rpc" not in file.parts]
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def same_names(modules: dict[str, Path]) -> list[str]:
    """File names that occur more than once in one of the packages."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in modules.values():
        place = file.relative_to(ROOT)
        if file.stem not in EXEMPT_NAMES and place.parent.as_posix() not in EXEMPT_FOLDERS:
            found[place.parts[0], file.stem].append(place.as_posix())
    return [f"{name}.py twice: {', '.join(sorted(places))}" for (_, name), places in found.items() if len(places) > 1]


def imports(module: str, file: Path, modules: dict[str, Path]) -> set[str]:
    """Modules of the project that a module imports, anywhere in it; a package only for what its __init__ defines."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                deeper if (deeper := f"{node.module}.{name.name}") in modules else node.module for name in node.names
            }
    return (found & set(modules)) - {module}


def circle(modules: dict[str, Path]) -> list[str]:
    """One circle of modules, if there is any."""
    try:
        TopologicalSorter({name: imports(name, file, modules) for name, file in modules.items()}).prepare()
    except CycleError as error:
        return [f"a circle of imports: {' -> '.join(reversed(error.args[1]))}"]
    return []


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    modules = sources()
    faults = same_names(modules) + circle(modules)
    print("\n".join([*faults, f"{len(modules)} modules, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
