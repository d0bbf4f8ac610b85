"""Active alarms as bytes: for the record the master shares, and for the file a node keeps for its next start."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from pacing_node.alarms.alarm_book import Alarm
from pacing_node.alarms.conditions import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable

_NUMBERS = ("raised_at", "value", "threshold")
_FIELDS = {field.name for field in fields(Alarm)}
_YOUNGER = {"occasion", "newest_text"}
"""Fields that an older version does not know."""


def encode_alarms(alarms: Iterable[Alarm]) -> bytes:
    """Alarms as JSON."""
    return json.dumps([asdict(alarm) for alarm in alarms], separators=(",", ":")).encode()


def decode_alarms(body: bytes) -> tuple[Alarm, ...]:
    """Alarms from JSON; empty bytes are none, and a condition this version does not know is left out.

    Raises ValueError when it is something else.
    """
    if not body:
        return ()
    try:
        items = json.loads(body)
    except RecursionError as error:
        raise ValueError("not a list of alarms") from error
    if not isinstance(items, list):
        raise ValueError("not a list of alarms")
    try:
        alarms = [_alarm(item) for item in items]
    except OverflowError as error:  # a whole number beyond what any time or value can be
        raise ValueError("an alarm whose number is too large") from error
    return tuple(alarm for alarm in alarms if alarm.condition in BY_NAME)


def _alarm(item: Any) -> Alarm:
    if not isinstance(item, dict) or not item.keys() >= _FIELDS - _YOUNGER:
        raise ValueError("an alarm without its fields")
    values = {name: item[name] for name in _FIELDS if name in item}
    for name, value in values.items():
        if name in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise ValueError(f"an alarm whose {name} is not a number")
        elif not isinstance(value, str):
            raise ValueError(f"an alarm whose {name} is not text")
    return Alarm(**values)
