"""The log on the standard output or the standard error output, whatever becomes of whoever reads it."""

from __future__ import annotations

import errno
import logging
import select
import sys
import time
from typing import TextIO

from terminal.standard_streams import OutputError, learn_of_reader

PATIENCE_SECONDS = 0.05
"""How long a record waits for a reader who is slow; one who has stopped reading costs this once."""
_PIECE = 400
"""Characters written at once: in any encoding no more than a pipe takes whole once it takes any (4096 bytes)."""


class StreamOutput(logging.Handler):
    """Writes formatted records to a stream. One that is closed, full or read by nobody costs records, not the process.

    What goes wrong is said on stderr once, and how many records were lost when the stream takes some again.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """``stream`` is None where the process has none: its records go to stderr."""
        super().__init__()
        learn_of_reader()
        self._stream = stream
        self._lost = 0
        self._begun = False
        """Whether a record was written in part: the next one begins on a line of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        line = self.format(record) + "\n"
        try:
            self._write(self._stream or sys.stderr, f"\n{line}" if self._begun else line)
        except (OSError, OutputError) as error:
            if self._lost == 0:
                complain(f"pacing: records of the log are lost: {error}\n")
            self._lost += 1
            return
        if self._lost:
            complain(f"pacing: {self._lost} records of the log were lost\n")
            self._lost = 0

    def _write(self, stream: TextIO, text: str) -> None:
        """Write a text piece by piece, each when there is room for it. Raises OSError, OutputError."""
        deadline = time.monotonic() + (0.0 if self._lost else PATIENCE_SECONDS)
        for start in range(0, len(text), _PIECE):
            if not _takes(stream, max(0.0, deadline - time.monotonic())):
                raise BlockingIOError(errno.EAGAIN, "nobody reads them")
            self._begun = True
            stream.write(text[start : start + _PIECE])
            stream.flush()
        self._begun = False


def complain(text: str) -> None:
    """Write to stderr, unless whoever reads that has stopped."""
    if _takes(sys.stderr, 0.0):
        sys.stderr.write(text)


def _takes(stream: TextIO, seconds: float) -> bool:
    """Whether a stream takes a piece within so many seconds, or fails at once; one without a descriptor always does."""
    try:
        room = select.poll()
        room.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return True
    return bool(room.poll(1000.0 * seconds))
