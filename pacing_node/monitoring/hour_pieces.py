"""The last hour in pieces: as a node hands it to another one, and as that one takes it. Pure.

A piece is one slot of time, so neither side holds more than that beside its own hour.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError

from cluster.errors import StalePiecesError
from pacing_node.monitoring.last_hour import COLUMNS, OUTCOMES, SLOT_SECONDS
from pacing_node.rpc.last_hour_pb2 import HourHead, HourPiece, HourSlot, HourTail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from pacing_node.monitoring.last_hour import LastHour

    Table = NDArray[np.float32]

TOPIC = "pacing.v1.LastHour"
"""What the pieces are asked for by."""
_WIRE = "<f4"


def pieces(hour: LastHour) -> Iterator[bytes]:
    """The hour as it is now; each piece is made when the one before has been taken.

    Raises StalePiecesError when the targets change in between.
    """
    names = hour.names
    since = hour.complete_since or 0.0
    yield _packed(head=HourHead(targets=names, columns=COLUMNS, slot_seconds=SLOT_SECONDS, complete_since=since))
    for place in hour.places(hour.newest_at):
        if hour.names is not names:
            raise StalePiecesError("the targets have changed")
        yield _packed(slot=_slot(hour, place))
    # The newest slot may have grown, and another one begun, since they were sent.
    for place in hour.places(hour.newest_at)[-2:]:
        yield _packed(slot=_slot(hour, place))
    yield _packed(tail=_tail(hour))


def _slot(hour: LastHour, place: int) -> HourSlot:
    values = np.stack([hour.columns[name][place] for name in COLUMNS])
    totals = [float(hour.totals[name][place]) for name in OUTCOMES]
    return HourSlot(number=int(hour.slots[place]), values=values.astype(_WIRE).tobytes(), totals=totals)


def _tail(hour: LastHour) -> HourTail:
    columns = [hour.day[name] for name in OUTCOMES] + [hour.differences.columns[name] for name in OUTCOMES]
    return HourTail(
        epoch=hour.differences.epoch or 0,
        calculated_at=hour.newest_at,
        day_began_at=hour.day_began_at,
        day_complete_since=hour.day_complete_since,
        day_totals=[hour.day_totals[name] for name in OUTCOMES],
        values=np.stack(columns).astype(_WIRE).tobytes(),
    )


def _packed(*, head: HourHead | None = None, slot: HourSlot | None = None, tail: HourTail | None = None) -> bytes:
    return HourPiece(head=head, slot=slot, tail=tail).SerializeToString()


class HourTaker:
    """Takes the pieces of another node into the hour of this one; what is half taken is whole slots."""

    def __init__(self, hour: LastHour) -> None:
        self._hour = hour
        self._head: HourHead | None = None
        self._names: tuple[str, ...] = ()
        self._own: NDArray[np.intp] = np.zeros(0, np.intp)
        """Rows here of the targets that both know; the next one has their rows there."""
        self._theirs: NDArray[np.intp] = self._own
        self.done = False
        """Whether the tail has been taken."""

    def take(self, body: bytes) -> bool:
        """Take a piece; whether the next ones are of use here.

        Raises ValueError for one that cannot be read: a node of another version.
        """
        piece = HourPiece()
        try:
            piece.ParseFromString(body)
        except DecodeError as error:
            raise ValueError(f"not a piece of the last hour: {error}") from None
        if piece.HasField("head"):
            return self._begin(piece.head)
        if self._head is None:
            raise ValueError("the last hour begins without its head")
        if piece.HasField("slot"):
            self._take_slot(piece.slot)
        elif piece.HasField("tail"):
            self._end(piece.tail)
        return not self.done

    def _begin(self, head: HourHead) -> bool:
        if tuple(head.columns) != COLUMNS or head.slot_seconds != SLOT_SECONDS:
            raise ValueError("the last hour has other columns or slots than here")
        hour, since = self._hour, head.complete_since
        own_since = math.inf if hour.complete_since is None else hour.complete_since
        if not 0.0 < since < own_since - SLOT_SECONDS:
            return False
        if not hour.names:
            hour.follow(tuple(head.targets))
        both = [(hour.rows[name], row) for row, name in enumerate(head.targets) if name in hour.rows]
        if both:
            self._own, self._theirs = (np.array(rows, np.intp) for rows in zip(*both, strict=True))
        self._head, self._names = head, hour.names
        return True

    def _take_slot(self, slot: HourSlot) -> None:
        values = self._table(slot.values, len(COLUMNS))
        place = self._hour.place(slot.number)
        if place is None:
            return  # it is of the hour before, and has been overwritten here
        for name, row in zip(COLUMNS, values, strict=True):
            self._hour.columns[name][place, self._own] = row[self._theirs]
        for name, total in zip(OUTCOMES, slot.totals, strict=True):
            self._hour.totals[name][place] = total

    def _end(self, tail: HourTail) -> None:
        """What this node counted itself of newer slots is counted anew from the newest record."""
        values, hour = self._table(tail.values, 2 * len(OUTCOMES)), self._hour
        newest = int(tail.calculated_at // SLOT_SECONDS)
        hour.slots[hour.slots > newest] = -1
        if tail.day_began_at >= hour.day_began_at:
            hour.day_began_at, hour.day_complete_since = tail.day_began_at, tail.day_complete_since
            for name, row, total in zip(OUTCOMES, values[: len(OUTCOMES)], tail.day_totals, strict=True):
                hour.day[name][self._own] = row[self._theirs]
                hour.day_totals[name] = total
        hour.differences.epoch = tail.epoch or None
        for name, row in zip(OUTCOMES, values[len(OUTCOMES) :], strict=True):
            hour.differences.columns[name][self._own] = row[self._theirs]
        hour.complete_since = self._head.complete_since if self._head is not None else None
        hour.newest_at = tail.calculated_at
        self.done = True

    def _table(self, values: bytes, rows: int) -> Table:
        """Raises ValueError when the sizes do not fit, or the targets here have changed meanwhile."""
        targets = len(self._head.targets) if self._head is not None else 0
        if len(values) != 4 * rows * targets:
            raise ValueError(f"the last hour has {len(values)} bytes where {4 * rows * targets} were expected")
        if self._hour.names is not self._names:
            raise ValueError("the targets have changed meanwhile")
        return np.frombuffer(values, _WIRE).reshape(rows, targets).astype(np.float32, copy=False)
