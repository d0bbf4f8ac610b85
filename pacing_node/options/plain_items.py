"""Data of an item of a YAML list that is plain: some ten times as fast as a parser that knows all of YAML.

Plain is an item in one line as JSON has it, and a mapping of lines ``key: value`` whose values are words, texts in
quotation marks, lists of such values or mappings of the same form. No part of it can mean anything else in YAML.
Anything else is left to the parser: comments, anchors, merges, escapes, texts of several lines. Scalars stay text, as
in :mod:`pacing_node.options.yaml_documents`.
"""

from __future__ import annotations

import re
from enum import Enum
from json.decoder import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.options.yaml_documents import Value


class NotPlain(Enum):
    """What stands in place of data where an item is not plain."""

    NOT_PLAIN = "not plain"


NOT_PLAIN: Final = NotPlain.NOT_PLAIN
_MOST_BRACKETS = 16
"""In one item; a document may have 24 levels."""
_MOST_KEY = 1000
"""YAML allows a key of 1024 characters."""
_MOST_DEPTH = 16
_Line: TypeAlias = "tuple[str, str, str, str]"
_END: _Line = ("", "", "", "")
_LONG_TEXT = re.compile(f'"[^"]{{{_MOST_KEY},}}"')
_WORDS = r"[\w./+][\w./+@()=%&,-]*(?: [\w./+@()=%&,-]+)*"
_LINE = re.compile(
    rf"^( *)(- )?(?:({_WORDS}):(?= |$))?(?:(?(3) )({_WORDS}|'[^'\n]*'|\"[^\"\\\n]*\"|\{{\}}|\[\]))?$", re.MULTILINE
)
"""A line: indentation, dash, key, and a value: words, text in single or double marks, or an empty collection."""
_NULL = frozenset({"null", "Null", "NULL"})


class _NotPlainError(ValueError):
    """The item is not plain."""


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise _NotPlainError
    return data


def _with_words(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """As ``_mapping``, with truth values as the text they are in YAML."""
    return {key: _worded(value) for key, value in _mapping(pairs).items()}


def _worded(value: Any) -> Any:
    if value is True or value is False:
        return "true" if value else "false"
    return [_worded(each) for each in value] if isinstance(value, list) else value


def _decoder(hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> JSONDecoder:
    return JSONDecoder(object_pairs_hook=hook, parse_int=str, parse_float=str, parse_constant=str)


_plain, _with_truth_values = _decoder(_mapping), _decoder(_with_words)


def plain_item(text: str, indent: int) -> Value | NotPlain:
    """Data of an item, without its dash, which stands ``indent`` columns in; ``NOT_PLAIN`` when it is not plain."""
    text = text.rstrip(" \n")
    try:
        if text.startswith("{"):
            return _in_one_line(text)
        return _in_lines(text, indent + 2)
    except (_NotPlainError, JSONDecodeError):
        return NOT_PLAIN


def _in_one_line(text: str) -> Value:
    # A line break does not print. Within marks, what prints and is no backslash stands for itself in both languages.
    if not text.isprintable() or "\\" in text or text.count("{") + text.count("[") > _MOST_BRACKETS:
        raise _NotPlainError
    if len(text) > _MOST_KEY and _LONG_TEXT.search(text):
        raise _NotPlainError
    decoder = _with_truth_values if "true" in text or "false" in text else _plain
    decoded: tuple[Value, int] = decoder.raw_decode(text)
    if decoded[1] != len(text):
        raise _NotPlainError
    return decoded[0]


def _in_lines(text: str, indent: int) -> Value:
    if not text.replace("\n", "").isprintable():
        raise _NotPlainError
    lines = _LINE.findall(" " * indent + text)
    if len(lines) != text.count("\n") + 1:
        raise _NotPlainError
    data, end = _block(lines, 0, indent, _MOST_DEPTH)
    if end != len(lines):
        raise _NotPlainError
    return data


def _block(lines: list[_Line], at: int, indent: int, levels: int) -> tuple[dict[str, Value], int]:
    """The mapping whose keys stand at ``indent``, and the line behind it."""
    data: dict[str, Value] = {}
    while at < len(lines):
        spaces, dash, key, value = lines[at]
        if len(spaces) != indent or dash:
            break
        if not key or key in data or len(key) > _MOST_KEY or not levels:
            raise _NotPlainError
        at += 1
        below = lines[at] if at < len(lines) else _END
        if value:
            data[key] = _scalar(value)
        elif below[1] and len(below[0]) >= indent:
            data[key], at = _list(lines, at, len(below[0]))
        elif len(below[0]) > indent:
            data[key], at = _block(lines, at, len(below[0]), levels - 1)
        else:
            data[key] = None
    return data, at


def _list(lines: list[_Line], at: int, indent: int) -> tuple[Value, int]:
    """The list of values whose dashes stand at ``indent``, and the line behind it."""
    values: list[Value] = []
    while at < len(lines):
        spaces, dash, key, value = lines[at]
        if len(spaces) != indent or not dash:
            break
        if key or not value:
            raise _NotPlainError
        values.append(_scalar(value))
        at += 1
    return values, at


def _scalar(text: str) -> Value:
    first = text[0]
    if first in "'\"":
        return text[1:-1]
    if first == "{":
        return {}
    if first == "[":
        return []
    return None if text in _NULL else text
