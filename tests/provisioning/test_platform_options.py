"""An application's options, whatever stands in them: read whole or refused, changed in nothing but what is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacing_node.objects.platform_reply import PlatformError, read_reply
from pacing_node.provisioning.definitions import Kind, wanted
from pacing_node.provisioning.gws_objects import defined_in, hidden_in, read_options, with_definitions, written_as

DEFINITIONS = [item for item in wanted("StatServer") if item.kind is not Kind.ALARM_CONDITION]
NAMES = st.sampled_from(["Filters", "PACS_VQ_Current", "server", "TimeZones", ""])
TEXTS = st.text(max_size=6)
SECTIONS = st.dictionaries(NAMES, st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=4)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "value", "options"]) | TEXTS, inner)
    ),
    max_leaves=8,
)


@given(ANYTHING)
@settings(max_examples=300)
def test_options_of_any_form_are_read_or_refused(value: Any) -> None:
    options = read_options({"options": value})

    if options is not None:
        changed = with_definitions(options, DEFINITIONS)
        assert defined_in(changed, DEFINITIONS) == {item.identity for item in DEFINITIONS}
        assert read_options({"options": written_as(changed, value)}) == changed


@given(SECTIONS)
def test_nothing_but_the_definitions_changes(options: dict[str, dict[str, str]]) -> None:
    changed = with_definitions(options, DEFINITIONS)

    ours = {item.name for item in DEFINITIONS}
    rest = {
        name: {key: value for key, value in entries.items() if key not in ours} if name == "Filters" else entries
        for name, entries in changed.items()
        if name not in ours
    }
    before = {name: entries for name, entries in options.items() if name not in ours}
    assert rest == {"Filters": {}} | before
    assert with_definitions(changed, DEFINITIONS) == changed


@given(SECTIONS)
def test_both_notations_say_the_same(options: dict[str, dict[str, str]]) -> None:
    assert read_options({"options": written_as(options, [])}) == options
    assert read_options({"options": written_as(options, {})}) == options


def test_values_the_server_hides_are_noticed() -> None:
    assert hidden_in({"db": {"password": "****", "user": "u", "note": "**"}}) == ("db/password",)


@given(st.integers(100, 599), st.binary(max_size=60) | st.sampled_from([b"{}", b'{"statusCode": "0"}', b"[" * 5000]))
@settings(max_examples=300)
def test_every_reply_is_a_document_or_a_failure_in_words(status: int, body: bytes) -> None:
    try:
        document = read_reply("GET /x", status, body)
    except PlatformError as error:
        words = str(error)
        assert words.startswith("GET /x: HTTP ")
        assert words.isprintable()
    else:
        assert 200 <= status < 300
        assert str(document["statusCode"]) == "0"


@pytest.mark.parametrize("code", [0, "0"])
def test_numbers_may_be_text(code: object) -> None:
    body = f'{{"statusCode": {code if isinstance(code, int) else chr(34) + str(code) + chr(34)}}}'.encode()
    assert read_reply("GET /x", 200, body)["statusCode"] == code
