"""Text as it may reach a terminal: characters that do not print are shown as escapes, everything else as it is."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_SUSPICIOUS = re.compile(r"[^\n\t -~]")
"""Everything but printable ASCII, line breaks and tabs; only such characters are looked at more closely."""


def visible(text: object) -> str:
    r"""The text with an escape such as ``\x1b`` or ``\u202e`` for every character that does not print.

    Control characters, lone surrogates, zero-width and right-to-left marks do not print; line breaks and tabs stay.
    """
    return _SUSPICIOUS.sub(lambda match: _shown(match.group()), str(text))


def visible_line(text: object) -> str:
    """The same on one line: line breaks and tabs are escapes too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """A value as JSON; characters that do not print are escapes of JSON, so it means the same to a program."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _SUSPICIOUS.sub(lambda match: match.group() if _prints(match.group()) else _json_escape(match.group()), text)


def _prints(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _shown(character: str) -> str:
    if _prints(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    return json.dumps(character)[1:-1]
