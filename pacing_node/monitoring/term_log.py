"""Counts the terms of this node by how they ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.mastership import EndCause, Mastership


class TermLog:
    """Watches one node's mastership until its task is cancelled."""

    def __init__(self, mastership: Mastership) -> None:
        self._mastership = mastership
        self.ended: Counter[str] = Counter()
        """Ends by cause."""
        self.newest_cause: EndCause | None = None
        """Why the newest term of this node ended; None before the first end."""

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            term = await self._mastership.wait_for_term()
            await term.ended.wait()
            self.newest_cause = term.cause
            cause = term.cause.value if term.cause else "unknown"
            self.ended[cause] += 1
