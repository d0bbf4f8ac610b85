"""Cluster options as text for people: as they were written, with the values of secrets covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from pydantic import SecretStr

from pacing_node.options.allowed import plain_type
from pacing_node.options.cluster_options import MOST_VALUES, ClusterOptions
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.schema import Section, key_of, section_of
from pacing_node.options.yaml_documents import parse_document
from pacing_node.options.yaml_merges import effective_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "********"
_HIDDEN = "(a text that is not valid YAML and may hold secrets)\n"


def masked(text: str) -> str:
    """The text with the values of all secret options replaced; nothing of it when it cannot be read."""
    try:
        root = parse_document(text, "", MOST_VALUES).root
    except ConfigurationError:
        return _HIDDEN
    if root is None:
        return text
    # Once each: an alias or a merge brings the same value to several places.
    for start, end in sorted(set(_secret_spans(ClusterOptions, root)), reverse=True):
        text = text[:start] + MASK + text[end:]
    return text


def _secret_spans(model: type[Section], node: yaml.Node) -> Iterator[tuple[int, int]]:
    """Where the values of secret options start and end."""
    if not isinstance(node, yaml.MappingNode):
        return
    for name, info in model.model_fields.items():
        names = (key_of(name, info).name, *key_of(name, info).others)
        section = section_of(info)
        secret = plain_type(info)[0] is SecretStr
        for key, value in effective_pairs(node):
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                if section is not None:
                    yield from _secret_spans(section, value)
                elif secret:
                    yield value.start_mark.index, value.end_mark.index
