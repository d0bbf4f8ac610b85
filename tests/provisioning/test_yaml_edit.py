"""Definitions get into YAML text of every style, and every other character stays."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.provisioning.definitions import Definition, Kind, wanted
from pacing_node.provisioning.yaml_edit import YamlEditError, names_in, put

NEW = Definition(Kind.FILTER, "New", {"expression": 'PairExist("A: {x}", "# ü")'})
OLD = Definition(Kind.FILTER, "Old", {"expression": "fresh"})
ENTRY = {"name": "New", "expression": 'PairExist("A: {x}", "# ü")'}

TEXTS = {
    "empty": "",
    "comment only": "# nothing here\n",
    "start of a document": "---\n",
    "no key": "tenant: T\nagents: []\n",
    "no line break at the end": "tenant: T",
    "comment at the end": "tenant: T\n# the end\n",
    "key without a value": "filters:\ntenant: T\n",
    "key without a value at the end": "tenant: T\nfilters:",
    "key with a comment": "filters: # to come\ntenant: T\n",
    "null": "filters: null\ntenant: T\n",
    "empty list": "filters: []\ntenant: T\n",
    "flow list": "filters: [{name: Old, expression: a}] # here\ntenant: T\n",
    "flow list over lines": "filters: [\n  {name: Old, expression: a},\n]\ntenant: T\n",
    "block list": "filters:\n  - name: Old\n    expression: a # why\n  # behind\ntenant: T\n",
    "block list without indent": "filters:\n- {name: Old, expression: a}\n- name: Other\ntenant: T\n",
    "block list at the end": "tenant: T\nfilters:\n    - name: Old\n      expression: a",
    "block scalar": "filters:\n  - name: Old\n    expression: |\n      a\n      b\n\ntenant: T\n",
    "quoted": "filters:\n  - name: 'Old'\n    expression: \"a # no comment\" # a comment\ntenant: T\n",
    "document in flow style": '{"tenant": "T", "filters": [{"name": "Old"}]}\n',
    "document in flow style without key": '{"tenant": "T"}',
    "empty document in flow style": "{}\n",
    "end of a document": "tenant: T\n...\n",
    "line breaks of Windows": "tenant: T\r\nfilters:\r\n  - name: Old\r\n",
}


def load(text: str) -> dict[str, Any]:
    return yaml.safe_load(text) or {}


def _common(first: str, second: str) -> int:
    """Characters both begin with."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    return sum(1 for _ in same)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_definition_is_added_and_the_rest_stays(text: str) -> None:
    changed = put(text, [NEW])

    before = load(text)
    assert load(changed) == before | {"filters": [*(before.get("filters") or []), ENTRY]}
    # The new text is the old one with something put into it.
    head = _common(text, changed)
    tail = _common(text[head:][::-1], changed[head:][::-1])
    assert text[head : len(text) - tail] in {"", "null"}


@pytest.mark.parametrize("text", [text for text in TEXTS.values() if "Old" in text])
def test_a_definition_is_replaced_where_it_stands(text: str) -> None:
    changed = put(text, [OLD])

    before = load(text)
    filters = [{"name": "Old", "expression": "fresh"} if each["name"] == "Old" else each for each in before["filters"]]
    assert load(changed) == before | {"filters": filters}
    assert ("# here" in text) == ("# here" in changed)
    assert ("# behind" in text) == ("# behind" in changed)


@pytest.mark.parametrize("definition", [NEW, OLD])
def test_a_list_with_an_alias_is_refused_when_it_cannot_be_changed_safely(definition: Definition) -> None:
    text = "x: &a {name: Old, expression: b}\nfilters:\n  - *a\ntenant: T\n"

    with pytest.raises(YamlEditError, match="safely"):
        put(text, [definition])


def test_putting_twice_is_putting_once() -> None:
    once = put("tenant: T\n", wanted("StatServer"))

    assert put(once, wanted("StatServer")) == once


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filters: {a: b}\n", "something else than a list"),
        ("filters: text\n", "something else than a list"),
        ("- a\n", "something else than a mapping"),
        ("a: [\n", "not valid YAML"),
        ("a: b: c\n", "not valid YAML"),
    ],
)
def test_what_is_no_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(YamlEditError, match=message):
        put(text, [NEW])


def test_an_entry_without_a_name_is_refused_when_names_are_read() -> None:
    with pytest.raises(YamlEditError, match="without a name"):
        names_in("filters: [{x: y}]\n", Kind.FILTER)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
ENTRIES = st.lists(st.fixed_dictionaries({"name": NAMES, "expression": NAMES | st.just("a\nb\n")}), max_size=4)


@given(
    entries=ENTRIES,
    others=st.dictionaries(st.sampled_from(["tenant", "agents", "statistics"]), st.lists(NAMES, max_size=2)),
    style=st.sampled_from([True, False, None]),
    name=NAMES,
    tail=st.sampled_from(["", "\n# end\n", "\n\n"]),
)
def test_whatever_stands_there_the_result_says_what_it_should_or_nothing_is_changed(
    entries: list[dict[str, str]], others: dict[str, list[str]], style: bool | None, name: str, tail: str
) -> None:
    text = yaml.safe_dump(others | {"filters": entries}, default_flow_style=style, allow_unicode=True) + tail
    made = Definition(Kind.FILTER, name, {"expression": "new"})

    try:
        changed = load(put(text, [made]))
    except YamlEditError:
        return

    kept = [each for each in entries if each["name"] != name]
    assert [each for each in changed["filters"] if each["name"] != name] == kept
    assert {"name": name, "expression": "new"} in changed["filters"]
    assert {key: value for key, value in changed.items() if key != "filters"} == others
