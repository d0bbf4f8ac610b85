"""Items of the long lists of a large YAML document, read one at a time instead of as one tree.

The tree of a document takes forty times the memory of its file, and most of the time of a reading. A list at the root,
in the form programs and people write it, falls into items at the lines that begin with its dash, and each item can be
read by itself: by :func:`plain_item` where it is plain, else by the parser of whole documents. What is left of the
document without the items is parsed as ever, with every line at its place.

Nothing here decides what is wrong: where the form is another one, or anything at all cannot be used, the document is
refused to be read this way, and the reading of it as a whole says what it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pacing_node.options import yaml_documents
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.plain_items import NOT_PLAIN, plain_item

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pacing_node.options.yaml_documents import Value, YamlDocument

WINDOW_BYTES = 128 * 1024
"""What is looked through in one piece: a longer one would keep the interpreter from other threads."""
_MOST_ROOT_LINES = 1000
_MOST_HEAD_BYTES = 64 * 1024
"""Of comments between the key of a list and its first item."""
_MOST_INDENT = 20
_ROOT_LINE = re.compile(rb"\n[^ \n#-]")
_FIRST_ITEM = re.compile(rb"\n( *)-")
_ANCHOR = re.compile(r"(?<!\w)&\S")
"""What can give a part of an item a name, which is for the whole document."""
_OTHER_BREAKS = ("\r", "\x85", "\u2028", "\u2029", "\ufeff")
"""What YAML takes for the end of a line as well, and the mark at the beginning of a file."""


class OtherFormError(Exception):
    """The document is to be read as a whole."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A list at the root: the line of its key from 1, and where its text begins and ends."""

    key: str
    line: int
    start: int
    end: int


def read_by_items(
    content: bytes, source: str, keys: Collection[str], take: Callable[[str, int, Value], object]
) -> YamlDocument:
    """Read a document; ``take`` is called with key, line from 1 and data of each item of the lists at these keys.

    Returns the document without those items: None is in their place.

    Raises:
        OtherFormError: read it as a whole; what ``take`` was given does not count.
    """
    sections = list(_sections(content, keys))
    if not sections:
        raise OtherFormError
    try:
        rest = yaml_documents.parse_document(_without(content, sections), source)
        for section in sections:
            _check_key(rest, section)
        reader = _ItemReader(source, take)
        for section in sections:
            reader.read(content, section)
    except (ConfigurationError, UnicodeDecodeError) as error:
        raise OtherFormError from error
    return rest


def _check_key(rest: YamlDocument, section: _Section) -> None:
    """The key must be one of the root, and where it looked to be: not a line of some longer text."""
    position = rest.position((section.key,))
    here = position is not None and (position.line, position.column) == (section.line, 1)
    if not here or rest.data.get(section.key, "") is not None:
        raise OtherFormError


def _sections(content: bytes, keys: Collection[str]) -> Iterator[_Section]:
    """The lists of these keys, in their order; each once. Raises OtherFormError."""
    names = {f"{key}:".encode(): key for key in keys}
    starts = list(_root_lines(content))
    line, counted = 1, 0
    for start, end in pairwise([*starts, len(content)]):
        line += _line_ends(content, counted, start)
        counted = start
        head_end = content.find(b"\n", start, end)
        key = names.pop(content[start:head_end].rstrip(b" "), None) if head_end >= 0 else None
        if key is not None:
            yield _Section(key, line, head_end, end)


def _root_lines(content: bytes) -> Iterator[int]:
    """Where lines begin that are neither blank nor indented, no comment and no item. Raises OtherFormError."""
    found = 0
    if content[:1] not in b" \n#-":
        found += 1
        yield 0
    for at in range(0, len(content), WINDOW_BYTES):
        for match in _ROOT_LINE.finditer(content, at, at + WINDOW_BYTES + 1):
            found += 1
            if found > _MOST_ROOT_LINES:
                raise OtherFormError
            yield match.start() + 1


def _without(content: bytes, sections: list[_Section]) -> bytes:
    """The document with an empty line in place of each line of the sections."""
    parts, at = [], 0
    for section in sections:
        parts += [content[at : section.start], b"\n" * _line_ends(content, section.start, section.end)]
        at = section.end
    return b"".join((*parts, content[at:]))


def _line_ends(content: bytes, start: int, end: int) -> int:
    return sum(content.count(b"\n", at, min(at + WINDOW_BYTES, end)) for at in range(start, end, WINDOW_BYTES))


def _decoded(content: bytes) -> str:
    """Text whose only line breaks are line feeds. Raises OtherFormError, UnicodeDecodeError."""
    text = content.decode()
    if any(each in text for each in (_OTHER_BREAKS[:1] if text.isascii() else _OTHER_BREAKS)):
        raise OtherFormError
    return text


class _ItemReader:
    """Reads the items of sections and counts what they hold."""

    def __init__(self, source: str, take: Callable[[str, int, Value], object]) -> None:
        self._source = source
        self._take = take
        self._left = yaml_documents.MAX_VALUES

    def read(self, content: bytes, section: _Section) -> None:
        """Hand over each item of a section. Raises OtherFormError, ConfigurationError, UnicodeDecodeError."""
        first = _FIRST_ITEM.search(content, section.start, min(section.end, section.start + _MOST_HEAD_BYTES))
        head_end = first.start() if first is not None else section.end
        head = _decoded(content[section.start : head_end])
        if any(line.strip(" ") and not line.lstrip(" ").startswith("#") for line in head.split("\n")):
            raise OtherFormError
        if first is None:
            return
        indent = len(first.group(1))
        if indent > _MOST_INDENT or content[first.end() : first.end() + 1] != b" ":
            raise OtherFormError
        line = section.line + head.count("\n") + 1
        for chunk in self._chunks(content, head_end, section.end, indent):
            value = plain_item(chunk, indent)
            if value is NOT_PLAIN:
                self._parsed(section.key, line, " " * indent + "- " + chunk)
            else:
                self._take(section.key, line, value)
            line += chunk.count("\n") + 1

    def _chunks(self, content: bytes, start: int, end: int, indent: int) -> Iterator[str]:
        """The text of each item behind its dash."""
        mark = "\n" + " " * indent + "- "
        separator = mark.encode()
        shallow = re.compile(f"\n {{0,{indent - 1}}}[^ \n#]") if indent else None
        at = start + len(separator)
        while at <= end:
            stop = content.find(separator, min(at + WINDOW_BYTES, end), end)
            stop = end if stop < 0 else stop
            text = _decoded(content[at:stop])
            if shallow is not None and shallow.search(text):
                raise OtherFormError
            chunks = text.split(mark)
            # Every value stands behind a dash, a comma or a bracket, or ends a line.
            self._count(len(chunks) + text.count("\n") + sum(map(text.count, ",{[")) + 1)
            yield from chunks
            at = stop + len(separator)

    def _parsed(self, key: str, line: int, text: str) -> None:
        """Hand over what the parser of whole documents makes of an item."""
        if _ANCHOR.search(text):
            raise OtherFormError
        items, values = yaml_documents.parse_list(text, self._source, self._left)
        self._count(values)
        for line_in_text, value in items:
            self._take(key, line + line_in_text - 1, value)

    def _count(self, values: int) -> None:
        self._left -= values
        if self._left <= 0:
            raise OtherFormError
