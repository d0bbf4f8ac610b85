"""What the kernel says of a process: open files, threads, memory."""

from __future__ import annotations

import os
from pathlib import Path

_MIB = 1024.0 * 1024.0


def open_files(pid: int) -> int:
    """Open files and sockets of a process. Raises OSError when it has ended."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def threads(pid: int) -> int:
    """Threads of a process. Raises OSError when it has ended."""
    return sum(1 for _ in Path(f"/proc/{pid}/task").iterdir())


def resident_mib(pid: int) -> float:
    """Memory of a process that is in use and not on disk, in MiB. Raises OSError when it has ended."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB
