"""Outputs of the log: what each takes, and that none of them holds up who writes to it."""

from __future__ import annotations

import logging
import queue
import sys
from dataclasses import replace
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cluster.access.audit_log import EVENT as AUDIT_EVENT
from pacing_node.delivery.syslog import SyslogMessage, SyslogSeverity
from pacing_node.logs.levels import SuiteLevel, level_filters, level_of
from pacing_node.logs.segments import SegmentedFile, segment_rule
from pacing_node.logs.stream_output import StreamOutput

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping

    from pacing_node.logs.levels import LevelFilter
    from pacing_node.options.log_options import LogOptions

MOST_WAITING = 10_000
"""Most records that wait for the disk; those beyond are given up."""

_SYSLOG_LEVELS = (
    (logging.CRITICAL, SyslogSeverity.CRITICAL),
    (logging.ERROR, SyslogSeverity.ERROR),
    (logging.WARNING, SyslogSeverity.WARNING),
    (logging.INFO, SyslogSeverity.INFORMATIONAL),
)


class NetworkQueue(Protocol):
    """Takes syslog messages for Message Server and never waits (an ``Outbox``)."""

    def offer(self, item: SyslogMessage) -> None:
        """Queue one message."""
        ...


def event_name(record: logging.LogRecord) -> str:
    """Name of an event: of a structured one its ``event``, of a library's record its text."""
    return str(record.msg.get("event", "")) if isinstance(record.msg, dict) else record.getMessage()


def suite_level(record: logging.LogRecord) -> SuiteLevel:
    """Level of a record; one that waited in the queue before the files carries it, as its event is text by then."""
    known = getattr(record, "suite_level", None)
    return known if isinstance(known, SuiteLevel) else level_of(record.name, record.levelno, event_name(record))


class Admitted(logging.Filter):
    """Lets through what an output takes."""

    def __init__(self, admission: LevelFilter) -> None:
        super().__init__()
        self._admission = admission

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record goes to the output."""
        return self._admission.takes(suite_level(record))


class Network(logging.Handler):
    """Hands records as syslog messages to the queue before Message Server, from whatever thread."""

    def __init__(self, outbox: NetworkQueue, host: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._outbox = outbox
        self._host = host
        self._loop = loop

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one record; after the end of the loop nothing is sent any more.

        The audit log goes to Message Server by a way of its own, whatever this output takes.
        """
        if event_name(record) == AUDIT_EVENT:
            return
        level = next((found for least, found in _SYSLOG_LEVELS if record.levelno >= least), SyslogSeverity.DEBUG)
        kind = event_name(record) if isinstance(record.msg, dict) else "log"
        message = SyslogMessage(level, record.created, self._host, kind, self.format(record))
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._outbox.offer, message)


class _Waiting(QueueHandler):
    """A bounded queue before the thread that writes files."""

    lost = 0

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """The record as text, made by who logs: what the event refers to may change afterwards."""
        ready = logging.makeLogRecord({"name": record.name, "levelno": record.levelno, "msg": self.format(record)})
        ready.suite_level = suite_level(record)
        return ready

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record, or count it as lost."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.lost += 1


class FileThread:
    """One thread that writes all files, so that a slow disk stops nobody."""

    def __init__(self, files: Mapping[str, LevelFilter], options: LogOptions, formatter: logging.Formatter) -> None:
        rule = segment_rule(options.segment, options.expire)
        self._targets = [SegmentedFile(Path(name), rule) for name in files]
        for target, admission in zip(self._targets, files.values(), strict=True):
            target.addFilter(Admitted(admission))
        waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING)
        self.handler = _Waiting(waiting)
        self.handler.setFormatter(formatter)
        self._listener = QueueListener(waiting, *self._targets, respect_handler_level=False)
        self._listener.start()

    def stop(self) -> None:
        """Write what waits and close the files."""
        self._listener.stop()
        for target in self._targets:
            target.close()


class Outputs:
    """The handlers of one set of options."""

    def __init__(
        self,
        options: LogOptions,
        formatter: logging.Formatter,
        network: Callable[[], logging.Handler | None],
    ) -> None:
        """``network`` makes the handler of Message Server, None when there is none."""
        taken = level_filters(options)
        self.handlers: list[logging.Handler] = []
        files: dict[str, LevelFilter] = {}
        self._files: FileThread | None = None
        for name, admission in taken.items():
            if name in {"stdout", "stderr"}:
                self._add(StreamOutput(getattr(sys, name)), admission, formatter)
            elif name == "network":
                # Alarms go to Message Server by a way of their own, with all their parts.
                self._add(network(), replace(admission, alarms=False), formatter)
            else:
                files[name] = admission
        if files:
            self._files = FileThread(files, options, formatter)
            self.handlers.append(self._files.handler)

    def _add(self, handler: logging.Handler | None, admission: LevelFilter, formatter: logging.Formatter) -> None:
        if handler is not None:
            handler.addFilter(Admitted(admission))
            handler.setFormatter(formatter)
            self.handlers.append(handler)

    def close(self) -> None:
        """Write what waits and close what was opened."""
        if self._files is not None:
            self._files.stop()
