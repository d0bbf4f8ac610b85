"""Builds what the engagement platform is sent from what a cycle calculated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pacing_node.engagement.push_columns import PushColumns

if TYPE_CHECKING:
    from pacing_node.algorithms.model import BoolArray, FloatArray, IntArray, Snapshot
    from pacing_node.cycle.pacing_state import CycleResult, PacingState


def build_push(
    state: PacingState, cycle: CycleResult, interval_seconds: float, rows: IntArray | None = None
) -> PushColumns:
    """One entry per target, in row order; of these rows only, where they are given.

    Rows without valid statistics carry zeros for what is not known.
    """
    snapshot, result = cycle.snapshot, cycle.result
    known = snapshot.valid
    columns = PushColumns(
        targets=state.targets.targets,
        interval_seconds=interval_seconds,
        invitations=result.invitations,
        inbound_portion=result.inbound_portion,
        estimated_wait_seconds=estimated_wait_seconds(snapshot, result.estimates.handle_seconds),
        logged_in=_counts(snapshot.logged_in, known),
        ready=_counts(snapshot.ready, known),
        waiting=_counts(snapshot.waiting, known),
        accepted_total=_counts(state.accepted_total, None),
        abandoned_total=_counts(state.abandoned_total, None),
        reason=result.reason,
    )
    return columns if rows is None else columns.take(rows)


def estimated_wait_seconds(snapshot: Snapshot, handle_seconds: FloatArray) -> FloatArray:
    """Wait of a visitor who joins now: the place behind those who wait, over the rate at which slots become free.

    0 while a slot is free; NaN where nobody is at work or the statistics are not valid. Little's law with exponential
    handle times: the k-th visitor in line waits k·H/n on average.
    """
    slots = snapshot.ready + snapshot.busy
    place = np.maximum(snapshot.waiting + 1.0 - snapshot.ready, 0.0)
    usable = snapshot.valid & (slots > 0.0)
    return np.where(usable, place * handle_seconds / np.where(usable, slots, 1.0), np.nan)


def _counts(column: FloatArray, known: BoolArray | None) -> IntArray:
    values = column if known is None else np.where(known, column, 0.0)
    counts: IntArray = np.rint(np.nan_to_num(values)).astype(np.int64)
    return counts
