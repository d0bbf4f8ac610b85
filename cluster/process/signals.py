"""Signals that must not end a node: SIGHUP has it read its files anew, SIGUSR1 and SIGUSR2 mean nothing.

By default each of them ends a process, from its first moment on; so they are ignored until there is a handler.
"""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

RELOAD = signal.SIGHUP
MEANINGLESS = (signal.SIGUSR1, signal.SIGUSR2)


def ignore_until_handled() -> None:
    """Ignore these signals from now on; processes that are started inherit it."""
    for number in (RELOAD, *MEANINGLESS):
        signal.signal(number, signal.SIG_IGN)


def handle_harmless(reload: Callable[[], None]) -> None:
    """Call ``reload`` for SIGHUP on the running loop, and log the signals that mean nothing."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(RELOAD, reload)
    for number in MEANINGLESS:
        loop.add_signal_handler(number, _log_ignored, number)


def _log_ignored(number: signal.Signals) -> None:
    log.warning("signal.ignored", signal=number.name)
