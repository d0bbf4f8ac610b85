"""What ZooKeeper holds, read leniently: entry by entry and field by field, for anybody may have written it."""

from __future__ import annotations

import json
import math
from typing import Any

from cluster.outside_text import one_line

LATEST_MOMENT = 1e11
"""Unix seconds beyond which a number is no time of day: times in milliseconds lie above."""
_MOST_SHOWN = 60


class Content:
    """The JSON object in a node's content. Reading never raises: what is wrong is noted in ``broken``."""

    def __init__(self, data: bytes) -> None:
        self.broken: list[str] = []
        """What is wrong, field by field, in words."""
        self._fields: dict[str, Any] = {}
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            self._fields = found
        else:
            self.broken.append(f"found {one_line(data[:_MOST_SHOWN])}, expected a JSON object")

    @property
    def readable(self) -> bool:
        """Whether there is an object to read at all."""
        return bool(self._fields)

    def holds(self, *keys: str) -> bool:
        """Whether all of these fields are there, whatever they hold."""
        return self._fields.keys() >= set(keys)

    def text(self, key: str, *, required: bool = False) -> str:
        """A text on one line; empty when it is missing or something else."""
        return self.optional_text(key, required=required) or ""

    def optional_text(self, key: str, *, required: bool = False) -> str | None:
        """A text on one line; None when it is missing or something else."""
        value = self._fields.get(key)
        if isinstance(value, str):
            return one_line(value)
        if value is not None or required:
            self._note(key, value, "text")
        return None

    def moment(self, key: str, *, required: bool = False) -> float | None:
        """A time in Unix seconds; None when it is missing or something else."""
        value = self._fields.get(key)
        if value is None and not required:
            return None
        number = _finite(value)
        if number is None or not 0.0 <= number < LATEST_MOMENT:
            self._note(key, value, "a time in Unix seconds")
            return None
        return number

    def whole(self, key: str, most: int = 2**63 - 1) -> int | None:
        """A whole number from 0 to ``most``; None when it is missing or something else."""
        value = self._fields.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            self._note(key, value, f"a whole number from 0 to {most}")
            return None
        return value

    def _note(self, key: str, value: object, expected: str) -> None:
        found = "nothing" if value is None else one_line(repr(value)[:_MOST_SHOWN])
        self.broken.append(f"{key}: found {found}, expected {expected}")


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
