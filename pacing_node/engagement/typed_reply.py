"""Replies of the usual shape, read into columns without an object per value; any other is left to the careful reader.

What is read here means the same as in :mod:`pacing_node.engagement.mapping`: a reply that differs from the usual shape
in anything, be it the kind of one value, gives ``None`` and is read there again, value by value, with its words for
what is wrong. Pure.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from pacing_node.engagement.replies import ReplyColumns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pacing_node.algorithms.model import FloatArray

LONGEST_SECONDS = 30 * 86_400.0
MOST_PENDING = 10**9
_NONE_LISTED = (b"", b"null", b"[]")


class _Entity(msgspec.Struct, gc=False, rename="camel"):
    external_id: str | None = None
    # What is left out is NaN at once: a column of numbers alone is made in half the time.
    pending_invitation_count: float | None = math.nan
    acceptance_rate: float | None = math.nan
    time_to_positive_disposition_avg_seconds: float | None = math.nan
    time_to_negative_disposition_avg_seconds: float | None = math.nan


class _Result(msgspec.Struct, gc=False):
    entity: _Entity
    error: None = None


class _Reply(msgspec.Struct, gc=False, rename="camel"):
    results: list[_Result]
    error_indexes: msgspec.Raw = msgspec.Raw()


_DECODER = msgspec.json.Decoder(_Reply)
_MOST = (
    (attrgetter("pending_invitation_count"), float(MOST_PENDING)),
    (attrgetter("acceptance_rate"), 1.0),
    (attrgetter("time_to_positive_disposition_avg_seconds"), LONGEST_SECONDS),
    (attrgetter("time_to_negative_disposition_avg_seconds"), LONGEST_SECONDS),
)
"""Numbers of a target in the order of the columns, and the greatest of each."""


def read_usual_reply(body: bytes, names: Sequence[str]) -> ReplyColumns | None:
    """The replies of the targets ``names``, if the body is one of the usual shape: no errors, every number possible."""
    try:
        if not body.isascii():
            body.decode()  # texts that are passed over must be texts too
        reply = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(reply.results) != len(names) or bytes(reply.error_indexes) not in _NONE_LISTED:
        return None
    entities = [result.entity for result in reply.results]
    if not _about(names, [entity.external_id for entity in entities]):
        return None
    columns = [_column(entities, get) for get, _ in _MOST]
    if not all(_possible(column, most) for column, (_, most) in zip(columns, _MOST, strict=True)):
        return None
    pending = columns[0]
    if np.any(pending != np.floor(pending), where=~np.isnan(pending)):
        return None
    return ReplyColumns.from_numbers(columns, {})


def _about(names: Sequence[str], said: list[str | None]) -> bool:
    """Whether every entity names its target, or none."""
    return said == names or all(each is None or each == name for each, name in zip(said, names, strict=True))


def _column(entities: list[_Entity], get: Callable[[_Entity], float | None]) -> FloatArray:
    """The numbers of all entities; NaN where one is left out or null."""
    try:
        return np.fromiter(map(get, entities), np.float64, len(entities))
    except TypeError:  # null somewhere
        return np.array(list(map(get, entities)), np.float64)


def _possible(column: FloatArray, most: float) -> bool:
    return bool(np.all(np.isnan(column) | ((column >= 0.0) & (column <= most))))
