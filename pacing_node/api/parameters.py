"""Query parameters of the pages: each page names those it takes, everything else is refused, and every one is bounded.

Arrays are understood in every form callers are known to send: repeated (``groups=A&groups=B``), with the brackets
jQuery, axios and others add (``groups[]=A``, ``groups[0]=A``), and as a list in one value (``[A,B]``, ``["A","B"]``,
``A,B``), which the reference product's documentation writes.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cluster.outside_text import one_line

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.requests import Request

MOST_CHARACTERS = 600
"""Longest value of a parameter that is one name; that of a target is a queue's and a medium's."""
MOST_LIST_CHARACTERS = 16_000
"""Longest value of a parameter that is a list."""
MOST_ITEMS = 1000
"""Most items of a list."""
IGNORED = frozenset({"_"})
"""Added by jQuery so that no cache answers; means nothing."""
_SHOWN = 60
_BRACKETS = re.compile(r"\[\d{0,4}\]$")


class ParameterError(Exception):
    """A query parameter that cannot be used; the text names it, what was found and what is allowed."""


class Parameters:
    """The query parameters of one request, checked against what its page takes."""

    def __init__(self, request: Request, single: Collection[str] = (), lists: Collection[str] = ()) -> None:
        """``single`` parameters are given once, ``lists`` as arrays. Raises ParameterError for any other."""
        self._single: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {name: [] for name in lists}
        for key, value in request.query_params.multi_items():
            name = _BRACKETS.sub("", key)
            if name in self._lists:
                _bounded(name, value, MOST_LIST_CHARACTERS)
                self._lists[name].append(value)
            elif key in single:
                _bounded(key, value, MOST_CHARACTERS)
                if key in self._single:
                    raise ParameterError(f"{key}: found it twice; allowed: once")
                self._single[key] = value
            elif key not in IGNORED:
                known = ", ".join(sorted((*single, *lists))) or "none"
                raise ParameterError(f"unknown parameter {one_line(key, _SHOWN)!r}; allowed: {known}")

    def text(self, name: str) -> str | None:
        """The value of a parameter; None when it is missing or empty."""
        return self._single.get(name) or None

    def number(self, name: str, default: int, highest: int) -> int:
        """A whole number from 1 to ``highest``. Raises ParameterError."""
        text = self._single.get(name)
        if text is None:
            return default
        good = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
        if not good or not 1 <= int(text) <= highest:
            raise ParameterError(f"{name}: found {shortened(text)}, allowed is a number from 1 to {highest}")
        return int(text)

    def names(self, name: str, known: Collection[str]) -> list[str]:
        """Items of a list, each once; ``known`` names are taken whole even with commas or brackets in them.

        Raises ParameterError when a value is empty or there are too many.
        """
        found: dict[str, None] = {}
        for value in self._lists[name]:
            items = [value] if value in known else _items(value, known)
            if not items or "" in items:
                raise ParameterError(f"{name}: found nothing; allowed: at least one name, or no {name} at all")
            found.update(dict.fromkeys(items))
        if len(found) > MOST_ITEMS:
            raise ParameterError(f"{name}: found {len(found)} names; allowed: at most {MOST_ITEMS}")
        return list(found)


def shortened(text: str) -> str:
    """A value for a message: on one line, in quotation marks, and cut."""
    return repr(one_line(text, _SHOWN)) + (f" … ({len(text)} characters)" if len(text) > _SHOWN else "")


def _bounded(name: str, value: str, most: int) -> None:
    if len(value) > most:
        raise ParameterError(f"{one_line(name, _SHOWN)}: found {len(value)} characters; allowed: at most {most}")


def _items(value: str, known: Collection[str]) -> list[str]:
    """Items of a list that was written into one value."""
    text = value.strip()
    if text.startswith("[") and text.endswith("]"):
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            text = text[1:-1]
        else:
            if all(isinstance(item, str) for item in items):
                return [str(item) for item in items]
            text = text[1:-1]
    return _split(text.split(","), known)


def _split(parts: Sequence[str], known: Collection[str]) -> list[str]:
    """Names between commas; a known name that has commas itself is kept together."""
    items, at = [], 0
    while at < len(parts):
        for end in range(min(len(parts), at + 5), at, -1):
            name = ",".join(parts[at:end]).strip().strip("\"'")
            if end == at + 1 or name in known:
                items.append(name)
                at = end
                break
    return items
