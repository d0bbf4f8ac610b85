"""YAML documents that remember the place of everything.

Scalars stay text: what ``1.10`` or ``no`` means depends on the option that reads it, not on the notation. An empty
value, ``~`` and ``null`` are None. Anchors, aliases and merge keys work, chains of merges too; a key given twice is
refused, and so is a merge of anything but mappings.
"""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.yaml_merges import MERGE, effective_pairs, is_merge, mappings_of, merged_mappings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"
"""What a document consists of."""
KeyPath: TypeAlias = "tuple[str | int, ...]"
"""Keys and list indices from the root to a value."""

MAX_BYTES = 64 * 1024 * 1024
"""Largest document that is read; the objects of the largest verified site need a third of it."""
LARGE_BYTES = 256 * 1024
"""From this size on a document is read without interruption by the garbage collector."""
MAX_DEPTH = 24
"""Deepest nesting; a real document needs six."""
MAX_VALUES = 5_000_000
"""Most values after aliases are followed, so that nested aliases cannot fill the memory."""

_FREED_AT_ONCE = 100
_TOO_DEEP = f"more than {MAX_DEPTH} levels"
_BASE: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NO_YAML = yaml.reader.Reader.NON_PRINTABLE
_TEXT = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_LIST = "tag:yaml.org,2002:seq"


class _Loader(_BASE):  # type: ignore[valid-type,misc]  # the faster of two base classes, known at run time only
    """Composes nodes and refuses to descend too deep, where the parser written in C would overflow its stack."""

    _depth = 0

    def descend_resolver(self, current_node: yaml.Node, _index: object) -> None:
        """Called before a node's children are composed."""
        self._depth += 1
        if self._depth > MAX_DEPTH + 2:
            raise yaml.MarkedYAMLError(problem=_TOO_DEEP, problem_mark=current_node.start_mark)

    def ascend_resolver(self) -> None:
        """Called after a node's children were composed."""
        self._depth -= 1

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        """The tag of a node that has none: scalars are text, whatever they look like."""
        if kind is yaml.ScalarNode:
            return MERGE if implicit[0] and value == "<<" else _TEXT
        return _MAPPING if kind is yaml.MappingNode else _LIST


@contextlib.contextmanager
def _no_collection(size: int) -> Iterator[None]:
    """Keep the garbage collector out while a large document is read.

    It would search the growing tree again and again, which triples the time and stops the event loop for each search.
    """
    if size < LARGE_BYTES or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Position:
    """Where a key or list item starts; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A parsed document: plain data, and positions on demand."""

    source: str
    """Name of the file for messages."""
    data: dict[str, Value]
    root: yaml.MappingNode | None = field(repr=False, default=None)

    def position(self, path: KeyPath) -> Position | None:
        """Position of the deepest part of ``path`` that exists; None for a document without text."""
        if self.root is None:
            return None
        node: yaml.Node = self.root
        found = _position(node)
        for step in path:
            below = _child(node, step)
            if below is None:
                break
            found, node = below
        return found

    def item_lines(self, key: str) -> list[int | None]:
        """The line of each item of the list at the root's ``key``; None for each of a document without text."""
        values = self.data.get(key)
        count = len(values) if isinstance(values, list) else 0
        below = _child(self.root, key) if self.root is not None else None
        if below is None or not isinstance(below[1], yaml.SequenceNode):
            return [None] * count
        return [item.start_mark.line + 1 for item in below[1].value[:count]]

    def problem(self, path: KeyPath, found: str, allowed: str) -> Problem:
        """A problem with the value at ``path``."""
        position = self.position(path)
        line, column = (position.line, position.column) if position else (None, None)
        return Problem(self.source, format_key(path), found, allowed, line, column)


def release(document: YamlDocument) -> None:
    """Empty the lists of a document, a few items at a time: freeing a large one as a whole holds every thread up."""
    lists: list[list[Any]] = [value for value in document.data.values() if isinstance(value, list)]
    if document.root is not None:
        lists += [node.value for _, node in document.root.value if isinstance(node, yaml.SequenceNode)]
    for items in lists:
        while items:
            del items[-_FREED_AT_ONCE:]


