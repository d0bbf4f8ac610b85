"""The log on a stream that takes nothing: records are lost, the process goes on, and it is said once."""

from __future__ import annotations

import contextlib
import fcntl
import io
import logging
import os
import threading
from typing import TYPE_CHECKING, TextIO

import pytest

from pacing_node.logs.stream_output import StreamOutput
from terminal.standard_streams import OutputError
from tests.support.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator


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


class TestReaderThatHasStopped:
    """A pipe that nobody empties: a paused pager, the log driver of a container engine that is stuck."""

    @pytest.fixture
    def pipe(self) -> Iterator[tuple[int, TextIO]]:
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(reading, False)
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "w") as stream:
            yield reading, stream
            with contextlib.suppress(OSError):
                os.close(reading)

    @staticmethod
    def log(output: StreamOutput, *texts: str) -> None:
        """Log in a thread, which must end: a logger that waits for its reader would hold up the event loop."""
        logger = threading.Thread(target=lambda: [output.handle(record(text)) for text in texts], daemon=True)
        logger.start()
        logger.join(PATIENCE_SECONDS)
        assert not logger.is_alive()

    @staticmethod
    def read(reading: int) -> list[str]:
        return os.read(reading, 1_000_000).decode().splitlines()

    def test_costs_records_and_never_the_process(
        self, pipe: tuple[int, TextIO], capsys: pytest.CaptureFixture[str]
    ) -> None:
        reading, stream = pipe
        output = StreamOutput(stream)
        texts = [f"{number} {'x' * 100}" for number in range(100)]
        self.log(output, *texts)
        taken = self.read(reading)
        assert taken == texts[: len(taken)]
        assert 0 < len(taken) < len(texts)

        self.log(output, "kept")
        assert self.read(reading) == ["kept"]
        begins, ends = capsys.readouterr().err.splitlines()
        assert begins.endswith("nobody reads them")
        assert ends == f"pacing: {len(texts) - len(taken)} records of the log were lost"

    def test_a_record_longer_than_the_pipe_is_cut_and_the_next_one_has_its_own_line(
        self, pipe: tuple[int, TextIO]
    ) -> None:
        reading, stream = pipe
        output = StreamOutput(stream)
        self.log(output, "é" * 10_000)
        (cut,) = self.read(reading)
        assert set(cut) == {"é"}
        self.log(output, "kept")
        assert self.read(reading) == ["", "kept"]

    def test_is_waited_for_once(self, pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch) -> None:
        waits: list[float] = []
        monkeypatch.setattr("pacing_node.logs.stream_output._takes", lambda _stream, seconds: waits.append(seconds))
        self.log(StreamOutput(pipe[1]), "a", "b", "c")
        assert waits[0] > 0.0
        assert set(waits[1:]) == {0.0}

    def test_a_slow_reader_is_waited_for(self, pipe: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pacing_node.logs.stream_output.PATIENCE_SECONDS", PATIENCE_SECONDS)
        reading, stream = pipe
        text = "x" * 100_000
        logger = threading.Thread(target=lambda: StreamOutput(stream).handle(record(text)), daemon=True)
        logger.start()
        taken = b""
        os.set_blocking(reading, True)
        while not taken.endswith(b"\n"):
            taken += os.read(reading, 1000)
        assert taken.decode() == f"{text}\n"
        logger.join(PATIENCE_SECONDS)
