"""So many lines of one kind: what a flood from outside makes a node say again and again is counted, not written.

Events below INFO are only written when somebody asked for them, and then all of them.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

BURST = 100
"""Lines of one kind that may come at once."""
PER_SECOND = 1.0
"""Lines of one kind each second, after that."""
REPORT_SECONDS = 10.0
"""How long after the first line that was left out their number is written."""
MOST_KINDS = 1000
"""Kinds that are told apart; all further ones are one."""
LEFT_OUT = "log.left_out"
ALWAYS = frozenset({LEFT_OUT, "audit.order"})
"""Events that are never left out: the audit log counts by itself, for each kind of call, what a stranger repeats."""
_SHOWN = 100
_DECIDED = "within_kind_limit"

Kind: TypeAlias = tuple[str, int, str]
"""Logger, level, and name of the event or, of a library, its text without the values in it."""
Later: TypeAlias = "Callable[[float, Callable[[], None]], None]"
_OTHERS: Kind = ("", logging.INFO, "others")


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float
    left_out: int = 0
    since: float = 0.0


class KindLimit(logging.Filter):
    """A filter all outputs share: a record is decided once, by the first that sees it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, later: Later | None = None) -> None:
        """``clock`` gives seconds and never goes back; ``later`` makes a call after so many."""
        super().__init__()
        self._clock = clock
        self._later = later or _in_a_thread
        self._buckets: dict[Kind, _Bucket] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        decided = getattr(record, _DECIDED, None)
        if decided is None:
            kind = kind_of(record)
            decided = record.levelno < logging.INFO or kind[2] in ALWAYS or self._take(kind)
            setattr(record, _DECIDED, decided)
        return bool(decided)

    def _take(self, kind: Kind) -> bool:
        now = self._clock()
        with self._lock:
            if kind not in self._buckets and len(self._buckets) >= MOST_KINDS:
                kind = _OTHERS
            bucket = self._buckets.setdefault(kind, _Bucket(BURST, now))
            bucket.left = min(BURST, bucket.left + (now - bucket.at) * PER_SECOND)
            bucket.at = now
            if bucket.left >= 1.0:
                bucket.left -= 1.0
                return True
            bucket.left_out += 1
            first = bucket.left_out == 1
            if first:
                bucket.since = now
        if first:
            # Also when no further line comes, the number of those left out is written.
            self._later(REPORT_SECONDS, partial(contextvars.copy_context().run, self.report, kind))
        return False

    def report(self, kind: Kind) -> None:
        """Write how many lines of a kind were left out since the last time."""
        with self._lock:
            bucket = self._buckets[kind]
            count, seconds = bucket.left_out, self._clock() - bucket.since
            bucket.left_out = 0
        if count:
            logger, level, event = kind
            log.warning(
                LEFT_OUT,
                kind=event,
                logger=logger,
                level=logging.getLevelName(level).lower(),
                lines=count,
                seconds=round(seconds, 1),
            )


def _in_a_thread(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


def kind_of(record: logging.LogRecord) -> Kind:
    """What a record has in common with others of its kind."""
    text = str(record.msg.get("event", "")) if isinstance(record.msg, dict) else str(record.msg)
    return record.name, record.levelno, text[:_SHOWN]
