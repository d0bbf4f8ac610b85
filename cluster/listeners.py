"""Callbacks that are called when something has happened: the one way in which this library reports events."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Generic, ParamSpec

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

P = ParamSpec("P")


class Listeners(Generic[P]):
    """The callbacks for one kind of event, called on the event loop in the order in which they were added.

    A callback must not block. One that raises is logged and does not keep the others from being called, nor whoever
    reports the event from going on.
    """

    def __init__(self, event: str) -> None:
        """``event`` names it in the log."""
        self._event = event
        self._callbacks: list[Callable[P, None]] = []

    def add(self, callback: Callable[P, None]) -> Callable[[], None]:
        """Call back at each event from now on; returns the function that ends this."""
        self._callbacks.append(callback)

        def remove() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return remove

    def notify(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call all of them."""
        for callback in tuple(self._callbacks):
            self.notify_one(callback, *args, **kwargs)

    def notify_one(self, callback: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call one of them, unless it has been removed."""
        if callback not in self._callbacks:
            return
        try:
            callback(*args, **kwargs)
        except Exception:
            log.exception("listener.failed", listened_to=self._event)
