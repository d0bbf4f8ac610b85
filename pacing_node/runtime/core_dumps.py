"""A process whose memory holds secrets leaves no image of it behind when it crashes."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_FILTER = Path("/proc/self/coredump_filter")


def forbid_core_dumps() -> None:
    """Let this process, and those it starts, write no memory into core dumps.

    The limit keeps the kernel from writing a file. Where it hands dumps to a program instead, the limit does not count:
    no kind of memory is then part of one.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):
        _FILTER.write_text("0")
