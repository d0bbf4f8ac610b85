"""Work that lasts as long as the node: begun anew, after a pause, whenever it ends by an error."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import structlog

from cluster.backoff import Backoff
from cluster.outside_text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
CALM_SECONDS = 60.0
"""Work that lasted for so long had recovered: the next pause is the first one again."""

restarts: Counter[str] = Counter()
"""How often each work of this process was begun anew, by its name."""


async def lasting(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do ``work`` until cancelled; an error, or an end, is logged as ``task.restarted`` and does not end it.

    Pauses grow from 0.1 to 10 s. Cancellation ends it.
    """
    loop = asyncio.get_running_loop()
    backoff = Backoff(FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    while True:
        began, error = loop.time(), "it ended"
        try:
            await work()
        except Exception as failure:
            error = one_line(f"{type(failure).__name__}: {failure}")
            log.exception("task.failed", task=name)
        if loop.time() - began >= CALM_SECONDS:
            backoff.reset()
        restarts[name] += 1
        seconds = backoff.next_seconds()
        log.error("task.restarted", task=name, error=error, pause_seconds=round(seconds, 3))
        await asyncio.sleep(seconds)
