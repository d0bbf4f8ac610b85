"""What the kernel says a process has used: CPU time to the microsecond, and its greatest memory."""

from __future__ import annotations

import contextlib
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time of the threads a process has now, in seconds.

    Raises OSError when it has ended. Threads that ended take their time with them, so a difference of two readings is
    right for a process whose threads stay.
    """
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


def peak_mib(pid: int) -> float:
    """The most memory a process has had in use, in MiB. Raises OSError when it has ended."""
    return _status_kib(pid, "VmHWM") / 1024.0


def resident_mib(pid: int) -> float:
    """Memory a process has in use now, in MiB. Raises OSError when it has ended."""
    return _status_kib(pid, "VmRSS") / 1024.0


def _status_kib(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return 0
