"""Sets single options in the text of the cluster's options and leaves every other character as it is.

The result is read again and compared with what it should say: text that cannot be changed safely is refused.
"""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from cluster.outside_text import valid_text, valid_tree
from pacing_node.options.cluster_options import MOST_VALUES, ClusterOptions
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.schema import section_of, spellings
from pacing_node.options.yaml_documents import parse_document
from pacing_node.options.yaml_places import Splice, end_of, line_break, line_end

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pacing_node.options.schema import Section
    from pacing_node.options.yaml_documents import Value

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_./+:-]*[A-Za-z0-9_./+-])?")
"""Texts that YAML reads as they are."""
SOURCE = "the change"


def with_options(text: str, values: Mapping[str, object]) -> str:
    """The text with these options in it; keys as in files, such as ``log.verbose``, values as JSON knows them.

    An option whose value is null is taken out, so that its default holds; where its line cannot go alone, the value
    null says the same.

    Raises:
        ConfigurationError: the text is no YAML, or cannot be changed without touching anything else.
    """
    for key, value in values.items():
        plain = _plain(value)
        # JSON and words of a command line can hold half of a surrogate pair, which no document can.
        if valid_tree({key: plain}) != {key: plain}:
            found = "a text with half of a surrogate pair"
            raise ConfigurationError((Problem(SOURCE, valid_text(key), found, "valid Unicode"),))
        text = _with_option(text, key, plain) if plain is not None else _without_option(text, key)
    return text


def _without_option(text: str, key: str) -> str:
    """The text without the line or lines of an option; with the value null where they hold more than it."""
    document = parse_document(text, "the options", MOST_VALUES)
    expected = copy.deepcopy(document.data)
    path, inside = [], expected
    for names in _steps(key):
        path.append(_spelt(inside, names))
        found = inside.get(path[-1])
        if found is None and path[-1] not in inside:
            return text  # it is not there
        within, inside = inside, found if isinstance(found, dict) else {}
    del within[path[-1]]
    splice = _removal(text, document.root, path)
    changed = splice.put_into(text) if splice is not None else text
    try:
        if splice is not None and parse_document(changed, SOURCE, MOST_VALUES).data == expected:
            return changed
    except ConfigurationError:
        pass  # something else stands on what was taken out
    return _with_option(text, key, None)


def _removal(text: str, root: yaml.MappingNode | None, path: Sequence[str]) -> Splice | None:
    """The lines of a key and its value; None where others share them, or where nothing would be left of its section."""
    node: yaml.Node | None = root
    for name in path[:-1]:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for key, value in pairs if key.value == name), None)
    if not isinstance(node, yaml.MappingNode) or node.flow_style or len(node.value) < 2:
        return None
    key, value = next(pair for pair in node.value if pair[0].value == path[-1])
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[start : key.start_mark.index].strip():
        return None
    return Splice(start, line_end(text, end_of(text, value)), "")


def _with_option(text: str, key: str, value: Value) -> str:
    document = parse_document(text, "the options", MOST_VALUES)
    steps = _steps(key)
    expected = copy.deepcopy(document.data)
    path = _set(expected, steps, value, key)
    splice = _splice(text, document.root, path, value)
    changed = splice.put_into(text) if splice is not None else ""
    try:
        unsafe = splice is None or parse_document(changed, SOURCE, MOST_VALUES).data != expected
    except ConfigurationError:
        unsafe = True
    if unsafe:
        found = "written in a way that cannot be changed safely"
        raise ConfigurationError((document.problem(path, found, "pacing config edit"),))
    return changed


def _steps(key: str) -> list[tuple[str, ...]]:
    """For each part of a key all spellings of it, the one that was given first."""
    model: type[Section] | None = ClusterOptions
    steps = []
    for part in key.split("."):
        if not part.strip():
            raise ConfigurationError((Problem(SOURCE, key, "an empty part", "keys joined by dots: log.verbose"),))
        table = spellings(model) if model is not None else {}
        name = table.get(part, "")
        steps.append((part, *(each for each, other in table.items() if other == name and each != part)))
        model = section_of(model.model_fields[name]) if model is not None and name else None
    return steps


def _set(data: dict[str, Value], steps: Sequence[tuple[str, ...]], value: Value, key: str) -> tuple[str, ...]:
    """Set a value in plain data; returns the path as the document spells it."""
    path = []
    for names in steps[:-1]:
        name = _spelt(data, names)
        path.append(name)
        below = data.get(name)
        if below is None:
            below = data[name] = {}
        if not isinstance(below, dict):
            raise ConfigurationError((Problem(SOURCE, key, f"{name} holds a single value", "a section of options"),))
        data = below
    path.append(_spelt(data, steps[-1]))
    data[path[-1]] = value
    return tuple(path)


def _spelt(data: Mapping[str, Value], names: tuple[str, ...]) -> str:
    return next((name for name in names if name in data), names[0])


def _splice(text: str, root: yaml.MappingNode | None, path: tuple[str, ...], value: Value) -> Splice | None:
    """What to put where; None where the text offers no safe place."""
    if root is None:
        return Splice(len(text), len(text), f"{line_break(text, len(text))}{_entry(path, value)}\n")
    node: yaml.MappingNode = root
    for at, name in enumerate(path):
        pair = next((pair for pair in node.value if pair[0].value == name), None)
        if pair is None:
            return _insertion(text, node, _entry(path[at:], value))
        rest = path[at + 1 :]
        if rest and isinstance(pair[1], yaml.MappingNode) and pair[1].value:
            node = pair[1]
            continue
        colon = text.find(":", pair[0].end_mark.index)
        end = end_of(text, pair[1])
        written = f"{{{_entry(rest, value)}}}" if rest else _written(value)
        return Splice(colon + 1, end, f" {written}") if 0 <= colon < end or colon + 1 == end else None
    return None


def _insertion(text: str, node: yaml.MappingNode, entry: str) -> Splice:
    """A further key at the end of a mapping."""
    if node.flow_style:
        at = end_of(text, node.value[-1][1]) if node.value else node.end_mark.index - 1
        return Splice(at, at, f", {entry}" if node.value else entry)
    at = line_end(text, end_of(text, node))
    return Splice(at, at, f"{line_break(text, at)}{' ' * node.start_mark.column}{entry}\n")


def _entry(path: Sequence[str], value: Value) -> str:
    """``a: {b: value}`` for the path a, b."""
    text = _written(value)
    for name in reversed(path[1:]):
        text = f"{{{_written(name)}: {text}}}"
    return f"{_written(path[0])}: {text}"


def _written(value: Value) -> str:
    """A value on one line: a plain word where that is safe, else as JSON, which is YAML."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in {"null", "Null", "NULL"}:
        return value
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> Value:
    """A value of JSON as documents hold it: numbers and truth values are text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return json.dumps(value)
