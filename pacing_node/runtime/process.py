"""Measures of this process: pauses of the garbage collector, memory, lateness of its event loop.

A Python process has no heap of a fixed size and no collector that moves objects. What corresponds to the reference
product's two conditions is measured honestly: the time the cyclic collector held up the interpreter, and the resident
memory as a share of what the process may have. Most memory is freed by reference counts and never meets the collector.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import Literal

_STATM = Path("/proc/self/statm")
_GROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


class CollectorPauses:
    """The longest pause of the garbage collector since the last look. Use as long as it is wanted, then ``close``."""

    def __init__(self) -> None:
        self._began = 0.0
        self._longest = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: Literal["start", "stop"], _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        elif self._began:
            self._longest = max(self._longest, time.perf_counter() - self._began)
            self._began = 0.0

    def take_longest(self) -> float:
        """Seconds of the longest pause since the last call."""
        longest, self._longest = self._longest, 0.0
        return longest

    def close(self) -> None:
        """Stop measuring."""
        if self._note in gc.callbacks:
            gc.callbacks.remove(self._note)


def resident_bytes() -> int | None:
    """Resident memory of this process; None where the system does not report it."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def memory_limit_bytes() -> int | None:
    """What the process may have: the limit of its control group, else the machine's memory; None when unknown."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        machine = 0
    limits = [limit for limit in map(_limit, _GROUP_LIMITS) if limit]
    known = [limit for limit in (*limits, machine) if limit > 0]
    return min(known, default=None)


def _limit(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
