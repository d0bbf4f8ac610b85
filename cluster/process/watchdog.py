"""Ends the process when its event loop is frozen.

ZooKeeper's client has threads of its own: they keep the session, and with it the mastership, alive while the loop that
should act hangs. A frozen master is worth less than none, so a thread watches the loop and ends the process; its
supervisor, or the session time-out, does the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_STATUS = 70
"""Exit status of a process ended by its watchdog (``EX_SOFTWARE`` of sysexits.h)."""
_BEATS_PER_LIMIT = 10
_STANDARD_ERROR = 2


def end_process(frozen_seconds: float) -> None:
    """Say so on standard error, if that takes it at once, and end: no handler, no flush, no other finally.

    A reader who has stopped reading may be what froze the loop: writing must not hold up the end as well.
    """
    try:
        with contextlib.suppress(OSError):
            if select.select((), (_STANDARD_ERROR,), (), 0.0)[1]:
                os.write(_STANDARD_ERROR, f"watchdog: the event loop was frozen for {frozen_seconds:.1f} s\n".encode())
    finally:
        os._exit(EXIT_STATUS)


class Watchdog:
    """A thread that watches one event loop."""

    def __init__(self, limit_seconds: float, on_freeze: Callable[[float], None] = end_process) -> None:
        """``on_freeze`` is called in the thread, with the seconds the loop was frozen, once it exceeds the limit."""
        self._limit_seconds = limit_seconds
        self._interval_seconds = limit_seconds / _BEATS_PER_LIMIT
        self._on_freeze = on_freeze
        self._beats = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Watch the running loop from now on."""
        self._beat(asyncio.get_running_loop())
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beats += 1
        self._timer = loop.call_later(self._interval_seconds, self._beat, loop)

    def _watch(self) -> None:
        seen, frozen, before = -1, 0.0, time.monotonic()
        while not self._stopped.wait(self._interval_seconds):
            now = time.monotonic()
            # What this thread has slept longer than it asked for was a pause of the whole process (SIGSTOP, a suspended
            # machine): no fault of the loop. The lease has covered it.
            frozen += min(now - before, 2 * self._interval_seconds)
            before = now
            if self._beats != seen:
                seen, frozen = self._beats, 0.0
            elif frozen > self._limit_seconds:
                self._on_freeze(frozen)
                return
