"""JSON from outside: what reading it may cost is bounded before it is read."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.outside_text import MOST_DEPTH, MOST_VALUES, check_json, load_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"1" + b"]" * depth


@given(VALUES, st.booleans())
def test_whatever_is_within_bounds_is_read_as_it_is(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    assert load_json(body) is not None or json.loads(body) is None
    long = b"[" + b"[]," * (MOST_DEPTH + 1) + body + b"]"
    assert load_json(long)[-1] == load_json(body)


@given(st.text(alphabet='[]{}",\\a', max_size=30))
def test_brackets_in_texts_do_not_count(text: str) -> None:
    body = json.dumps([text] * (MOST_DEPTH + 1)).encode()
    check_json(body)
    too_deep = body[:-1] + b"," + nested(MOST_DEPTH) + b"]"
    with pytest.raises(ValueError, match=f"nested deeper than {MOST_DEPTH}"):
        check_json(too_deep)


@pytest.mark.parametrize(
    "body",
    [
        nested(MOST_DEPTH + 1),
        nested(100_000),
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'["]]]]",' * 100_000 + b"1" + b"]" * 100_000,
        nested(100_000).decode().encode("utf-16-le"),
        nested(100_000).decode().encode("utf-32"),
        b"[" * 100_000,
    ],
)
def test_deep_nesting_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=f"nested deeper than {MOST_DEPTH}"):
        load_json(body)


def test_the_deepest_that_is_allowed_is_read() -> None:
    assert str(load_json(nested(MOST_DEPTH))).count("[") == MOST_DEPTH


@pytest.mark.parametrize("piece", [b"1,", b"[],", b"{},", b"[[]],"])
def test_more_values_than_allowed_are_refused(piece: bytes) -> None:
    with pytest.raises(ValueError, match=f"more than {MOST_VALUES} values"):
        load_json(b"[" + piece * (MOST_VALUES + 1) + b"1]")


def test_a_number_with_a_million_digits_is_refused() -> None:
    with pytest.raises(ValueError, match="digit"):
        load_json(b"9" * 1_000_000)


def test_a_document_that_is_far_too_deep_is_seen_without_a_round_for_each_level() -> None:
    """Counted in passes over the document, not in time: 100 over 200 kB froze a node that asked often."""
    passes = 0

    def profile(_frame: object, event: str, called: object) -> None:
        nonlocal passes
        passes += event == "c_call" and getattr(called, "__name__", "") == "replace"

    body = b"[" * 100_000 + b"]" * 100_000
    sys.setprofile(profile)
    try:
        with pytest.raises(ValueError, match="nested deeper"):
            check_json(body)
    finally:
        sys.setprofile(None)
    assert 0 < passes < 10
