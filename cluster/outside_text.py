"""Text from outside, made fit for every output: logs, pages, records, syslog and terminals."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_MESSAGE = 200
"""Most characters of a message from outside that are kept, unless more are asked for."""
MOST_DEPTH = 100
"""Most lists and objects of a JSON document inside each other."""
MOST_VALUES = 2_000_000
"""Most values of a JSON document, with its lists and objects: some 200 MB of memory."""
MOST_NAME = 255
"""Most characters of a name; configuration servers allow no more."""
_REPLACED = "\ufffd"
"""What decoders put in place of what is no text: it is no character anybody wrote."""
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""Where a JSON document can hold half a surrogate pair; whole ones match too."""
_NO_STRUCTURE = bytes(each for each in range(256) if each not in b'[]{},"')
_TOO_DEEP = b"[" * (MOST_DEPTH + 1)
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_LINE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd]")


def one_line(text: object, most: int = MOST_MESSAGE) -> str:
    """A message for people: on one line, cut, and with a space in place of every character that does not print.

    Control characters, lone surrogates, zero-width and right-to-left marks do not print.
    """
    return "".join(each if each.isprintable() else " " for each in str(text)[:most])


def valid_text(text: str) -> str:
    """The text with a replacement in place of each lone surrogate, which no encoding takes; the rest is kept."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if _has_surrogate(text) else text


def valid_tree(value: object) -> object:
    """A JSON value with every text in it, keys too, made valid as by :func:`valid_text`."""
    if isinstance(value, str):
        return valid_text(value)
    if isinstance(value, list):
        return [valid_tree(each) for each in value]
    if isinstance(value, dict):
        return {valid_text(str(key)): valid_tree(each) for key, each in value.items()}
    return value


def load_json(body: bytes | bytearray, **options: Any) -> Any:
    """The JSON document in ``body``, every text in it valid.

    Raises ValueError as ``json.loads`` does, and for a document out of bounds (:func:`check_json`). ``options`` are
    those of ``json.loads``. Half a surrogate pair can be written in JSON, as an escape, but in nothing
    that this service writes: it is replaced, so that one name from outside can break no page and no record.
    """
    check_json(body)
    document = json.loads(body, **options)
    return valid_tree(document) if _HALVES.search(body) or b"\0" in body[:4] else document


def check_json(body: bytes | bytearray, *, most_values: int = MOST_VALUES) -> None:
    """Bound what reading a JSON document can cost, before it is read; whether it is JSON is for who reads it.

    Raises ValueError when it is nested deeper than ``MOST_DEPTH`` or has more than ``most_values`` values.
    """
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH and len(body) <= most_values:
        return
    if b"\0" in body[:4]:
        body = body.decode(json.detect_encoding(body), "replace").encode("utf-8", "replace")
    # Texts, in which brackets and commas mean nothing, are every second part between quotation marks. Most parts are
    # empty without what is no structure, and two marks side by side can go: the others keep their places.
    marks = body.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_ONE_KIND, _NO_STRUCTURE).replace(b'""', b"")
    structure = b"".join(marks.split(b'"')[::2])
    brackets = structure.replace(b",", b"")
    if len(structure) - len(brackets) // 2 > most_values:
        raise ValueError(f"more than {most_values} values")
    for _ in range(MOST_DEPTH):
        if not brackets:
            return
        if _TOO_DEEP in brackets:
            break  # seen at once; the rounds would take one level of it away each
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise ValueError(f"nested deeper than {MOST_DEPTH}, or with brackets that do not match")


def text_fault(text: str, *, most: int | None = MOST_NAME, lines: bool = False) -> str:
    """Why this text cannot be used as a name, or, with ``lines``, as text of several lines; empty when it can.

    ``most`` bounds its length; None does not. The words never contain the text itself.
    """
    if most is not None and len(text) > most:
        return f"{len(text)} characters; allowed: at most {most}"
    if text.isprintable() and _REPLACED not in text:
        return ""
    found = (_NO_LINE if lines else _NO_NAME).search(text)
    if found is None:
        return ""
    code = f"U+{ord(found.group()):04X} at character {found.start() + 1}"
    if found.group() == _REPLACED or "\ud800" <= found.group() <= "\udfff":
        return f"what is no text ({code}); allowed: valid Unicode"
    return f"a control character ({code}); allowed: characters that print"


def legible(text: str, most: int = MOST_MESSAGE) -> str:
    """The text cut, with a space in place of everything that a name cannot have; what is a good name stays as it is."""
    return _NO_NAME.sub(" ", text[:most])


def invisible(text: str) -> str:
    """The characters of a name that nobody sees, such as zero-width and right-to-left marks, as ``U+200B U+200F``."""
    if text.isprintable():
        return ""
    found = dict.fromkeys(each for each in text if not each.isprintable() and each != " ")
    return " ".join(f"U+{ord(each):04X}" for each in found)


def _has_surrogate(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text)
