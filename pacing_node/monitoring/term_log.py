"""Counts the terms of this node by how they ended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from cluster.mastership import Mastership

log = structlog.get_logger(__name__)


class TermLog:
    """Watches one node's mastership until its task is cancelled."""

    def __init__(self, mastership: Mastership) -> None:
        self._mastership = mastership
        self.begun = 0
        self.ended: Counter[str] = Counter()
        """Ends by cause."""

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            term = await self._mastership.wait_for_term()
            self.begun += 1
            log.info("term.began", epoch=term.epoch)
            await term.ended.wait()
            cause = term.cause.value if term.cause else "unknown"
            self.ended[cause] += 1
            log.info("term.ended", epoch=term.epoch, cause=cause)
