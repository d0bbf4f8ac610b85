"""Syslog messages by RFC 5424, framed for TCP and TLS by octet counting (RFC 6587, RFC 5425). Pure."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL0 = 16
"""Facility of every message."""
APP_NAME = "agent-pacing"
ENTERPRISE = 32473
"""Number in the identifier of structured data: the one RFC 5612 reserves for examples, as none is registered."""
MOST_BYTES_STREAM = 8192
"""Longest message over TCP and TLS; receivers must take 2048 and usually take this."""
MOST_BYTES_DATAGRAM = 2048
"""Longest message over UDP (RFC 5426)."""

_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")
_NOT_IN_NAMES = re.compile(r'[^\x21-\x7e]|[="\]]')
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
_ESCAPED = re.compile(r'(["\\\]])')


class SyslogSeverity(IntEnum):
    """Severities of RFC 5424 that are used here."""

    CRITICAL = 2
    ERROR = 3
    WARNING = 4
    NOTICE = 5
    INFORMATIONAL = 6
    DEBUG = 7


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """One message."""

    level: SyslogSeverity
    at: float
    """Unix time in seconds."""
    host: str
    kind: str
    """What kind of message it is (MSGID)."""
    text: str
    data: Mapping[str, str] = field(default_factory=dict)
    """Structured data, named after the first part of ``kind``."""


def render(message: SyslogMessage, most_bytes: int) -> bytes:
    """The message as bytes without framing, cut to ``most_bytes`` at a character's edge."""
    at = datetime.fromtimestamp(message.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = (
        f"<{LOCAL0 * 8 + message.level}>1 {at} {_word(message.host, 255)} {APP_NAME} {os.getpid()} "
        f"{_word(message.kind, 32)} "
    )
    structured = _structured(message)
    head += structured if len((head + structured).encode("utf-8", "replace")) < most_bytes - 200 else "-"
    text = _CONTROL.sub(" ", message.text)
    mark = "" if text.isascii() else "\ufeff"
    raw = (f"{head} {mark}{text}").encode("utf-8", "replace")
    return raw if len(raw) <= most_bytes else raw[:most_bytes].decode("utf-8", "ignore").encode()


def frame(raw: bytes) -> bytes:
    """A message with its length before it, for a stream."""
    return b"%d %b" % (len(raw), raw)


def _word(text: str, most: int) -> str:
    return _NOT_PRINTABLE.sub("_", text)[:most] or "-"


def _structured(message: SyslogMessage) -> str:
    if not message.data:
        return "-"
    name = _name(message.kind.partition(".")[0], 20).replace("@", "_")
    parameters = [_parameter(key, value) for key, value in message.data.items()]
    return f"[{name}@{ENTERPRISE} {' '.join(parameters)}]"


def _parameter(key: str, value: str) -> str:
    escaped = _ESCAPED.sub(r"\\\1", _CONTROL.sub(" ", value))
    return f'{_name(key, 32)}="{escaped}"'


def _name(text: str, most: int) -> str:
    return _NOT_IN_NAMES.sub("_", text)[:most] or "_"
