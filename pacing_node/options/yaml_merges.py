"""Merge keys of YAML: which pairs a mapping has after every chain of merges was followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

MERGE = "tag:yaml.org,2002:merge"
"""Tag of the key ``<<``."""

Pair: TypeAlias = tuple[yaml.Node, yaml.Node]
"""A key and its value."""


def is_merge(key: yaml.Node) -> bool:
    """Whether a key is the merge key."""
    return bool(key.tag == MERGE)


def merged_mappings(value: yaml.Node) -> list[yaml.MappingNode] | None:
    """Mappings the value of a merge key names, the winning one first; None when it names something else."""
    items: list[yaml.Node] = value.value if isinstance(value, yaml.SequenceNode) else [value]
    mappings = [item for item in items if isinstance(item, yaml.MappingNode)]
    return mappings if len(mappings) == len(items) else None


def mappings_of(node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
    """The mapping itself, then every mapping it merges, directly or by the merges of those; what comes first wins.

    Each comes once: a second time it would bring nothing new, and a mapping that merges itself would never end.
    """
    waiting, seen = [node], set[int]()
    while waiting:
        mapping = waiting.pop()
        if id(mapping) in seen:
            continue
        seen.add(id(mapping))
        yield mapping
        merged = [item for key, value in mapping.value if is_merge(key) for item in merged_mappings(value) or ()]
        waiting += reversed(merged)


def effective_pairs(node: yaml.MappingNode) -> Iterator[Pair]:
    """Pairs of a mapping as they take effect: of two with the same key the first one counts."""
    for mapping in mappings_of(node):
        yield from (pair for pair in mapping.value if not is_merge(pair[0]))
