"""Reads what a node has written to its log since a place in it, and finds what nobody handled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES = 64 * 1024 * 1024
_UNHANDLED = re.compile(
    r"Traceback \(most recent call last\)"
    r"|Task exception was never retrieved"
    r"|exception was never retrieved"
    r"|Exception ignored in"
    r"|Unhandled exception"
    r"|Exception in ASGI application"
    r"|Check failed:"  # gRPC's C core, before it aborts
    r"|Fatal Python error"
    r"|Segmentation fault"
    r"|MemoryError"
)
_LINE_SHOWN = 160
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class LogPart:
    """What a log has gained."""

    size: int
    """Bytes."""
    exceptions: tuple[str, ...]
    """Its lines that tell of something unhandled, the first of them, shortened."""


def log_end(path: Path) -> int:
    """Where a log ends now; 0 before there is one."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read_since(path: Path, start: int) -> LogPart:
    """What was written to a log after ``start`` bytes; of a very long part the first 64 MiB are looked at."""
    size = log_end(path) - start
    if size <= 0:
        return LogPart(0, ())
    with path.open("rb") as file:
        file.seek(start)
        text = file.read(_MOST_BYTES).decode("utf-8", "replace")
    return LogPart(size, unhandled(text))


def unhandled(text: str) -> tuple[str, ...]:
    """Lines of a log that tell of an exception nobody handled, shortened, at most 20."""
    found = []
    for line in text.splitlines():
        hit = _UNHANDLED.search(line)
        if hit is not None:
            begin = max(0, hit.start() - _LINE_SHOWN // 2)
            found.append(line[begin : begin + _LINE_SHOWN].strip())
            if len(found) == _MOST_SHOWN:
                break
    return tuple(found)
