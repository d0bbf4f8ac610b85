"""The log on a stream that takes nothing: records are lost, the process goes on, and it is said once."""

from __future__ import annotations

import io
import logging

import pytest

from pacing_node.logs.stream_output import StreamOutput
from terminal.standard_streams import OutputError


class Disk(io.StringIO):
    """A stream that can be full."""

    full: Exception | None = None

    def flush(self) -> None:
        if self.full is not None:
            raise self.full


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, text, None, None)


@pytest.mark.parametrize("failure", [OSError(28, "No space left"), OutputError(OSError(28, "No space left"))])
def test_what_is_lost_is_said_once_and_counted_when_the_stream_takes_records_again(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = Disk()
    output = StreamOutput(disk)
    disk.full = failure
    for number in range(3):
        output.handle(record(f"lost {number}"))
    disk.full = None
    output.handle(record("kept"))

    begins, ends = capsys.readouterr().err.splitlines()
    assert begins.startswith("pacing: records of the log are lost: ")
    assert begins.endswith("No space left")
    assert ends == "pacing: 3 records of the log were lost"
    assert disk.getvalue().endswith("kept\n")


def test_a_process_without_that_stream_logs_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    StreamOutput(None).handle(record("told"))

    assert capsys.readouterr().err == "told\n"
