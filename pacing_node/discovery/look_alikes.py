"""Names that people take for the same: they differ in capitals, blanks or the Unicode form of a letter alone. Pure.

Names are compared character by character, as the contact centre does. So such a difference is never mended here, but
where a name means nothing the one that looks like it is most often the one that was meant.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def look(name: str) -> str:
    """What a name looks like: the same for all that people take for it."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


class LookAlikes:
    """Finds the known name that looks like another one; nothing is compared until the first question."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = known

    def hint(self, *unknown: str) -> str:
        """Words to put behind a message about names that are not known; empty when none looks like a known one."""
        for name in unknown:
            if (known := self._by_look.get(look(name), name)) != name:
                return f'; "{known}" differs from "{name}" in capitals, blanks or Unicode form alone'
        return ""

    @cached_property
    def _by_look(self) -> dict[str, str]:
        return {look(name): name for name in self._known}


def alike(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The names that look the same as another one, together, in the order of the first of them."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[look(name)].append(name)
    return (tuple(group) for group in groups.values() if len(group) > 1)
