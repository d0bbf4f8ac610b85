"""Changes lists of definitions in YAML text and leaves every other character as it is, comments included.

A list may be missing, empty, in block style or in flow style, in a document of either style. The result is read again
and compared with what it should be: text that cannot be changed safely is refused, never damaged.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from pacing_node.options.yaml_places import Splice, end_of, line_break, line_end

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pacing_node.provisioning.definitions import Definition, Kind

_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlEditError(Exception):
    """The text cannot be changed; says why."""


def names_in(text: str, kind: Kind) -> frozenset[str]:
    """Names in the list of one kind. Raises YamlEditError when there is something else than a list of objects."""
    names = set()
    for entry in _entries(_load(text), kind):
        if not isinstance(entry, dict) or "name" not in entry:
            raise YamlEditError(f"{kind.value}: found an entry without a name; allowed: objects with a name")
        names.add(str(entry["name"]))
    return frozenset(names)


def put(text: str, definitions: Iterable[Definition]) -> str:
    """The text with these definitions in it; those of the same name are replaced in their place.

    Raises YamlEditError when that cannot be done without touching anything else.
    """
    for definition in definitions:
        expected = _expected(text, definition)
        changed = _put_one(text, definition)
        try:
            result = yaml.load(changed, Loader=_LOADER)  # noqa: S506 - a safe loader, the fast one where there is one
        except yaml.YAMLError:
            result = None
        if result != expected:
            raise YamlEditError(f"{definition.kind.value}: the list is written in a way that cannot be changed safely")
        text = changed
    return text


def _load(text: str) -> dict[str, Any]:
    try:
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise YamlEditError(f"not valid YAML: {getattr(error, 'problem', None) or 'a syntax error'}") from None
    if data is not None and not isinstance(data, dict):
        raise YamlEditError("found something else than a mapping of kinds to lists")
    return data or {}


def _entries(data: dict[str, Any], kind: Kind) -> list[Any]:
    entries = data.get(kind.value)
    if entries is not None and not isinstance(entries, list):
        raise YamlEditError(f"{kind.value}: found something else than a list")
    return entries or []


def _entry(definition: Definition) -> dict[str, str]:
    return {"name": definition.name, **definition.fields}


def _expected(text: str, definition: Definition) -> dict[str, Any]:
    """What the changed text should say."""
    data = _load(text)
    entries, entry = _entries(data, definition.kind), _entry(definition)
    place = _place(entries, definition.name)
    changed = [*entries, entry] if place is None else [*entries[:place], entry, *entries[place + 1 :]]
    return data | {definition.kind.value: changed}


def _place(entries: list[Any], name: str) -> int | None:
    found = (at for at, entry in enumerate(entries) if isinstance(entry, dict) and str(entry.get("name")) == name)
    return next(found, None)


def _put_one(text: str, definition: Definition) -> str:
    root = yaml.compose(text, Loader=_LOADER)
    flow = json.dumps(_entry(definition), ensure_ascii=False)
    if not isinstance(root, yaml.MappingNode):
        return f"{text}{_newline(text)}{definition.kind.value}:\n  - {flow}\n"
    splice = _splice(text, root, definition, flow)
    return splice.put_into(text)


def _splice(text: str, root: yaml.MappingNode, definition: Definition, flow: str) -> Splice:
    key = definition.kind.value
    value = next((value for name, value in root.value if name.value == key), None)
    if value is None:
        return _append_key(text, root, key, flow)
    if not isinstance(value, yaml.SequenceNode):
        # A key without a value: the list goes behind its colon.
        at = value.start_mark.index
        return Splice(at, value.end_mark.index, f" [{flow}]" if at and text[at - 1] == ":" else f"[{flow}]")
    place = _place(_entries(_load(text), definition.kind), definition.name)
    if place is not None:
        item = value.value[place]
        return Splice(item.start_mark.index, end_of(text, item), flow)
    if value.flow_style:
        at = _last_content(text, value.value[-1] if value.value else None, value)
        return Splice(at, at, f", {flow}" if value.value else flow)
    last = value.value[-1]
    column = _dash_column(text, last.start_mark.index)
    at = line_end(text, end_of(text, last))
    return Splice(at, at, f"{line_break(text, at)}{' ' * column}- {flow}\n")


def _append_key(text: str, root: yaml.MappingNode, key: str, flow: str) -> Splice:
    if root.flow_style:
        at = root.end_mark.index - 1
        return Splice(at, at, f'{", " if root.value else ""}"{key}": [{flow}]')
    indent = " " * root.start_mark.column
    at = line_end(text, end_of(text, root))
    return Splice(at, at, f"{line_break(text, at)}{indent}{key}:\n{indent}  - {flow}\n")


def _last_content(text: str, last: yaml.Node | None, sequence: yaml.SequenceNode) -> int:
    """Where a further item of a list in flow style goes: right behind the last one, or before the bracket."""
    return sequence.end_mark.index - 1 if last is None else end_of(text, last)


def _dash_column(text: str, start: int) -> int:
    """Column of the dash before an item. An alias is elsewhere than its node says; it may have no dash at all."""
    dash = text.rfind("-", 0, start)
    if dash < 0:
        raise YamlEditError("a list ends with an alias, behind which nothing can be added safely")
    return dash - (text.rfind("\n", 0, dash) + 1)


def _newline(text: str) -> str:
    return "" if not text or text.endswith("\n") else "\n"
