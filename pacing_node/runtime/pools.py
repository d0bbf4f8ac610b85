"""Threads for work beside the event loop, each kind with its own, so that none has to wait for another's.

What is not named here uses the event loop's default pool, which also resolves names for new connections.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Pool:
    """A few threads with a purpose; they are started when they are first needed."""

    def __init__(self, name: str, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(
        self, work: Callable[Arguments, Result], *arguments: Arguments.args, **more: Arguments.kwargs
    ) -> Result:
        """The result of work in one of the threads, as ``asyncio.to_thread`` gives it; raises what it raises."""
        context = contextvars.copy_context()
        call = partial(context.run, work, *arguments, **more)
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


PUSHES = Pool("push", 2)
"""Documents of pushes and of the answers to them."""
PAGES = Pool("pages", 1)
"""Pages of thousands of targets, one at a time: more threads would only keep the interpreter from the event loop."""
