"""YAML documents: plain data, positions, and refusals that name the place."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacing_node.options.errors import ConfigurationError
from pacing_node.options.yaml_documents import YamlDocument, load_document, parse_document, release

if TYPE_CHECKING:
    from pathlib import Path

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that run tests are busy."""


def parse(content: str | bytes) -> YamlDocument:
    return parse_document(content, "f.yaml")


def refusal(content: str | bytes) -> ConfigurationError | None:
    try:
        parse(content)
    except ConfigurationError as error:
        return error
    return None


def problems_of(content: str | bytes) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_document(content, "f.yaml")
    return str(caught.value).splitlines()


def test_scalars_stay_the_text_that_was_written() -> None:
    document = parse_document(
        "{id: 007, version: 1.10, country: no, day: 2026-01-02, quoted: 'null', empty: }", "f.yaml"
    )

    assert document.data == {
        "id": "007",
        "version": "1.10",
        "country": "no",
        "day": "2026-01-02",
        "quoted": "null",
        "empty": None,
    }


def test_an_empty_document_is_an_empty_mapping() -> None:
    assert [parse_document(text, "f.yaml").data for text in ("", "# nothing\n", "~")] == [{}, {}, {}]


def test_positions_are_those_of_keys_and_list_items() -> None:
    document = parse_document("a:\n  b:\n    - x: 1\n    - y: 2\n", "f.yaml")

    assert str(document.problem(("a", "b", 1, "y"), "2", "3")) == "f.yaml:4:7: a.b[1].y: found 2; allowed: 3"
    assert str(document.problem(("a", "b", 1), "2", "3")) == "f.yaml:4:7: a.b[1]: found 2; allowed: 3"
    assert str(document.problem(("a", "missing"), "nothing", "3")) == "f.yaml:1:1: a.missing: found nothing; allowed: 3"


def test_anchors_aliases_and_merge_keys_work() -> None:
    document = parse_document(
        "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nboth: {<<: [{x: 5}, *b]}\nagain: *b\n", "f.yaml"
    )

    assert document.data["use"] == {"y": "3", "x": "1"}
    assert document.data["both"] == {"x": "5", "y": "2"}
    assert document.data["again"] == {"x": "1", "y": "2"}
    position = document.position(("use", "x"))
    assert position is not None
    assert position.line == 1


def test_every_key_given_twice_is_refused_with_both_lines() -> None:
    assert problems_of("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n") == [
        "f.yaml:4:3: b.c: found the key again (first in line 3); allowed: it once",
        "f.yaml:5:1: a: found the key again (first in line 1); allowed: it once",
    ]


QUOTE = "allowed: plain text, in quotation marks where it begins with !"
SYNTAX = (
    "f.yaml:2:1: found a syntax error: while parsing a flow sequence did not find expected ',' or ']'; "
    "allowed: valid YAML"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a\n- b", "f.yaml:1:1: found a list; allowed: a mapping of keys to values"),
        ("just text", "f.yaml:1:1: found a single value; allowed: a mapping of keys to values"),
        ("a: !!binary aGk=", "f.yaml:1:4: a: found a tag; " + QUOTE),
        ("a: !run x", "f.yaml:1:4: a: found a tag; " + QUOTE),
        ("? [a]\n: b", "f.yaml:1:3: found a list as a key; allowed: text as a key"),
        ("a: [b", SYNTAX),
        (b"a: \xff", "f.yaml:1:4: found a byte that is not UTF-8; allowed: UTF-8 text"),
        ("a: ä\nb: ü\nü: ".encode() + b"\xfc", "f.yaml:3:4: found a byte that is not UTF-8; allowed: UTF-8 text"),
        ("a: \x00", "f.yaml:1:4: found a character YAML does not allow (U+0000); allowed: valid YAML"),
        ("a: 1\nb: \x07", "f.yaml:2:4: found a character YAML does not allow (U+0007); allowed: valid YAML"),
        ("a: &x [*x]", "f.yaml:1:4: a[0][0]: found too much nesting; allowed: 24 levels and 5000000 values"),
        ("[" * 500, "f.yaml:1:26: found a syntax error: more than 24 levels; allowed: valid YAML"),
    ],
)  # fmt: skip
def test_what_is_not_a_plain_mapping_is_refused(content: str | bytes, message: str) -> None:
    assert problems_of(content) == [message]


def test_a_document_that_is_far_too_deep_is_refused_as_one() -> None:
    (problem,) = problems_of("[" * 100_000)
    assert problem.endswith(": found a syntax error: more than 24 levels; allowed: valid YAML")


def test_a_syntax_error_never_quotes_the_text_around_it() -> None:
    assert "hush" not in "".join(problems_of("password: hush: hush\n"))


MERGES = [
    # A mapping merged by a mapping that is merged.
    ("b: {x: 1, y: 2}", "m: {<<: *b, y: 3}", "z: 4", {"x": "1", "y": "3", "z": "4"}),
    ("b: {x: 1}", "m: {y: 2}", "<<: [*m, *b], x: 5", {"x": "5", "y": "2"}),
    # The first of a list wins with all it merges itself.
    ("b: {x: 1}", "m: {<<: *b}", "<<: [*m, {x: 2, y: 3}]", {"x": "1", "y": "3"}),
    ("b: {x: 1}", "m: {<<: [{y: 2}, *b]}", "<<: {<<: {<<: *m}}", {"x": "1", "y": "2"}),
]


