"""Commands at a terminal of 80 columns, as a person has one."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


class Screen:
    """What a command has written to its terminal."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._text = ""

    def until(self, words: str) -> str:
        """Everything so far, as soon as these words are there."""
        while words not in self._text:
            self._text += os.read(self._file.fileno(), 65536).decode(errors="replace")
        return self._text

    def read(self) -> str:
        """Everything, to the end of the command."""
        try:
            while data := os.read(self._file.fileno(), 65536):
                self._text += data.decode(errors="replace")
        except OSError:  # the other end is closed
            pass
        return self._text


@contextmanager
def terminal(command: list[str]) -> Iterator[tuple[int, subprocess.Popen[bytes], Screen]]:
    """Run a command on a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "30"}
    with os.fdopen(ours, "r+b", buffering=0) as file:
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        try:
            yield ours, process, Screen(file)
        finally:
            process.kill()
            process.wait()
