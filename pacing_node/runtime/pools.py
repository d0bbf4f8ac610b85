"""Threads for work beside the event loop, each kind with its own, so that none has to wait for another's.

What is not named here uses the event loop's default pool, which also resolves names for new connections.

A thread that calculates keeps the interpreter from the event loop: each time the loop has waited for the network, it
gets the interpreter back only after the switch interval. Work that anybody may ask for therefore has a share of the
time: after what took long, its thread rests.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pacing_node.runtime.allowance import Allowance

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

BURST_SECONDS = 0.2
"""Processor time that work with a share may take at once, after a rest."""


class Pool:
    """A few threads with a purpose; they are started when they are first needed."""

    def __init__(self, name: str, threads: int, share: float | None = None) -> None:
        """``share`` is the most processor time a second of all threads together; None: no bound."""
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._allowance = Allowance(share, BURST_SECONDS) if share is not None else None
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """Pieces of work that have not ended; to be asked on the event loop."""
        return self._waiting

    async def run(
        self, work: Callable[Arguments, Result], *arguments: Arguments.args, **more: Arguments.kwargs
    ) -> Result:
        """The result of work in one of the threads, as ``asyncio.to_thread`` gives it; raises what it raises."""
        context = contextvars.copy_context()
        call = partial(context.run, work, *arguments, **more)
        rested = call if self._allowance is None else partial(_rested, self._allowance, call)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, rested)
        finally:
            self._waiting -= 1


def _rested(allowance: Allowance, call: Callable[[], Result]) -> Result:
    """Rest as long as the work before asks for, then work."""
    time.sleep(allowance.take(0.0, time.monotonic()))
    began = time.thread_time()
    try:
        return call()
    finally:
        allowance.take(time.thread_time() - began, time.monotonic())


CALCULATIONS = Pool("calculation", 1)
"""What a push of very many targets may allow."""
PUSHES = Pool("push", 2)
"""Documents of pushes and of the answers to them."""
PAGES = Pool("pages", 1, share=0.1)
"""Pages of thousands of targets, one at a time: more threads would only keep the interpreter from the event loop."""
QUERIES = Pool("queries", 1, share=0.1)
"""Answers about targets as each caller asks for them: questions of one never keep the pages of others waiting."""