def format_key(path: KeyPath) -> str:
    """Write a path for people: ``agents[3].skills.Spanish``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def load_document(path: FilePath, source: str | None = None, most_values: int | None = None) -> YamlDocument:
    """Read and parse a file of at most ``most_values`` values, MAX_VALUES without it.

    Raises:
        ConfigurationError: the file cannot be read, is not valid YAML, or breaks a rule of this module.
    """
    name = source or str(path)
    return parse_document(read_content(path, name), name, most_values)


def read_content(path: FilePath, source: str) -> bytes:
    """The bytes of a file. Raises ConfigurationError when it cannot be read, or is too large."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ConfigurationError((Problem(source, "", f"a file of {size} bytes", f"at most {MAX_BYTES} bytes"),))
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError((Problem(source, "", reason.lower(), "a readable file"),)) from error


def parse_list(text: str, source: str, most_values: int) -> tuple[list[tuple[int, Value]], int]:
    """Line, from 1, and data of each item of a list that is all of a text and lies one level below a root.

    Also how many values they have, aliases followed. Raises ConfigurationError when it is no list, or as
    :func:`parse_document` does.
    """
    root = _composed(text, source)
    reader = _Reader(source, most_values)
    if not isinstance(root, yaml.SequenceNode):
        raise ConfigurationError((Problem(source, "", "something else", "a list"),))
    found = [(_position(item).line, reader.value(item, (0, index))) for index, item in enumerate(root.value)]
    if reader.problems:
        raise ConfigurationError(tuple(reader.problems))
    return found, reader.values


def _composed(text: str, source: str) -> yaml.Node | None:
    try:
        with _no_collection(len(text)):
            return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise ConfigurationError((_syntax_problem(error, source),)) from error
    except yaml.YAMLError as error:
        raise ConfigurationError((_character_problem(text, source),)) from error


def parse_document(content: bytes | str, source: str, most_values: int | None = None) -> YamlDocument:
    """Parse YAML (or JSON, which is YAML) whose root is a mapping; nothing at all counts as an empty mapping.

    ``most_values``: how many it can have after aliases are followed, MAX_VALUES without it.

    Raises:
        ConfigurationError: not UTF-8, not YAML, not a mapping, too large, too deep, or a key given twice.
    """
    if len(content) > MAX_BYTES:
        raise ConfigurationError((Problem(source, "", f"{len(content)} bytes", f"at most {MAX_BYTES} bytes"),))
    try:
        text = content.decode() if isinstance(content, bytes) else content
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        raise ConfigurationError((_problem_after(before, source, "a byte that is not UTF-8", "UTF-8 text"),)) from error
    root = _composed(text, source)
    reader = _Reader(source, most_values or MAX_VALUES)
    if root is None or (isinstance(root, yaml.ScalarNode) and _is_null(root)):
        return YamlDocument(source, {}, None)
    if not isinstance(root, yaml.MappingNode):
        reader.refuse(root, (), _kind(root), "a mapping of keys to values")
        raise ConfigurationError(tuple(reader.problems))
    with _no_collection(len(text)):
        data = reader.mapping(root, ())
    if reader.problems:
        raise ConfigurationError(tuple(reader.problems))
    return YamlDocument(source, data, root)


