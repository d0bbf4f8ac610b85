"""What a cycle works out of all targets: on the event loop where that is short, else in a thread."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pacing_node.runtime.pools import CALCULATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.algorithms.model import Snapshot
    from pacing_node.cycle.holds import Holds
    from pacing_node.cycle.pacing_state import CycleResult, PacingState

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

MOST_ON_LOOP = 20_000
"""Targets whose calculation takes some ten milliseconds: on a busy machine a thread would cost more than it spares."""


async def worked_out(
    targets: int, work: Callable[Arguments, Result], *arguments: Arguments.args, **more: Arguments.kwargs
) -> Result:
    """The result of work on so many targets; raises what it raises.

    In a thread other tasks go on meanwhile, so the caller must look again whether it still leads, and hand over nothing
    that others change. One that is cancelled waits for the end of the work: nobody may use the state before.
    """
    if targets <= MOST_ON_LOOP:
        return work(*arguments, **more)
    working = asyncio.ensure_future(CALCULATIONS.run(work, *arguments, **more))
    try:
        return await asyncio.shield(working)
    finally:
        while not working.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([working])


async def calculated(state: PacingState, snapshot: Snapshot, now: float, holds: Holds | None) -> CycleResult:
    """What may be sent, as :meth:`PacingState.calculate` gives it."""
    return await worked_out(len(state.targets.names), state.calculate, snapshot, now, holds)
