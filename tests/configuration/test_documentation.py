"""The page on configuration says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pacing_node
from pacing_node.discovery.expressions import parse_expression
from pacing_node.discovery.remedies import REMEDIES
from pacing_node.reference.markdown import filled, table
from pacing_node.reference.option_tables import tables

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
CODE = Path(pacing_node.__file__).parent


def test_the_tables_of_the_page_are_up_to_date() -> None:
    page = PAGE.read_text()

    assert filled(page, tables()) == page, "run: python -m pacing_node.reference.pages"


def test_the_page_shows_everytable() -> None:
    shown = re.findall(r"<!-- table: ([a-z-]+) -->", PAGE.read_text())

    assert sorted(shown) == sorted(tables())


def test_a_table_nobody_makes_is_refused() -> None:
    with pytest.raises(KeyError):
        filled("<!-- table: nothing -->\n<!-- end of table -->", tables())


def test_every_kind_of_finding_is_explained_with_its_severity() -> None:
    made = set()
    for file in CODE.rglob("*.py"):
        made |= set(re.findall(r'(?:Finding|_report)\(\s*"(error|warning)",\s*"([a-z_]+)"', file.read_text()))

    assert made == {(remedy.severity, code) for code, remedy in REMEDIES.items()}


def test_the_scripts_shown_are_good() -> None:
    examples = PAGE.read_text().split("Examples:\n\n")[1].split("\n\n")[0].splitlines()

    assert len(examples) == 4
    for example in examples:
        parse_expression(example.strip())


@pytest.mark.parametrize("words", [["First one."] * 10 + ["Second one."] * 20, ["word"] * 100, ["x" * 500]])
def test_a_long_cell_goes_on_below_the_table_and_loses_nothing(words: list[str]) -> None:
    made = table(("Option", "Meaning"), [("`key`", " ".join(words)), ("`other`", "short")])

    rows, note = made.split("\n\n", 1)
    cell = rows.splitlines()[2].split(" | ")[1].removesuffix(" |")
    assert len(cell) <= 200
    assert cell.endswith(" …")
    assert note.startswith("`key`, continued: ")
    rest = note.removeprefix("`key`, continued: ")
    assert (cell.removesuffix(" …") + rest).replace(" ", "").replace("\n", "") == "".join(words).replace(" ", "")
