"""One bounded queue and one task for every receiver: adding never waits, delivery is tried until it works.

Within its bound nothing is lost while the receiver is down. Beyond it the oldest go first: the newest say how
things are now. Delivery is at least once; a receiver may see something twice when an answer was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from cluster.backoff import Backoff
from cluster.tasks import cancel, spawn
from pacing_node.runtime.failures import innermost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

log = structlog.get_logger(__name__)

T = TypeVar("T")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0


class DeliveryError(Exception):
    """A receiver did not take what was sent."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        """True when it never will, however often it is tried."""


class Outbox(Generic[T]):
    """Hands items to ``deliver`` in their order, in batches; ``deliver`` raises DeliveryError when it fails."""

    def __init__(
        self,
        name: str,
        deliver: Callable[[Sequence[T]], Awaitable[None]],
        *,
        capacity: int = 1000,
        batch: int = 100,
        first_delay_seconds: float = FIRST_DELAY_SECONDS,
        longest_delay_seconds: float = LONGEST_DELAY_SECONDS,
    ) -> None:
        """``capacity`` bounds what waits, what is on its way included."""
        self.name = name
        self._deliver = deliver
        self._capacity = capacity
        self._batch = batch
        self._backoff = Backoff(first_delay_seconds, longest_delay_seconds)
        self._queue: deque[T] = deque()
        self._under_way: list[T] = []
        self._singly = 0
        """Items still to be sent one by one: among them is one that spoiled a batch."""
        self._arrived = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._task: asyncio.Task[None] | None = None
        self.delivered = 0
        self.dropped = 0
        """Items given up: beyond the bound, or refused for good."""
        self.trouble = ""
        """Why the newest attempt failed; empty when it was well."""

    @property
    def waiting(self) -> int:
        """Items not yet delivered."""
        return len(self._queue) + len(self._under_way)

    def start(self) -> None:
        """Begin to deliver."""
        self._task = spawn(f"outbox.{self.name}", self._run())

    def offer(self, item: T) -> None:
        """Queue an item; never waits."""
        if self.waiting >= self._capacity and self._queue:
            self._queue.popleft()
            self._drop(1, "the queue is full")
        self._queue.append(item)
        self._empty.clear()
        self._arrived.set()

    async def stop(self, seconds: float) -> None:
        """Give what waits ``seconds`` more to get out, then end."""
        if not self.trouble:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._empty.wait()
        await cancel(self._task)
        if self.waiting:
            log.warning("outbox.abandoned", outbox=self.name, items=self.waiting, reason=self.trouble)

    def take_over(self, other: Outbox[T]) -> None:
        """Put before everything else what a stopped predecessor could not deliver."""
        self._queue.extendleft(reversed([*other._under_way, *other._queue]))
        other._under_way, other._queue = [], deque()
        if (excess := self.waiting - self._capacity) > 0:
            for _ in range(min(excess, len(self._queue))):
                self._queue.popleft()
            self._drop(excess, "the queue is full")
        if self._queue:
            self._empty.clear()
            self._arrived.set()

    async def _run(self) -> None:
        while True:
            await self._next_batch()
            try:
                await self._deliver(self._under_way)
            except DeliveryError as error:
                if not error.permanent:
                    self._fail(str(error))
                    await asyncio.sleep(self._backoff.next_seconds())
                    continue
                self._give_up(str(error))
            except Exception as error:  # one item that cannot be sent must not end the delivery of all others
                log.error("outbox.unexpected", outbox=self.name, kind=type(error).__name__, where=innermost(error))
                self._give_up(f"unexpected {type(error).__name__}")
            else:
                self.delivered += len(self._under_way)
                self._succeed()
            self._backoff.reset()
            self._singly = max(0, self._singly - len(self._under_way))
            self._under_way = []
            if not self._queue:
                self._empty.set()

    def _give_up(self, reason: str) -> None:
        """What will never be taken goes; of a batch only those items that are refused alone too."""
        if len(self._under_way) == 1:
            self._drop(1, reason)
            return
        self._singly = 2 * len(self._under_way)  # this attempt is counted as well
        self._queue.extendleft(reversed(self._under_way))

    async def _next_batch(self) -> None:
        while not self._queue and not self._under_way:
            self._arrived.clear()
            await self._arrived.wait()
        most = 1 if self._singly else self._batch
        while self._queue and len(self._under_way) < most:
            self._under_way.append(self._queue.popleft())

    def _fail(self, reason: str) -> None:
        if not self.trouble:
            log.warning("outbox.receiver_down", outbox=self.name, reason=reason)
        self.trouble = reason

    def _succeed(self) -> None:
        if self.trouble:
            log.info("outbox.receiver_up", outbox=self.name, waiting=len(self._queue))
        self.trouble = ""

    _told_at = -float("inf")

    def _drop(self, count: int, reason: str) -> None:
        """Count what is given up, and say so at most once a minute."""
        self.dropped += count
        if time.monotonic() - self._told_at > 60.0:
            self._told_at = time.monotonic()
            log.error("outbox.dropped", outbox=self.name, dropped=self.dropped, reason=reason)
