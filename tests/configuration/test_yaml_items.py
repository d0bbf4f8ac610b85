"""A large document that is read item by item has the data, lines and refusals of one that is read as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pacing_node.options.errors import ConfigurationError
from pacing_node.options.plain_items import NOT_PLAIN, plain_item
from pacing_node.options.yaml_documents import parse_document
from pacing_node.options.yaml_items import OtherFormError, read_by_items

if TYPE_CHECKING:
    from pacing_node.options.yaml_documents import Value

KEYS = ("agents", "groups")
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that run tests are busy."""

Reading = tuple[list[tuple[str, Any]], dict[str, list[tuple[int | None, Any]]]]
"""Root keys with what is in them, in their order, and the items of the lists with their lines."""


def as_a_whole(content: bytes) -> Reading | None:
    try:
        document = parse_document(content, "f.yaml")
    except ConfigurationError:
        return None
    lists = {
        key: list(zip(document.item_lines(key), values, strict=True))
        for key in KEYS
        if isinstance(values := document.data.get(key), list)
    }
    return list(document.data.items()), lists


def by_items(content: bytes) -> Reading | None:
    found: dict[str, list[tuple[int | None, Any]]] = {}

    def take(key: str, line: int, value: Value) -> None:
        found.setdefault(key, []).append((line, value))

    try:
        document = read_by_items(content, "f.yaml", KEYS, take)
    except OtherFormError:
        return None
    for key in KEYS:
        values = document.data.get(key)
        if isinstance(values, list):
            found[key] = list(zip(document.item_lines(key), values, strict=True))
    data = {key: [value for _, value in found[key]] if key in found else value for key, value in document.data.items()}
    return list(data.items()), found


def same(text: str) -> Reading:
    """The reading by items, which must be that of the whole."""
    content = text.encode()
    found = by_items(content)
    assert found is not None
    assert found == as_a_whole(content)
    return found


def left_to_the_whole(text: str) -> bool:
    return by_items(text.encode()) is None


JSON_FORM = """\
---
# a site
tenant: T

agents:
- {"user_name": "a 1", "skills": {"Größe": 3, "b": "4"}, "enabled": true, "logins": ["1@s", "2@s"], "none": null}
# one who is away
- {"user_name":"a2","enabled":false,"flags":[true,[false]],"rate":-1.50e+3,"empty":{},"also":[],"": ""}

groups:

- {"name": "g", "agents": ["a 1", "a2"]}
other: [1, 2]
"""
BLOCK_FORM = """\
groups:
  - name: Group 1 - chat & more
    agents:
    - a1
    - 'a 2'
    - "#3"
    annex:
      pacing:
        media: chat
        optimizationGoal: '3'
      empty: {}
      nothing:
    also: []
    gone: null
    blank: ''
tenant: T
agents:
- user_name: a1
  skills:
    Größe: 3
- user_name: a2
"""


def test_items_in_the_form_of_json_are_read_with_their_lines() -> None:
    _, lists = same(JSON_FORM)
    assert [line for line, _ in lists["agents"]] == [6, 8]
    assert lists["agents"][0][1]["skills"] == {"Größe": "3", "b": "4"}
    assert [lists["agents"][at][1]["enabled"] for at in (0, 1)] == ["true", "false"]
    assert (lists["agents"][1][1]["rate"], lists["agents"][1][1]["flags"]) == ("-1.50e+3", ["true", ["false"]])


def test_items_in_the_form_of_lines_are_read_with_their_lines() -> None:
    _, lists = same(BLOCK_FORM)
    assert [line for line, _ in lists["groups"] + lists["agents"]] == [2, 18, 21]
    assert lists["groups"][0][1]["annex"] == {
        "pacing": {"media": "chat", "optimizationGoal": "3"},
        "empty": {},
        "nothing": None,
    }


@pytest.mark.parametrize(
    "item",
    [
        '{"a": 1, "b": [{"c": {}}, null, true, "x y", -1.5]}',
        '{"a":"b","c":[]}',
        '{"' + "k" * 900 + '": "' + "v" * 900 + '"}',
        "a: 1\n  b: c d\n  e: 'f: g'",
        'a:\n  - b\n  - "c"\n  d:\n      e: {}\n  f:',
    ],
)
def test_what_is_plain_is_read_without_the_parser(item: str) -> None:
    assert plain_item(item, 0) is not NOT_PLAIN
    assert same(f"agents:\n- {item}\n")[1]["agents"] == [(2, plain_item(item, 0))]


@pytest.mark.parametrize(
    "item",
    [
        '{"a": "\\n", "b": "\\/"}',
        '{"a": "b", # c\n  "d": "e"}',
        "{a: b, c: [d]}",
        '{"' + "k" * 1010 + '": 1}',
        "[" * 20 + "]" * 20,
        '{"a": ' + "[" * 18 + "]" * 18 + "}",
        "a: b # c",
        "a: b\n    c",
        "a: |\n    b\n\n    - c\n",
        'a: "b\n    c"',
        "a: !!str b",
        "a: {<<: {b: c}}",
        "<<: {b: c}\n  d: e",
        "a: http://b",
        "a: ~",
        "? a\n  : b",
        "a:  b",
        "a: b \n  c: d",
        "a:\n  - b: c",
        "- b",
        "b",
        "",
        "a\u00a0b: c",
    ],
)
def test_what_is_not_plain_is_read_by_the_parser(item: str) -> None:
    assert plain_item(item, 0) is NOT_PLAIN
    same(f"agents:\n- {item}\n- {{}}\ngroups:\n  - {{}}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tenant: T\n",
        '{"agents": [{"a": 1}]}',
        "agents:\n- {a: 1, a: 2}\n",
        "agents:\n- a: 1\n  a: 2\n",
        'agents:\n- {"a": 1, "a": 2}\n',
        "agents:\n- a: [b\n- c]\n",
        'agents:\n- a: "b\n- c"\n',
        "agents:\n- &x a\ngroups:\n- *x\n",
        "agents:\n- a: &x b\n  c: *x\n",
        "agents:\n- &x a\ngroups:\n- &x a\n",
        "agents:\n- a\n---\ngroups:\n- b\n",
        "agents:\n- a\n...\n- b\n",
        "agents:\n- a\nagents:\n- b\n",
        "agents: [a]\nagents:\n- b\n",
        "agents:\n  - a\n - b\n",
        "agents:\n  - a\n- b\n",
        "agents:\n  b\n",
        "agents:\n-\n  a: 1\n- b: 1\n",
        "agents:\n- a\r- b\n",
        "agents:\n- {}\n# a\u2028- b\n",
        "# a\u2028b: 1\nagents:\n- {}\n",
        "agents:\n# a\rb: 1\n- {}\n",
        'x: "y\nagents:\n- {}\nz"\n',
        "x: [y,\nagents:\n- {}\n]\n",
        "agents:\n- {}\n  x\n",
        "agents:\n- a: b\n    c: d\n",
        "agents:\n- a: b\n c: d\n",
        "agents:\n- \x00\n",
        "agents:\n- {}\n" + "".join(f"k{n}: 1\n" for n in range(1001)),
        "agents:\n" + " " * 30 + "- {}\n",
    ],
)
def test_any_other_form_is_left_to_the_reading_as_a_whole(text: str) -> None:
    assert left_to_the_whole(text)


def test_bytes_that_are_no_text_are_left_to_the_reading_as_a_whole() -> None:
    assert by_items(b'agents:\n- {"a": "\xff"}\n') is None


