"""Child processes of the demonstration: started with a log file, watched, ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.harness.children import start_child
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Sequence

_POLL_SECONDS = 0.05
_TAIL_LINES = 20


def pacing_command(*arguments: str) -> list[str]:
    """The command line of the project's own command, with the interpreter that runs this."""
    return [sys.executable, "-c", "from pacing_node.cli.main import main; main()", *arguments]


class DemoProcess:
    """One program of the demonstration, in a session of its own; it dies with this process, however that ends."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id, also after it ended; 0 before the first start."""
        return 0 if self._process is None else self._process.pid

    @property
    def worker_pid(self) -> int:
        """Id of the process that does the work, which may run under the one that was started."""
        return innermost_child(self.pid) if self.running else 0

    def start(self) -> None:
        """Start it, or start it again after it ended."""
        if not self.running:
            self._process = start_child(self.command, log=self.log)

    def check(self) -> None:
        """Raise HarnessError with the end of its log when it has ended."""
        if self._process is not None and self._process.poll() is not None:
            raise HarnessError(f"{self.name} ended {self.ending()}")

    def ending(self) -> str:
        """How it ended: the signal that killed it or its worker, or its status and the end of its log."""
        status = 0 if self._process is None else self._process.poll() or 0
        # A shell, and a supervisor, reports the death of its child by signal N as status 128 + N.
        number = -status if status < 0 else status - 128
        if number in set(signal.Signals):
            return f"by {signal.Signals(number).name}"
        return f"with status {status}{self.tail()}"

    def tail(self) -> str:
        """The end of its log, ready to be appended to a message."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        except OSError:
            lines = []
        return ":\n    " + "\n    ".join(lines) if lines else "; its log is empty"

    def kill_worker(self) -> int:
        """Kill the process that does the work, not one that supervises it; return its process id.

        Raises ProcessLookupError when there is none.
        """
        worker = self.worker_pid
        if worker == 0:
            raise ProcessLookupError(self.name)
        os.kill(worker, signal.SIGKILL)
        return worker

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill_session(self) -> None:
        """Kill whatever is left of its session, its children too, and wait for it."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


async def end(processes: Iterable[DemoProcess], grace_seconds: float) -> None:
    """Ask all of them to end at once, wait at most ``grace_seconds``, and kill what is left of their sessions."""
    processes = list(processes)
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace_seconds
    for process in processes:
        while process.running and time.monotonic() < deadline:  # noqa: ASYNC110 - the end of a process is no event
            await asyncio.sleep(_POLL_SECONDS)
    for process in processes:
        process.kill_session()


def innermost_child(pid: int) -> int:
    """The process at the end of a chain of single children that starts at ``pid``; ``pid`` itself without any.

    A worker under a supervisor is its only child. A node that examines itself has a child too, which is not the node.
    Where there is no /proc, the answer is ``pid``.
    """
    children = _children_by_parent()
    while len(working := [child for child in children.get(pid, ()) if not _examines(child)]) == 1:
        pid = working[0]
    return pid


def _examines(pid: int) -> bool:
    """Whether a process is the doctor that a node has come now and then, half a minute after its start at first."""
    try:
        return b"doctor" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False  # it has ended


def descendants(pid: int) -> list[int]:
    """Every process that ``pid`` has started, and those have started, as long as their parents run."""
    children = _children_by_parent()
    found, left = [], [pid]
    while left:
        left += (started := children.get(left.pop(), []))
        found += started
    return found


def _children_by_parent() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # "pid (name) state parent …"; the name may hold spaces and brackets.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found.setdefault(int(parent), []).append(int(stat.parent.name))
    return found
