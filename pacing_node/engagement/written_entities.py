"""Entities of a full push, of which only what changed is written anew: the rest is kept as text. Pure.

An entity is written in segments. Between two pushes counts and waits change for most targets and have few different
values; raw statistics change for few targets; the opening hardly ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from pacing_node.algorithms.model import FloatArray
    from pacing_node.engagement.push_columns import PushColumns
    from pacing_node.targets import PacingTarget

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
    texts: Sequence[bytes]


class WrittenEntities:
    """Keeps the texts of the newest push, part by part."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        """An entity is the texts of the segments, one after the other."""
        self._segments = segments
        self._kept: dict[tuple[int, int], _Kept] = {}

    def entities(self, part: tuple[int, int], push: PushColumns) -> Iterator[bytes]:
        """The entities of part ``number`` of ``of``, in their order."""
        number, of = part
        for left_over in [each for each in self._kept if each[0] > of]:
            del self._kept[left_over]
        texts = [self._texts((number, place), segment, push) for place, segment in enumerate(self._segments)]
        return map(b"".join, zip(*texts, strict=True))

    def _texts(self, place: tuple[int, int], segment: Segment, push: PushColumns) -> Sequence[bytes]:
        columns, before = segment.columns(push), self._kept.get(place)
        numbers = np.zeros((len(columns), len(push)))
        for mine, column, decimals in zip(numbers, columns, segment.decimals, strict=True):
            mine[:] = _as_written(column, decimals)
        texts: list[bytes]
        values: Iterable[tuple[Any, ...]]
        if before is None or before.targets != push.targets:
            rows, texts = np.arange(len(push)), [b""] * len(push)
        else:
            # NaN differs from itself: what is near a tie is written anew.
            rows, texts = np.flatnonzero(np.any(numbers != before.numbers, axis=0)), list(before.texts)
        values = zip(*(column[rows].tolist() for column in columns), strict=True) if columns else repeat((), len(rows))
        if segment.of_target:
            for row, each in zip(rows.tolist(), values, strict=True):
                texts[row] = segment.write(push.targets[row], *each).encode()
        else:
            _fill(texts, rows.tolist(), zip(*numbers[:, rows].tolist(), strict=True), values, segment.write)
        self._kept[place] = _Kept(push.targets, numbers, texts)
        return texts


def _fill(
    texts: list[bytes],
    rows: list[int],
    keys: Iterable[tuple[float, ...]],
    values: Iterable[tuple[Any, ...]],
    write: Callable[..., str],
) -> None:
    """Write these rows; what has the same numbers as another row is written once."""
    known: dict[tuple[float, ...], bytes] = {}
    for row, key, each in zip(rows, keys, values, strict=True):
        text = known.get(key)
        if text is None:
            text = known[key] = write(*each).encode()
        texts[row] = text


def _as_written(column: NDArray[Any], decimals: int | None) -> FloatArray:
    """Numbers that are equal where the texts are; NaN where binary and decimal rounding could differ."""
    if decimals is None:
        return column.astype(np.float64)
    scaled = column * 10.0**decimals
    whole = np.rint(scaled)
    near_tie = np.abs(np.abs(scaled - whole) - 0.5) < _NEAR_TIE
    return np.where(np.isnan(column), _UNKNOWN, np.where(near_tie, np.nan, whole))
