"""Work with ZooKeeper that is done again whenever something has changed, for as long as the node runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from cluster import errors
from cluster.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = structlog.get_logger(__name__)

RETRY_SECONDS = (0.25, 1.0)
"""First and longest pause before the work is done again after a failure."""


async def keep_up(
    what: str,
    wanted: asyncio.Event,
    work: Callable[[], Awaitable[None]],
    *,
    can_retry: Callable[[], bool] = lambda: True,
    failed: Callable[[errors.ClusterError], None] | None = None,
) -> None:
    """Do ``work`` whenever ``wanted`` is set, and again after a pause when it fails. Never returns.

    ``what`` names it in the log; ``can_retry`` returns False while only ``wanted`` can make the next attempt worth
    while; ``failed`` is called with an expected failure. Any other exception is logged and does not end the upkeep.
    """
    backoff = Backoff(*RETRY_SECONDS)
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            await work()
        except errors.ClusterError as failure:
            if failed is not None:
                failed(failure)
            log.debug("upkeep.retried", what=what, error=str(failure))
        except Exception:
            log.exception("upkeep.failed", what=what)
        else:
            backoff.reset()
            continue
        await asyncio.sleep(backoff.next_seconds())
        if can_retry():
            wanted.set()
