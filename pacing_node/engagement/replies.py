"""What a platform says of the targets of a push, as columns: one number each for thousands of targets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pacing_node.algorithms.model import FloatArray


@dataclass(frozen=True, slots=True)
class TargetReply:
    """What the platform says of one target; ``None`` where it says nothing."""

    pending: int | None = None
    acceptance_ratio: float | None = None
    positive_disposition_seconds: float | None = None
    negative_disposition_seconds: float | None = None
    error: str | None = None
    """The platform refused this target; the others hold."""


@dataclass(frozen=True, slots=True, eq=False)
class ReplyColumns(Sequence[TargetReply]):
    """Replies of many targets, in their order. Equal to any sequence of the same replies.

    Columns have one element per target; NaN where the platform says nothing.
    """

    pending: FloatArray
    acceptance_ratio: FloatArray
    positive_disposition_seconds: FloatArray
    negative_disposition_seconds: FloatArray
    errors: Mapping[int, str] = field(default_factory=dict)
    """By row the error of a target that the platform refused."""

    @classmethod
    def of(cls, replies: Sequence[TargetReply]) -> ReplyColumns:
        """The columns of these replies; themselves if they are columns already."""
        if isinstance(replies, ReplyColumns):
            return replies
        return cls(
            _column([each.pending for each in replies]),
            _column([each.acceptance_ratio for each in replies]),
            _column([each.positive_disposition_seconds for each in replies]),
            _column([each.negative_disposition_seconds for each in replies]),
            {row: each.error for row, each in enumerate(replies) if each.error is not None},
        )

    @classmethod
    def from_numbers(cls, numbers: Sequence[FloatArray], errors: Mapping[int, str]) -> ReplyColumns:
        """Replies of four columns of numbers, in the order of :class:`TargetReply`'s fields."""
        pending, ratio, positive, negative = numbers
        return cls(pending, ratio, positive, negative, errors)

    @classmethod
    def joined(cls, parts: Sequence[Sequence[TargetReply]]) -> ReplyColumns:
        """The replies of several parts, one after the other."""
        columns = [cls.of(part) for part in parts]
        starts = np.cumsum([0, *(len(each) for each in columns)]).tolist()
        numbers = [np.concatenate([_NOTHING, *(each.numbers[column] for each in columns)]) for column in range(4)]
        errors = {
            start + row: error
            for start, each in zip(starts, columns, strict=False)
            for row, error in each.errors.items()
        }
        return cls.from_numbers(numbers, errors)

    @property
    def numbers(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """The columns of numbers, in the order of :class:`TargetReply`'s fields."""
        return (
            self.pending,
            self.acceptance_ratio,
            self.positive_disposition_seconds,
            self.negative_disposition_seconds,
        )

    @property
    def error_texts(self) -> tuple[str, ...]:
        """Per target its error, empty where it has none; an empty tuple when none has."""
        if not any(self.errors.values()):
            return ()
        return tuple(self.errors.get(row, "") for row in range(len(self)))

    def with_errors(self, change: Callable[[str], str]) -> ReplyColumns:
        """The same replies with other words for the errors."""
        if not self.errors:
            return self
        return self.from_numbers(self.numbers, {row: change(error) for row, error in self.errors.items()})

    def __len__(self) -> int:
        return len(self.pending)

    @overload
    def __getitem__(self, index: int) -> TargetReply: ...
    @overload
    def __getitem__(self, index: slice) -> ReplyColumns: ...

    def __getitem__(self, index: int | slice) -> TargetReply | ReplyColumns:
        if isinstance(index, slice):
            rows = range(len(self))[index]
            errors = {place: self.errors[row] for place, row in enumerate(rows) if row in self.errors}
            return self.from_numbers([column[index] for column in self.numbers], errors)
        row = range(len(self))[index]
        pending, ratio, positive, negative = (_said(column[row]) for column in self.numbers)
        return TargetReply(None if pending is None else int(pending), ratio, positive, negative, self.errors.get(row))

    def __iter__(self) -> Iterator[TargetReply]:
        return (self[row] for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == its for mine, its in zip(self, other, strict=True))

    def __hash__(self) -> int:
        raise TypeError("columns are not hashable")


_NOTHING: FloatArray = np.zeros(0)


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _said(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
