"""Background tasks with a name and a guard: none of them ends unnoticed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = structlog.get_logger(__name__)

_alive: set[asyncio.Task[Any]] = set()


def spawn(
    name: str,
    work: Coroutine[Any, Any, Any],
    *,
    finite: bool = False,
    on_failure: Callable[[BaseException], None] | None = None,
) -> asyncio.Task[Any]:
    """Start ``work`` as a task named ``name`` on the running loop and hold a reference until it ends.

    An exception is logged as ``task.failed`` and passed to ``on_failure``; an end without one is logged as
    ``task.ended`` unless the work is ``finite``. Cancellation is a wanted end and logs nothing.
    """

    def ended(task: asyncio.Task[Any]) -> None:
        _alive.discard(task)
        if task.cancelled():
            return
        failure = task.exception()
        if failure is not None:
            log.error("task.failed", task=name, error=repr(failure), exc_info=failure)
            if on_failure is not None:
                on_failure(failure)
        elif not finite:
            log.error("task.ended", task=name)

    task = asyncio.get_running_loop().create_task(work, name=name)
    _alive.add(task)
    task.add_done_callback(ended)
    return task


async def cancel(*tasks: asyncio.Task[Any] | None, timeout_seconds: float = 5.0) -> None:
    """Cancel tasks and wait, at most ``timeout_seconds``, until they have ended.

    A task that does not end in time is logged as ``task.stuck`` and left behind. Exceptions of the tasks are not raised
    here: the guard of :func:`spawn` has logged them.
    """
    running = [task for task in tasks if task is not None and not task.done() and task is not asyncio.current_task()]
    for task in running:
        task.cancel()
    if not running:
        return
    _, late = await asyncio.wait(running, timeout=timeout_seconds)
    for task in late:
        log.error("task.stuck", task=task.get_name(), waited_seconds=timeout_seconds)
