"""One answer in five forms: people read a table, programs get values; nothing from outside breaks any of them."""

from __future__ import annotations

import json
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from terminal.forms import Form, Listing, print_listing, records, text_of
from terminal.tables import Column

COLUMNS = (Column("name"), Column("n", right=True), Column("ratio", digits=2, unit=" s", optional=1), Column("held"))
LISTING = Listing(
    {"rows": [{"name": "Sales [b2b]", "n": 12345}]},
    COLUMNS,
    [["Sales [b2b]", 12345, 0.5, True], ["tab\there", None, None, False]],
    "two targets",
    before=["SILENT since 3"],
    after=["that is all"],
)


def test_people_read_a_table_between_its_lines() -> None:
    lines = text_of(LISTING, Form.TABLE, 80).splitlines()
    assert lines[:2] == ["SILENT since 3", "two targets"]
    assert lines[4].split() == ["Sales", "[b2b]", "12,345", "0.50", "s", "yes"]
    assert lines[5].split() == ["tab\\there", "–", "–", "no"]
    assert lines[-1] == "that is all"


def test_wide_shows_every_column_however_narrow_the_output() -> None:
    assert "not shown on 20 columns: ratio" in text_of(LISTING, Form.TABLE, 20)
    wide = text_of(LISTING, Form.WIDE, 20)
    assert "0.50 s" in wide
    assert "not shown" not in wide


def test_programs_get_values_that_nobody_has_rounded() -> None:
    assert text_of(LISTING, Form.TSV) == (
        "name\tn\tratio\theld\nSales [b2b]\t12345\t0.5\ttrue\ntab\\there\t\t\tfalse\n"
    )
    assert json.loads(text_of(LISTING, Form.JSON)) == LISTING.document
    assert yaml.safe_load(text_of(LISTING, Form.YAML)) == LISTING.document


def test_with_tsv_what_people_must_know_is_on_the_error_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_listing(LISTING, Form.TSV)
    said = capsys.readouterr()
    assert said.out.count("\n") == 3
    assert said.err == "SILENT since 3\nthat is all\n"


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_yaml_and_json_mean_the_same_and_hold_nothing_that_does_not_print(text: str) -> None:
    document = {"name": text, "list": [text, 1, None, True]}
    written = text_of(Listing(document), Form.YAML)
    assert all(each.isprintable() or each == "\n" or unicodedata.category(each) == "Zs" for each in written)
    if not any("\ud800" <= character <= "\udfff" for character in text):  # YAML has no half of a pair
        assert yaml.safe_load(written) == document


def test_records_are_lines_for_people_and_rows_for_programs() -> None:
    listing = records([{"drill": "kill", "gap": 0.25, "parts": {"a": 1}}], ["kill passed"])
    assert text_of(listing, Form.TABLE) == "kill passed\n"
    assert text_of(listing, Form.TSV) == 'drill\tgap\tparts\nkill\t0.25\t{"a": 1}\n'
