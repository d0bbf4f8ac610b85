"""Signals of a node's processes, SIGHUP and those that mean nothing among them.

SIGHUP has a node read its files anew, SIGUSR1 and SIGUSR2 mean nothing.

By default each of them ends a process, from its first moment on; so they are ignored until there is a handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from functools import partial
from typing import TYPE_CHECKING

from cluster.process.late_log import LateLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

log = LateLog(__name__)

RELOAD = signal.SIGHUP
MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2)


def ignore_until_handled() -> None:
    """Ignore these signals from now on; processes that are started inherit it."""
    for number in (RELOAD, *MEANINGLESS):
        signal.signal(number, signal.SIG_IGN)


def handle_signal(number: signal.Signals, act: Callable[[], object]) -> None:
    """Call ``act`` on the running loop for each signal of this number. Only on the main thread.

    The loop's own handlers go through a pipe of a few hundred places, and drop what finds it full: a SIGTERM behind a
    storm of other signals, while the loop is busy, would be lost.
    """
    loop = asyncio.get_running_loop()

    def handler(_number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and so does the process
            loop.call_soon_threadsafe(act)

    signal.signal(number, handler)


def handle_no_more(number: signal.Signals) -> None:
    """Let a signal do again what it does by default."""
    signal.signal(number, signal.SIG_DFL)


def handle_harmless(reload: Callable[[], None]) -> None:
    """Call ``reload`` for SIGHUP on the running loop, and log the signals that mean nothing."""
    handle_signal(RELOAD, reload)
    for number in MEANINGLESS:
        handle_signal(number, partial(_log_ignored, number))


def _log_ignored(number: signal.Signals) -> None:
    log.warning("signal.ignored", signal=number.name)