def test_too_many_values_are_left_to_the_reading_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacing_node.options.yaml_documents.MAX_VALUES", 1000)
    assert not left_to_the_whole("agents:\n" + '- {"a": [1, {"b": 2}]}\n' * 100)
    assert left_to_the_whole("agents:\n" + '- {"a": [1, {"b": 2}]}\n' * 250)
    assert left_to_the_whole("agents:\n" + "- a: b\n" * 501)
    assert not left_to_the_whole("agents:\n" + "- a: ~\n" * 200)
    assert left_to_the_whole("agents:\n" + "- a: ~\n" * 250)


@pytest.mark.parametrize("window", [1, 7, 100])
@pytest.mark.parametrize("text", [JSON_FORM, BLOCK_FORM])
def test_where_a_window_ends_makes_no_difference(text: str, window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = same(text)
    monkeypatch.setattr("pacing_node.options.yaml_items.WINDOW_BYTES", window)
    assert same(text) == expected


TEXTS = some.text(alphabet="ab1.:#-'\" é\\{}[],&*!<>|%@~", max_size=6) | some.sampled_from(
    ["null", "true", "1.10", "<<"]
)
TREES = some.recursive(
    TEXTS | some.none() | some.booleans() | some.integers() | some.floats(),
    lambda below: some.lists(below, max_size=3) | some.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)


def _dumped(**form: Any) -> Any:
    def dumped(value: object) -> str:
        text: str = yaml.safe_dump([value], allow_unicode=True, sort_keys=False, **form)
        return text

    return dumped


def _in_flow(value: object) -> str:
    text: str = yaml.safe_dump([value], allow_unicode=True, default_flow_style=True, width=12)
    return "- " + text.rstrip("\n").replace("\n", "\n  ") + "\n"


FORMS = [
    lambda value: f"- {json.dumps(value, ensure_ascii=False)}\n",
    lambda value: f"- {json.dumps(value)}\n",
    _dumped(),
    _dumped(indent=4),
    _dumped(width=10),
    _in_flow,
    _dumped(default_style='"'),
    _dumped(default_style="|"),
]
ITEMS = some.builds(lambda form, tree: form(tree), some.sampled_from(FORMS), TREES)
ODD_LINES = some.sampled_from(
    ["# c\n", "\n", "  # c\n", "x: 'y\n", "z'\n", "]\n", "- [\n", "groups:\n", "- &a b\n", "- *a\n"]
)


def _section(key: str, column: int, items: list[str], odd: list[str]) -> str:
    lines = "".join(items).split("\n")[:-1]
    return f"{key}\n" + "".join(f"{' ' * column}{line}\n" for line in lines) + "".join(odd)


SECTIONS = some.builds(
    _section,
    some.sampled_from(["agents:", "groups:", "tenant:", "agents: ", "others:"]),
    some.sampled_from([0, 0, 2, 3]),
    some.lists(ITEMS, max_size=4),
    some.just([]) | some.just([]) | some.lists(ODD_LINES, max_size=1),
)
DOCUMENTS = some.lists(SECTIONS, min_size=1, max_size=3, unique_by=lambda text: text.split(":")[0]).map("".join)
DAMAGE = some.tuples(some.floats(0, 1), some.integers(0, 3), some.text(alphabet="-:#'\"{}[], \n\ta&*|", max_size=2))


def damaged(text: str, damage: tuple[float, int, str]) -> str:
    place, gone, put = damage
    at = int(place * len(text))
    return text[:at] + put + text[at + gone :]


@PATIENT
@given(DOCUMENTS)
def test_what_is_read_by_items_is_what_is_read_as_a_whole(text: str) -> None:
    content = text.encode()
    assert by_items(content) in (None, as_a_whole(content))


@PATIENT
@given(DOCUMENTS, some.lists(DAMAGE, min_size=1, max_size=3))
def test_damage_is_seen_either_way(text: str, damages: list[tuple[float, int, str]]) -> None:
    for each in damages:
        text = damaged(text, each)
    content = text.encode()
    assert by_items(content) in (None, as_a_whole(content))
