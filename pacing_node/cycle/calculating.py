"""The calculation of one cycle: on the event loop where that is short, else in a thread."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from pacing_node.runtime.pools import CALCULATIONS

if TYPE_CHECKING:
    from pacing_node.algorithms.model import Snapshot
    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.pacing_state import CycleResult, PacingState

MOST_ON_LOOP = 20_000
"""Targets whose calculation takes some ten milliseconds: on a busy machine a thread would cost more than it spares."""


async def calculated(state: PacingState, snapshot: Snapshot, now: float, holds: Holds | None) -> CycleResult:
    """What may be sent, as :meth:`PacingState.calculate` gives it.

    In a thread other tasks go on meanwhile, so the caller must look again whether it still leads. One that is cancelled
    waits for the end of the calculation: nobody may use the state before.
    """
    if len(state.targets.names) <= MOST_ON_LOOP:
        return state.calculate(snapshot, now, holds)
    working = asyncio.ensure_future(CALCULATIONS.run(state.calculate, snapshot, now, holds))
    try:
        return await asyncio.shield(working)
    finally:
        while not working.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([working])
