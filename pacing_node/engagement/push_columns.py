"""What a push allows, as columns: one array for each number of thousands of targets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, overload

import numpy as np

from pacing_node.algorithms.model import Reason
from pacing_node.engagement.platform import TargetPush

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacing_node.algorithms.model import FloatArray, IntArray
    from pacing_node.targets import PacingTarget

_CODES = {int(reason): reason.code for reason in Reason}


@dataclass(frozen=True, slots=True, eq=False)
class PushColumns(Sequence[TargetPush]):
    """The fields of :class:`TargetPush`, a column each; one element per target, NaN for what is not known.

    A sequence of ``TargetPush`` for who wants single targets; each is made when it is asked for.
    """

    targets: tuple[PacingTarget, ...]
    interval_seconds: float
    invitations: IntArray
    inbound_portion: FloatArray
    estimated_wait_seconds: FloatArray
    logged_in: IntArray
    ready: IntArray
    waiting: IntArray
    accepted_total: IntArray
    abandoned_total: IntArray
    reason: IntArray
    """Numbers of ``Reason``."""

    @property
    def arrays(self) -> tuple[IntArray | FloatArray, ...]:
        """The columns that are arrays, in the order of ``TargetPush``'s fields."""
        return (
            self.invitations,
            self.inbound_portion,
            self.estimated_wait_seconds,
            self.logged_in,
            self.ready,
            self.waiting,
            self.accepted_total,
            self.abandoned_total,
            self.reason,
        )

    def take(self, rows: IntArray) -> PushColumns:
        """These rows alone, in this order."""
        return self._chosen(tuple(self.targets[row] for row in rows.tolist()), rows)

    def __len__(self) -> int:
        return len(self.targets)

    @overload
    def __getitem__(self, index: int) -> TargetPush: ...
    @overload
    def __getitem__(self, index: slice) -> PushColumns: ...

    def __getitem__(self, index: int | slice) -> TargetPush | PushColumns:
        if isinstance(index, slice):
            return self._chosen(self.targets[index], index)
        return next(iter(self.take(np.array([range(len(self))[index]], np.int64))))

    def __iter__(self) -> Iterator[TargetPush]:
        invitations, portion, wait, *counts, reason = (column.tolist() for column in self.arrays)
        rows = zip(
            self.targets,
            invitations,
            repeat(self.interval_seconds, len(self)),
            map(_known, portion),
            map(_known, wait),
            *counts,
            map(_CODES.__getitem__, reason),
            strict=True,
        )
        return map(TargetPush._make, rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        raise TypeError("columns are not hashable")

    def _chosen(self, targets: tuple[PacingTarget, ...], rows: slice | IntArray) -> PushColumns:
        return PushColumns(
            targets,
            self.interval_seconds,
            self.invitations[rows],
            self.inbound_portion[rows],
            self.estimated_wait_seconds[rows],
            self.logged_in[rows],
            self.ready[rows],
            self.waiting[rows],
            self.accepted_total[rows],
            self.abandoned_total[rows],
            self.reason[rows],
        )


def _known(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124 - NaN alone differs
