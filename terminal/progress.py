"""What a long piece of work is doing, on a terminal: a line that counts seconds, and goes away with the work."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING

from terminal.printing import status_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TICK_SECONDS = 1.0


class Doing:
    """What is being done now, in words that change as the work goes on."""

    def __init__(self, what: str) -> None:
        self.what = what

    def begin(self, what: str) -> None:
        """The next part of the work begins."""
        self.what = what


@contextlib.asynccontextmanager
async def shown_while(what: str | Doing) -> AsyncIterator[None]:
    """Show ``what`` is being done and its seconds while the block runs; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    began = time.monotonic()
    doing = Doing(what) if isinstance(what, str) else what

    async def count() -> None:
        while True:
            status_line(f"{doing.what}, {time.monotonic() - began:.0f} s")
            await asyncio.sleep(TICK_SECONDS)

    counting = asyncio.create_task(count(), name="progress")
    try:
        yield
    finally:
        counting.cancel()
        await asyncio.wait([counting])
        status_line("")
