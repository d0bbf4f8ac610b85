"""How much of a measured time was the machine's: processes that could have run, and waited for a processor.

Linux counts for every thread how long it ran, and how long it was ready and did not run
(``/proc/PID/task/TID/schedstat``, the first two numbers, in nanoseconds). A time by the clock less the wait is what the
same work takes on a machine with processors to spare, so a bound by the clock can be judged on a busy one. Where the
kernel does not count, nothing is subtracted.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from simulator.harness.processes import descendants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class ThreadTimes(NamedTuple):
    """What the kernel has counted of a thread since its start, in seconds."""

    ran: float
    waited: float
    """Ready to run, while others had the processors."""


class Starvation:
    """Counts from its making on, for processes that take part in something one after the other."""

    def __init__(self, processes: Callable[[], Iterable[int]]) -> None:
        """``processes`` is asked again at each reading: one that was started meanwhile counts from its start."""
        self._processes = processes
        self._before = {pid: thread_times(pid) for pid in processes()}

    def own_seconds(self, clock_seconds: float) -> float:
        """A time by the clock that ends now, without the wait; never less than what was worked in it.

        Of each process the thread that waited longest counts, and the one that worked longest. The waits of several
        processes may have been at the same time: on a busy machine this is the least the work can have taken.
        """
        changes = [self._changes(pid) for pid in self._processes()]
        waited = sum(max((each.waited for each in threads), default=0.0) for threads in changes)
        worked = sum(max((each.ran for each in threads), default=0.0) for threads in changes)
        return min(clock_seconds, max(clock_seconds - waited, worked))

    def _changes(self, pid: int) -> list[ThreadTimes]:
        nothing, before = ThreadTimes(0.0, 0.0), self._before.get(pid, {})
        pairs = [(now, before.get(thread, nothing)) for thread, now in thread_times(pid).items()]
        return [ThreadTimes(now.ran - then.ran, now.waited - then.waited) for now, then in pairs]


def thread_times(pid: int) -> dict[int, ThreadTimes]:
    """The times of each thread of a process; empty for a process that has ended."""
    found = {}
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                ran, waited, _ = (task / "schedstat").read_text(encoding="ascii").split()
                found[int(task.name)] = ThreadTimes(int(ran) / 1e9, int(waited) / 1e9)
    return found


def started_with(words: Sequence[str]) -> list[int]:
    """Processes that this one has started, directly or not, with one of these words in their command line."""
    return [pid for pid in descendants(os.getpid()) if any(word in _command_line(pid) for word in words)]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
