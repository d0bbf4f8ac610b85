"""Cluster options as text for people: as they were written, with the values of secrets covered."""

from __future__ import annotations

import re
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
_SECRET_KEY = re.compile("pass|secret|token|credential|private", re.IGNORECASE)
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


def _spans_by_key(model: type[Section], node: yaml.MappingNode) -> Iterator[tuple[int, int]]:
    """The same below keys that are no options: a misspelt one is refused, and may hold a secret all the same."""
    options = {
        each
        for name, info in model.model_fields.items()
        for each in (key_of(name, info).name, *key_of(name, info).others)
    }
    waiting = [(key, value) for key, value in effective_pairs(node) if str(key.value) not in options]
    seen = set[int]()
    while waiting:
        key, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, yaml.MappingNode):
            waiting += effective_pairs(value)
        elif isinstance(value, yaml.SequenceNode):
            waiting += ((key, item) for item in value.value)
        elif _SECRET_KEY.search(str(key.value)):
            yield value.start_mark.index, value.end_mark.index


def _secret_spans(model: type[Section], node: yaml.Node) -> Iterator[tuple[int, int]]:
    """Where the values of secret options start and end."""
    if not isinstance(node, yaml.MappingNode):
        return
    yield from _spans_by_key(model, node)
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
