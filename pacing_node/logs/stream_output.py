"""The log on the standard output or the standard error output, whatever becomes of whoever reads it."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from terminal.standard_streams import OutputError


class StreamOutput(logging.Handler):
    """Writes formatted records to a stream. One that is closed or full costs records, never the process.

    What goes wrong is said on stderr once, and how many records were lost when the stream takes some again.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """``stream`` is None where the process has none: its records go to stderr."""
        super().__init__()
        self._stream = stream
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        line = self.format(record) + "\n"
        stream = self._stream or sys.stderr
        try:
            stream.write(line)
            stream.flush()
        except (OSError, OutputError) as error:
            if self._lost == 0:
                sys.stderr.write(f"pacing: records of the log are lost: {error}\n")
            self._lost += 1
            return
        if self._lost:
            sys.stderr.write(f"pacing: {self._lost} records of the log were lost\n")
            self._lost = 0
