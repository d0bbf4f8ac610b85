"""Entities of a full push, of which only what changed is written anew: the rest is kept as text. Pure.

An entity is written in segments. Between two pushes counts and waits change for most targets and have few different
values; raw statistics change for few targets; the opening hardly ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from pacing_node.algorithms.model import FloatArray, IntArray
    from pacing_node.engagement.push_columns import PushColumns
    from pacing_node.targets import PacingTarget

Texts: TypeAlias = "NDArray[np.object_]"
"""A text, as bytes, for each target."""

_NEAR_TIE = 1e-3
_UNKNOWN = -1.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of every entity, and the numbers it is written from."""

    columns: Callable[[PushColumns], Sequence[NDArray[Any]]]
    write: Callable[..., str]
    """The text for one value of each column. First comes the target, if it depends on it."""
    decimals: Sequence[int | None]
    """Per column the decimals that are written; None: a whole number, or one that is written in full."""
    of_target: bool = False
    """Whether it depends on the target too; otherwise equal numbers have equal texts, whosever they are."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A segment of one part of the newest push; replaced whole: a push that was given up can be writing in a thread."""

    targets: tuple[PacingTarget, ...]
    numbers: FloatArray
    texts: Texts


class WrittenEntities:
    """Keeps the texts of the newest push, part by part."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        """An entity is the texts of the segments, one after the other."""
        self._segments = segments
        self._kept: dict[tuple[int, int], _Kept] = {}

    def pieces(self, part: tuple[int, int], push: PushColumns) -> list[bytes]:
        """The texts of the entities of part ``number`` of ``of``, in their order, with a comma between two."""
        number, of = part
        for left_over in [each for each in tuple(self._kept) if each[0] > of]:  # another thread may add some
            self._kept.pop(left_over, None)
        pieces = np.empty((len(push), len(self._segments) + 1), object)
        for place, segment in enumerate(self._segments):
            pieces[:, place] = self._texts((number, place), segment, push)
        pieces[:, -1] = b","
        flat: list[bytes] = pieces.ravel().tolist()
        return flat[:-1]

    def _texts(self, place: tuple[int, int], segment: Segment, push: PushColumns) -> Texts:
        columns, before = segment.columns(push), self._kept.get(place)
        numbers = np.zeros((len(columns), len(push)))
        for mine, column, decimals in zip(numbers, columns, segment.decimals, strict=True):
            mine[:] = _as_written(column, decimals)
        if before is None or before.targets != push.targets:
            rows, texts = np.arange(len(push)), np.empty(len(push), object)
        else:
            # NaN differs from itself: what is near a tie is written anew.
            rows, texts = np.flatnonzero(np.any(numbers != before.numbers, axis=0)), before.texts.copy()
        if segment.of_target:
            values = zip(*(column[rows].tolist() for column in columns), strict=True) if columns else repeat(())
            for row, each in zip(rows.tolist(), values, strict=False):
                texts[row] = segment.write(push.targets[row], *each).encode()
        elif len(rows):
            first, again = _different(numbers[:, rows])
            values = zip(*(column[rows[first]].tolist() for column in columns), strict=True)
            texts[rows] = _objects([segment.write(*each).encode() for each in values])[again]
        self._kept[place] = _Kept(push.targets, numbers, texts)
        return texts


def _different(numbers: FloatArray) -> tuple[IntArray, IntArray]:
    """Of columns of numbers, each a row of ``numbers``, the places of those that differ, and which of them each is."""
    varying = [row for row in numbers if np.any(row != row[0])]
    if not varying:
        return np.zeros(1, np.int64), np.zeros(numbers.shape[1], np.int64)
    if len(varying) == 1:
        _, first, again = np.unique(varying[0], return_index=True, return_inverse=True, equal_nan=False)
        return first, again
    known: dict[tuple[float, ...], int] = {}
    keys = zip(*(row.tolist() for row in varying), strict=True)
    again = np.fromiter((known.setdefault(key, len(known)) for key in keys), np.int64, numbers.shape[1])
    return np.unique(again, return_index=True)[1], again


def _objects(texts: Sequence[bytes]) -> Texts:
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


def _as_written(column: NDArray[Any], decimals: int | None) -> FloatArray:
    """Numbers that are equal where the texts are; NaN where binary and decimal rounding could differ."""
    if decimals is None:
        return column.astype(np.float64)
    scaled = column * 10.0**decimals
    whole = np.rint(scaled)
    near_tie = np.abs(np.abs(scaled - whole) - 0.5) < _NEAR_TIE
    return np.where(np.isnan(column), _UNKNOWN, np.where(near_tie, np.nan, whole))
