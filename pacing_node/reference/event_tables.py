"""The table of log events, read from the sources: a name stands for one thing, wherever it is written.

The lines of a name have one level, and at least one field in common where all of them have fields. Every line also
has ``node``, ``timestamp``, ``level`` and ``logger``.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pacing_node.reference.markdown import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("cluster", "pacing_node")
_LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR", "exception": "ERROR"}
_NAME = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
_CHOSEN = frozenset({"level", "say", "write"})
"""Names of variables that are one of the log's methods: `say = log.info if done else log.warning`."""
_HELPERS = {
    "_log": ("WARNING", frozenset({"error"})),
    "_report": ("ERROR", frozenset({"problems", "version_in_force"})),
}
"""Methods that write an event whose name they are given."""
_TRACEBACK = frozenset({"exc_info"})


class AmbiguousEventError(Exception):
    """A name of an event stands for two things, or is no name."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One place that writes an event."""

    name: str
    level: str
    """Empty where the level depends on what has happened."""
    fields: frozenset[str]
    place: str


def tables() -> dict[str, str]:
    """The generated table by name, in Markdown. Raises AmbiguousEventError."""
    rows = [
        (
            f"`{name}`",
            " or ".join(sorted({each.level for each in places if each.level})) or "INFO or WARNING",
            _fields(places),
        )
        for name, places in sorted(by_name(logged_events(ROOT)).items())
    ]
    return {"events": table(("Event", "Level", "Fields"), rows)}


def by_name(found: Iterable[LoggedEvent]) -> dict[str, list[LoggedEvent]]:
    """The places of each name. Raises AmbiguousEventError."""
    names = defaultdict(list)
    for each in found:
        names[each.name].append(each)
    for name, places in names.items():
        where = ", ".join(each.place for each in places)
        if not _NAME.fullmatch(name):
            raise AmbiguousEventError(f"{where}: found the event {name!r}, allowed: words in small letters and a dot")
        if len({each.level for each in places if each.level}) > 1:
            raise AmbiguousEventError(f"{name} has several levels: {where}")
        if all(each.fields for each in places) and not frozenset.intersection(*(each.fields for each in places)):
            raise AmbiguousEventError(f"{name} stands for several things, no field is in all of them: {where}")
    return names


def logged_events(root: Path) -> Iterator[LoggedEvent]:
    """Every place in the sources that writes an event with a name of its own."""
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*.py")):
            yield from events_of(file.read_text(encoding="utf-8"), str(file.relative_to(root)))


def events_of(source: str, file: str) -> Iterator[LoggedEvent]:
    """The same of one module."""
    tree = ast.parse(source)
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = constants.get(node.args[0].id, node.args[0]) if isinstance(node.args[0], ast.Name) else node.args[0]
        how = _written(node.func)
        if how is not None and isinstance(name, ast.Constant) and isinstance(name.value, str):
            level, more = how
            if not _is_log(node.func) and not _NAME.fullmatch(name.value):
                continue  # another function of the same name
            fields = more | {each.arg for each in node.keywords if each.arg}
            yield LoggedEvent(name.value, level, frozenset(fields - _TRACEBACK), f"{file}:{node.lineno}")


def _is_log(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "log"


def _written(function: ast.expr) -> tuple[str, frozenset[str]] | None:
    """The level a call writes with, and fields beside those it is given; None for a call that writes no event."""
    match function:
        case ast.Attribute(ast.Name("log"), level) if level in _LEVELS:
            return _LEVELS[level], frozenset()
        case ast.Name(name) if name in _CHOSEN:
            return "", frozenset()
        case ast.Attribute(ast.Name("self"), name) if name in _HELPERS:
            return _HELPERS[name]
        case _:
            return None


def _fields(places: list[LoggedEvent]) -> str:
    """The fields of a name; in brackets what only some of its lines have."""
    everywhere = frozenset.intersection(*(each.fields for each in places))
    some = frozenset.union(*(each.fields for each in places)) - everywhere
    words = [*(f"`{field}`" for field in sorted(everywhere)), *(f"[`{field}`]" for field in sorted(some))]
    return ", ".join(words) or "–"
