"""Pages that cost something are made one at a time, however many ask for them, and kept while they are true."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from cluster.clock import boot_seconds
from cluster.tasks import spawn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Page = TypeVar("Page")


@dataclass(frozen=True, slots=True)
class Rendering(Generic[Page]):
    """A page, and how old it is."""

    page: Page
    made_at: float
    """Time on the clock of leases at which the making began, in seconds."""

    @property
    def age_seconds(self) -> int:
        """Whole seconds since then, as the header ``Age`` has them."""
        return int(boot_seconds() - self.made_at)


class KeptPage(Generic[Page]):
    """One page, kept as long as it is made from the same things and is not too old."""

    def __init__(self, most_seconds: float = float("inf")) -> None:
        """An older page than ``most_seconds`` is made anew."""
        self._most_seconds = most_seconds
        self._sources: tuple[object, ...] = ()
        self._making: asyncio.Task[Rendering[Page]] | None = None

    async def get(self, make: Callable[[], Awaitable[Page]], *sources: object) -> Rendering[Page]:
        """The page made from ``sources``, which never change and are compared by identity. Raises what making raises.

        Whoever asks while it is made waits for that one, also when the first who asked has gone.
        """
        while not self.fits(*sources) and self._making is not None and not self._making.done():
            await asyncio.wait({self._making})
        if not self.fits(*sources) or self._making is None:
            self._sources = sources
            self._making = spawn("page", self._made(make), finite=True)
        return await asyncio.shield(self._making)

    @property
    def made(self) -> Page | None:
        """The page that is kept; None before the first, and while one is made."""
        making = self._making
        failed = making is None or not making.done() or making.cancelled() or making.exception() is not None
        return None if failed or making is None else making.result().page

    def fits(self, *sources: object) -> bool:
        """Whether what is made from these sources, or was, can be used."""
        making = self._making
        if making is None or len(sources) != len(self._sources):
            return False
        if any(mine is not theirs for mine, theirs in zip(sources, self._sources, strict=True)):
            return False
        if not making.done():
            return True
        failed = making.cancelled() or making.exception() is not None
        return not failed and boot_seconds() - making.result().made_at < self._most_seconds

    async def _made(self, make: Callable[[], Awaitable[Page]]) -> Rendering[Page]:
        began = boot_seconds()
        return Rendering(await make(), began)


class OneAtATime(Generic[Page]):
    """Work that is done for all who ask at once; everybody gets a result whose work began after they had asked."""

    def __init__(self, work: Callable[[], Awaitable[Page]]) -> None:
        self._work = work
        self._running: asyncio.Task[Page] | None = None
        self._next: asyncio.Task[Page] | None = None

    async def get(self) -> Page:
        """The result. Raises what the work raises."""
        if self._next is None:
            self._next = spawn("page", self._after(self._running), finite=True)
        return await asyncio.shield(self._next)

    async def _after(self, running: asyncio.Task[Page] | None) -> Page:
        if running is not None:
            await asyncio.wait({running})
        self._running, self._next = self._next, None
        return await self._work()
