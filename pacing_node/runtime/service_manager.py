"""What a node tells the service manager that started it, in systemd's protocol of datagrams (``sd_notify(3)``).

``Type=notify`` learns by it when the node answers, and ``systemctl status`` shows what it is. ``WatchdogSec`` ends a
node whose event loop turns no more. Where no manager listens, nothing is sent.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cluster.mastership import LeadershipStatus

log = structlog.get_logger(__name__)

STATUS_SECONDS = 5.0
"""Longest time until a changed status is shown."""
_BEATS_PER_LIMIT = 3


class ServiceManager:
    """The manager of this process, as its environment names it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Nothing is sent where ``NOTIFY_SOCKET`` is not set."""
        address = environment.get("NOTIFY_SOCKET", "")
        # An address that begins with @ is in the abstract namespace.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_seconds = _watchdog_seconds(environment)
        """Time without a sign of life after which the manager ends this process; None when it never does."""
        self._complained = False

    async def run(self, status: Callable[[], LeadershipStatus]) -> None:
        """Tell that the node answers, then its status and signs of life; when cancelled, that it has begun to stop."""
        self._send("READY=1")
        limit = self.watchdog_seconds
        period = min(STATUS_SECONDS, limit / _BEATS_PER_LIMIT) if limit else STATUS_SECONDS
        try:
            while True:
                self._send(f"STATUS={_describe(status())}", *(["WATCHDOG=1"] if limit else []))
                await asyncio.sleep(period)
        finally:
            self._send("STOPPING=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto("\n".join(lines).encode(), self._address)
        except OSError as error:
            if not self._complained:
                log.warning("service_manager.not_told", error=str(error))
            self._complained = True


def _describe(status: LeadershipStatus) -> str:
    return f"{status.role.value}, {status.state}, epoch {status.epoch}, ZooKeeper {status.zookeeper.value}"


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """The manager's time-out, where it is meant for this process or for the supervisor above it."""
    text = environment.get("WATCHDOG_USEC", "")
    meant_for = environment.get("WATCHDOG_PID", "")
    if not text.isdecimal() or int(text) == 0 or meant_for not in {"", str(os.getpid()), str(os.getppid())}:
        return None
    return int(text) / 1e6
