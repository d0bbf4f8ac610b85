"""Names of log events: programs filter by them, so they have one form."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import cluster
import pacing_node

if TYPE_CHECKING:
    from collections.abc import Iterator

FORM = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
SOURCES = [path for package in (cluster, pacing_node) for path in Path(package.__file__).parent.rglob("*.py")]


def events() -> Iterator[tuple[str, str]]:
    """Every event that is logged under a literal name, with the place."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in METHODS
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "log"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield f"{path.name}:{node.lineno}", str(node.args[0].value)


def test_every_event_has_an_area_and_a_name_without_blanks() -> None:
    found = list(events())

    assert len(found) > 100
    assert [each for each in found if not FORM.fullmatch(each[1])] == []
