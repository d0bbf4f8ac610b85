"""What the ZooKeeper client logs, as far as it matters: its warnings, and the session time-out it was granted."""

from __future__ import annotations

import logging

import structlog

log = structlog.get_logger(__name__)

TRACE_LEVEL = 5
"""Level below debug at which the client logs what it reads."""


class ConnectionLog(logging.Handler):
    """Hears what kazoo logs: a warning is passed on once, until there is another one.

    The session time-out that was granted is reported nowhere else.
    """

    def __init__(self, asked_seconds: float) -> None:
        super().__init__(TRACE_LEVEL)
        self.granted_seconds = asked_seconds
        self._logged = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Take the granted time-out from the record of a new session; pass warnings on."""
        if record.levelno >= logging.WARNING:
            message = record.getMessage()
            if message != self._logged:
                self._logged = message
                log.warning("zookeeper.client", message=message)
        elif "negotiated session timeout" in str(record.msg) and isinstance(record.args, tuple):
            granted = record.args[2]
            if isinstance(granted, int):
                self.granted_seconds = granted / 1000
