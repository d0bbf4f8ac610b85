"""Commands that run beside a test and end with it, however it ends."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

END_SECONDS = 60.0
"""Longest time a command may take to end once it is told to."""


class Running:
    """A command that runs, its output read as text."""

    def __init__(self, process: subprocess.Popen[str], out: IO[str]) -> None:
        self.process = process
        self.out = out

    def end(self, number: int) -> int:
        """Send a signal and wait; the exit status. Raises subprocess.TimeoutExpired."""
        self.process.send_signal(number)
        return self.process.wait(END_SECONDS)


@contextmanager
def running(command: Sequence[str]) -> Iterator[Running]:
    """Run a command; one that a failed test leaves behind is killed, for waiting for it would take forever."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield Running(process, process.stdout)
        finally:
            process.kill()
