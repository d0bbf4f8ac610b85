"""Characters that do not print are shown as escapes; everything else stays as it was written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.characters import json_text, visible, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Sales [b2b]", "Sales [b2b]"),
        ("Hotline [/nord]", "Hotline [/nord]"),
        ("[fd00::1]:7803", "[fd00::1]:7803"),
        ("Büro · 客服 – 3 %", "Büro · 客服 – 3 %"),
        ("a\x1b[31mb\x07", "a\\x1b[31mb\\x07"),
        ("a\x9b31mb\x7f", "a\\x9b31mb\\x7f"),
        ("VQ_Loans_\ud83d", "VQ_Loans_\\ud83d"),
        ("abc\u202edef\u200b", "abc\\u202edef\\u200b"),
        ("\U000e0001", "\\U000e0001"),
        ("no\u00a0break", "no\u00a0break"),
        ("two\nlines\tand", "two\nlines\tand"),
        ("\r", "\\x0d"),
    ],
)
def test_what_does_not_print_is_an_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_line_stays_one_line() -> None:
    assert visible_line("two\nlines\tand") == "two\\nlines\\tand"


ANY = st.text(st.characters(blacklist_categories=[]))


@given(ANY)
def test_no_text_orders_a_terminal_anything(text: str) -> None:
    shown = visible(text)

    shown.encode()
    assert all(each in "\n\t" or each.isprintable() or each.isspace() for each in shown)
    assert not any(each < " " and each not in "\n\t" for each in shown)


@given(st.recursive(ANY, lambda below: st.lists(below, max_size=3) | st.dictionaries(ANY, below, max_size=3)))
def test_json_means_the_same_and_prints(value: object) -> None:
    text = json_text(value)

    text.encode()
    assert json.loads(text) == value
    assert not any("\x7f" <= each <= "\x9f" or (each < " " and each != "\n") for each in text)


def test_json_keeps_letters_as_they_are() -> None:
    assert json_text({"name": "Büro [x]\x9b"}, indent=None) == '{"name": "Büro [x]\\u009b"}'
