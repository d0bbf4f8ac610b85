"""A reader who does no harm: asks every node for its pages all the while, and keeps what it waited for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from cluster.tasks import cancel, spawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.harness.node_files import NodePlan

_EVERY_SECONDS = 0.25
_PATIENCE_SECONDS = 30.0
_PAGES = ("/liveness", "/liveness", "/liveness", "/cluster", "/liveness", "/targets", "/liveness", "/alarms")
"""Asked in turn. `/readiness`, `/master` and `/standby` answer 503 by their meaning, and are not among them."""
_MOST_KEPT = 100


class Bystander:
    """Asks over connections of its own, one for each request, as a load balancer or a browser would."""

    def __init__(self, plans: Sequence[NodePlan]) -> None:
        self.answer_seconds = 0.0
        """Longest wait for a whole answer of `/liveness`; a request that got none has waited until it was given up."""
        self.server_errors: list[str] = []
        self.unanswered = 0
        self._plans = list(plans)
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Ask from now on."""
        self._tasks = [spawn(f"bystander.{plan.name}", self._ask_on(plan)) for plan in self._plans]

    async def end(self) -> None:
        """Ask no more."""
        await cancel(*self._tasks)

    async def _ask_on(self, plan: NodePlan) -> None:
        number = 0
        while True:
            await self._ask(plan, _PAGES[number % len(_PAGES)])
            number += 1
            await asyncio.sleep(_EVERY_SECONDS)

    async def _ask(self, plan: NodePlan, path: str) -> None:
        began = time.monotonic()
        status = 0
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status = await _status(plan, path)
        waited = time.monotonic() - began
        if path == "/liveness":
            # What is refused at once is no answer either, and no wait that could be measured.
            self.answer_seconds = max(self.answer_seconds, waited)
        if status == 0:
            self.unanswered += 1
        if status >= 500 and len(self.server_errors) < _MOST_KEPT:
            self.server_errors.append(f"{status} {plan.name}{path}")


async def _status(plan: NodePlan, path: str) -> int:
    """The status of a page that was read to its end. Raises OSError, ValueError."""
    reader, writer = await asyncio.open_connection(plan.host, plan.http_port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {plan.host}\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        line = await reader.readline()
        while await reader.read(65536):
            pass
        return int(line.split()[1]) if line.startswith(b"HTTP/") else 0
    finally:
        writer.transport.abort()