@pytest.mark.parametrize(("base", "middle", "last", "expected"), MERGES)
def test_merges_of_merges_are_followed(base: str, middle: str, last: str, expected: dict[str, str]) -> None:
    text = f"{base}\n{middle}\nuse: {{<<: *m, {last}}}\n" if "<<" not in last else f"{base}\n{middle}\nuse: {{{last}}}"
    text = text.replace("b: {", "b: &b {", 1).replace("m: {", "m: &m {", 1)

    document = parse(text)

    assert document.data["use"] == expected
    assert all(document.position(("use", key)) != document.position(("use",)) for key in expected)


def test_a_chain_of_merges_may_be_long() -> None:
    chain = "".join(f"k{n}: &k{n} {{<<: *k{n - 1}, v{n % 7}: '{n}'}}\n" for n in range(1, 400))

    assert parse("k0: &k0 {first: '0'}\n" + chain).data["k399"] == {
        "first": "0", **{f"v{n % 7}": str(n) for n in range(393, 400)}
    }  # fmt: skip


def test_a_mapping_that_merges_itself_ends() -> None:
    assert parse("a: &a {<<: *a, x: 1}").data == {"a": {"x": "1"}}


def test_merges_beyond_any_use_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacing_node.options.yaml_documents.MAX_VALUES", 100)
    chain = "".join(f"k{n}: &k{n} {{<<: *k{n - 1}, x: '{n}'}}\n" for n in range(1, 40))

    assert "too much nesting" in problems_of("k0: &k0 {x: '0'}\n" + chain)[0]


MAPPINGS = "allowed: a mapping, or a list of mappings"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: {<<: text, x: 1}", f"f.yaml:1:9: a.<<: found a merge of something else; {MAPPINGS}"),
        ("a: {<<: [{y: 1}, text]}", f"f.yaml:1:9: a.<<: found a merge of something else; {MAPPINGS}"),
        ("a: {<<: {<<: [[]]}}", f"f.yaml:1:14: a.<<: found a merge of something else; {MAPPINGS}"),
        ("a: {<<: }", f"f.yaml:1:9: a.<<: found a merge of something else; {MAPPINGS}"),
        ("a: {<<: {y: 1, y: 2}}", "f.yaml:1:16: a.y: found the key again (first in line 1); allowed: it once"),
        ("a: {<<: {? [y] : 2}}", "f.yaml:1:12: a: found a list as a key; allowed: text as a key"),
    ],
)
def test_a_merge_that_would_lose_something_is_refused(content: str, message: str) -> None:
    assert problems_of(content) == [message]


def test_what_is_wrong_with_a_mapping_is_reported_once_however_often_it_is_merged() -> None:
    assert len(problems_of("a: &a {x: 1, x: 2}\nb: {<<: *a}\nc: {<<: *a}\n")) == 1


def test_a_text_over_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacing_node.options.yaml_documents.MAX_BYTES", 10)

    assert problems_of("a: 1234567890") == ["f.yaml: found 13 bytes; allowed: at most 10 bytes"]


def test_a_large_document_leaves_the_garbage_collector_as_it_was() -> None:
    large = "a:\n" + "  - some text of a list\n" * 20_000

    assert len(parse(large).data["a"] or "") == 20_000
    assert gc.isenabled()
    with pytest.raises(ConfigurationError):
        parse(large + "b: [")
    assert gc.isenabled()


def test_a_released_document_holds_no_item_any_more() -> None:
    document = parse_document(
        "tenant: t\nagents:\n" + "- name: a\n" * 1000 + "groups: &all [g]\nothers: *all\n", "f.yaml"
    )
    agents = document.data["agents"]
    release(document)
    assert (agents, document.data) == ([], {"tenant": "t", "agents": [], "groups": [], "others": []})
    assert document.root is not None
    assert [node.value for _, node in document.root.value] == ["t", [], [], []]
    without_text = YamlDocument("f", {"agents": ["a"], "tenant": None})
    release(without_text)
    assert without_text.data["agents"] == []


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"x\.yaml: found no such file or directory; allowed: a readable file"):
        load_document(tmp_path / "x.yaml", "x.yaml")


def test_a_file_over_the_size_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.touch()
    os.truncate(path, 65 * 1024 * 1024)

    with pytest.raises(ConfigurationError, match="found a file of 68157440 bytes; allowed: at most 67108864 bytes"):
        load_document(path)


@PATIENT
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@`?,.~<\n \t0\\", max_size=60) | st.text(max_size=40))
def test_no_text_ends_in_anything_but_data_or_problems(text: str) -> None:
    refused = refusal(text)

    assert refused is None or refused.problems


@PATIENT
@given(st.binary(max_size=60))
def test_no_bytes_end_in_anything_but_data_or_problems(content: bytes) -> None:
    refused = refusal(content)

    assert refused is None or refused.problems


KEYS = st.text(alphabet="abcde", min_size=1)
TREES = st.recursive(
    st.text(alphabet="abc:#- 1.é'\"", max_size=8),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(alphabet="abcde", min_size=1), below, max_size=3)
    ),
    max_leaves=12,
)


@PATIENT
@given(st.dictionaries(KEYS, TREES, max_size=4))
def test_a_tree_of_text_survives_being_written_and_read(tree: dict[str, object]) -> None:
    written = yaml.safe_dump(tree, default_style='"', allow_unicode=True)

    assert parse_document(written, "f.yaml").data == tree
