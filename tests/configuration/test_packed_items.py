"""Items are packed and made anew as they were, with the places they stand at, and the digest follows the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as some

from pacing_node.objects.object_files import KINDS
from pacing_node.objects.packed_items import PackedDocument, PackedItems, PackedList
from pacing_node.options.yaml_documents import YamlDocument, parse_document

if TYPE_CHECKING:
    from pacing_node.options.yaml_documents import Value

VALUES = some.recursive(
    some.none() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = some.dictionaries(some.sampled_from(("tenant", *KINDS)), some.lists(VALUES, max_size=3) | VALUES)
LISTS = some.dictionaries(some.sampled_from(KINDS), some.lists(VALUES, max_size=2))


def packed(*documents: dict[str, Value]) -> PackedItems:
    files = [YamlDocument(f"{place}.yaml", data) for place, data in enumerate(documents)]
    return PackedItems([PackedDocument(each) for each in files], KINDS)


@given(DOCUMENTS, DOCUMENTS)
def test_every_item_comes_back_as_it_was(first: dict[str, Value], second: dict[str, Value]) -> None:
    items = packed(first, second)
    for kind in KINDS:
        lists = [(name, data.get(kind)) for name, data in (("0.yaml", first), ("1.yaml", second))]
        expected = [(name, 0, item) for name, values in lists if isinstance(values, list) for item in values]
        assert list(items.items(kind)) == expected


@given(LISTS, LISTS)
def test_the_digest_is_another_one_exactly_when_the_items_are(
    first: dict[str, Value], second: dict[str, Value]
) -> None:
    used = [[(kind, data.get(kind) or []) for kind in KINDS] for data in (first, second)]
    assert (packed(first).digest == packed(second).digest) == (repr(used[0]) == repr(used[1]))


def test_an_item_is_found_by_its_line() -> None:
    document = parse_document("agents:\n- user_name: a1\n\n- user_name: a2\nswitches: [{name: s1}]\n", "objects.yaml")
    items = PackedItems([PackedDocument(document)], KINDS)
    assert [(source, line) for source, line, _ in items.items("agents")] == [("objects.yaml", 2), ("objects.yaml", 4)]
    assert list(items.items("switches")) == [("objects.yaml", 5, {"name": "s1"})]


def test_a_long_list_comes_back_in_its_order() -> None:
    agents = PackedList("f.yaml")
    for line in range(5001):
        agents.add(line, {"user_name": f"a{line}"})
    whole: list[Value] = [{"user_name": f"a{line}"} for line in range(5001)]
    items = PackedItems([PackedDocument(YamlDocument("f.yaml", {"agents": None}), {"agents": agents})], KINDS)
    assert list(items.items("agents")) == [("f.yaml", line, value) for line, value in enumerate(whole)]
    assert items.digest == packed({"agents": whole}).digest