class _Reader:
    """Turns nodes into data and collects what is wrong on the way."""

    def __init__(self, source: str, most_values: int) -> None:
        self.source = source
        self._most_values = most_values
        self.problems: list[Problem] = []
        self._noted: set[tuple[str, Position]] = set()
        self.values = 0

    def refuse(self, node: yaml.Node, path: KeyPath, found: str, allowed: str) -> None:
        """Note a problem at a node."""
        position = _position(node)
        problem = Problem(self.source, format_key(path), found, allowed, position.line, position.column)
        # A mapping that several others merge is met several times.
        place = (found, position)
        if place not in self._noted:
            self._noted.add(place)
            self.problems.append(problem)

    def value(self, node: yaml.Node, path: KeyPath) -> Value:
        """Data of any node; None where a problem was noted."""
        self.values += 1
        if len(path) > MAX_DEPTH or self._is_full():
            self._refuse_size(node, path)
            return None
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value) if not self._is_full()]
        if node.tag.startswith("!") or node.tag == "tag:yaml.org,2002:binary":
            # The tag is not shown: an unquoted password that begins with "!" reads as one.
            self.refuse(node, path, "a tag", "plain text, in quotation marks where it begins with !")
            return None
        return None if _is_null(node) else str(node.value)

    def _is_full(self) -> bool:
        return self.values > self._most_values

    def _refuse_size(self, node: yaml.Node, path: KeyPath) -> None:
        if not self.problems:
            self.refuse(node, path[:3], "too much nesting", f"{MAX_DEPTH} levels and {self._most_values} values")

    def mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Value]:
        """Data of a mapping, merge keys resolved; a key given twice is a problem."""
        data: dict[str, Value] = {}
        for mapping in mappings_of(node) if any(is_merge(key) for key, _ in node.value) else (node,):
            # Long chains of merges take time even where they bring nothing.
            self.values += len(mapping.value) if mapping is not node else 0
            if self._is_full():
                self._refuse_size(node, path)
                break
            for key, value in self._own_pairs(mapping, path):
                if key not in data:
                    data[key] = self.value(value, (*path, key))
        return data

    def _own_pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, yaml.Node]]:
        """Pairs of one mapping without what it merges; those that cannot be used are problems."""
        first: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if is_merge(key):
                if merged_mappings(value) is None:
                    self.refuse(value, (*path, "<<"), "a merge of something else", "a mapping, or a list of mappings")
            elif not isinstance(key, yaml.ScalarNode):
                self.refuse(key, path, f"{_kind(key)} as a key", "text as a key")
            elif key.value in first:
                line = _position(first[key.value]).line
                self.refuse(key, (*path, key.value), f"the key again (first in line {line})", "it once")
            else:
                first[key.value] = key
                yield key.value, value


def _child(node: yaml.Node, step: str | int) -> tuple[Position, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in effective_pairs(node):
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return _position(key), value
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return _position(item), item
    return None


def _position(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _is_null(node: yaml.Node) -> bool:
    """Whether a scalar means nothing; quotes and block styles make it text."""
    return isinstance(node, yaml.ScalarNode) and node.style in {None, ""} and node.value in _NULL


def _problem_after(before: str, source: str, found: str, allowed: str) -> Problem:
    """A problem with what comes behind the text ``before``."""
    lines = before.split("\n")
    return Problem(source, "", found, allowed, len(lines), len(lines[-1]) + 1)


def _character_problem(text: str, source: str) -> Problem:
    """The first character that no YAML has."""
    wrong = _NO_YAML.search(text)
    if wrong is None:
        return Problem(source, "", "a character YAML does not allow", "valid YAML")
    found = f"a character YAML does not allow (U+{ord(wrong.group()):04X})"
    return _problem_after(text[: wrong.start()], source, found, "valid YAML")


def _syntax_problem(error: yaml.MarkedYAMLError, source: str) -> Problem:
    """A parser's complaint in our words, without quoting the text, which may hold a secret."""
    mark = error.problem_mark or error.context_mark
    complaint = " ".join(filter(None, (error.context, error.problem)))
    # Some versions of the parser have a limit of their own, far beyond ours, and meet it before we meet ours.
    found = "a syntax error: " + (_TOO_DEEP if "maximum nesting depth" in complaint else complaint)
    if mark is None:
        return Problem(source, "", found, "valid YAML")
    return Problem(source, "", found, "valid YAML", mark.line + 1, mark.column + 1)
