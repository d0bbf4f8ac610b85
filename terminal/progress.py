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


@contextlib.asynccontextmanager
async def shown_while(what: str) -> AsyncIterator[None]:
    """Show ``what`` and its seconds while the block runs; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    began = time.monotonic()

    async def count() -> None:
        while True:
            status_line(f"{what}, {time.monotonic() - began:.0f} s")
            await asyncio.sleep(TICK_SECONDS)

    counting = asyncio.create_task(count(), name="progress")
    try:
        yield
    finally:
        counting.cancel()
        await asyncio.wait([counting])
        status_line("")
