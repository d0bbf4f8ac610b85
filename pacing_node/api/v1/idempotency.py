"""Orders that come twice: the same key from the same caller is carried out once, and answered twice."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MOST_KEYS = 1000
"""Orders that are remembered; the oldest is forgotten first."""
KEPT_SECONDS = 24 * 3600.0

T = TypeVar("T")


class OtherOrderError(Exception):
    """The key was used for another order."""


@dataclass(frozen=True, slots=True)
class _Given(Generic[T]):
    order: object
    at: float
    result: asyncio.Future[T]


class OnceEach(Generic[T]):
    """Carries out each order once, as far as it is asked with a key. Keys are of one node."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], _Given[T]] = OrderedDict()

    async def carry_out(
        self, caller: str, key: str, order: object, work: Callable[[], Awaitable[T]], now: float
    ) -> tuple[T, bool]:
        """The result of the order, and whether it is that of an earlier one; a failed order may be repeated.

        ``order`` is what is asked, to be compared. An order that is under way is waited for. Raises OtherOrderError,
        and what ``work`` raises.
        """
        if not key:
            return await work(), False
        place = caller, key
        known = self._given.get(place)
        if known is not None and now - known.at <= KEPT_SECONDS:
            if known.order != order:
                raise OtherOrderError
            return await asyncio.shield(known.result), True
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        result.add_done_callback(_seen)
        self._given[place] = _Given(order, now, result)
        if len(self._given) > MOST_KEYS:
            self._given.popitem(last=False)
        return await self._done(place, result, work), False

    async def _done(self, place: tuple[str, str], result: asyncio.Future[T], work: Callable[[], Awaitable[T]]) -> T:
        try:
            value = await work()
        except BaseException as error:
            self._given.pop(place, None)
            if isinstance(error, Exception):
                result.set_exception(error)
            else:
                result.cancel()
            raise
        result.set_result(value)
        return value


def _seen(result: asyncio.Future[T]) -> None:
    """Nobody has to wait for a failed order's second answer."""
    if not result.cancelled():
        result.exception()
