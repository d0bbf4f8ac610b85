"""Builds what the engagement platform is sent from what a cycle calculated."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.algorithms.model import Reason
from pacing_node.engagement.platform import TargetPush

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray, Snapshot
    from pacing_node.cycle.pacing_state import CycleResult, PacingState

_CODES = {int(reason): reason.code for reason in Reason}


def build_push(
    state: PacingState, cycle: CycleResult, interval_seconds: float, rows: IntArray | None = None
) -> tuple[TargetPush, ...]:
    """One entry per target, in row order; of these rows only, where they are given.

    Rows without valid statistics carry zeros for what is not known.
    """
    snapshot, result = cycle.snapshot, cycle.result
    wait = estimated_wait_seconds(snapshot, result.estimates.handle_seconds)
    chosen = slice(None) if rows is None else rows
    all_targets = state.targets.targets
    targets = all_targets if rows is None else tuple(all_targets[row] for row in rows.tolist())
    known = snapshot.valid[chosen]
    # In the order of TargetPush's fields.
    entries = zip(
        targets,
        result.invitations[chosen].tolist(),
        repeat(interval_seconds, len(targets)),
        _known(result.inbound_portion[chosen]),
        _known(wait[chosen]),
        _counts(snapshot.logged_in[chosen], known),
        _counts(snapshot.ready[chosen], known),
        _counts(snapshot.waiting[chosen], known),
        _counts(state.accepted_total[chosen], None),
        _counts(state.abandoned_total[chosen], None),
        map(_CODES.__getitem__, result.reason[chosen].tolist()),
        strict=True,
    )
    return tuple(map(TargetPush._make, entries))


def estimated_wait_seconds(snapshot: Snapshot, handle_seconds: FloatArray) -> FloatArray:
    """Wait of a visitor who joins now: the place behind those who wait, over the rate at which slots become free.

    0 while a slot is free; NaN where nobody is at work or the statistics are not valid. Little's law with exponential
    handle times: the k-th visitor in line waits k·H/n on average.
    """
    slots = snapshot.ready + snapshot.busy
    place = np.maximum(snapshot.waiting + 1.0 - snapshot.ready, 0.0)
    usable = snapshot.valid & (slots > 0.0)
    return np.where(usable, place * handle_seconds / np.where(usable, slots, 1.0), np.nan)


def _known(column: FloatArray) -> list[float | None]:
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124 - NaN alone differs


def _counts(column: FloatArray, known: BoolArray | None) -> list[int]:
    values = column if known is None else np.where(known, column, 0.0)
    counts: list[int] = np.rint(np.nan_to_num(values)).astype(np.int64).tolist()
    return counts
