"""What nobody handled is found in a node's log, and what the log gained is counted in bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.attack.log_scan import log_end, read_since, unhandled


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        '{"event": "task failed", "exception": "Traceback (most recent call last):\\n  File"}',
        "Task exception was never retrieved",
        "Exception ignored in: <function x>",
        "2026 [error] Exception in ASGI application",
        "E0000 00:00:1 tls.cc:12] Check failed: prior > 0",
        "Fatal Python error: Aborted",
        "MemoryError",
    ],
)
def test_every_sign_of_something_unhandled_is_found(line: str):
    assert len(unhandled(f"all is well\n{line}\nall is well\n")) == 1


def test_refused_calls_and_warnings_are_nothing_unhandled():
    assert (
        unhandled("[warning] audit.order outcome=refused reason='no signature'\n[error] push.failed status=503\n") == ()
    )


def test_long_lines_are_shortened_and_no_more_than_twenty_kept():
    found = unhandled(f"{'x' * 10_000} Traceback (most recent call last): {'y' * 10_000}\n" * 50)
    assert len(found) == 20
    assert all(len(line) <= 160 and "Traceback" in line for line in found)


def test_only_what_was_written_since_counts(tmp_path: Path):
    log = tmp_path / "log"
    assert log_end(log) == 0
    log.write_text("Traceback (most recent call last):\n")
    start = log_end(log)
    assert read_since(log, start).size == 0
    with log.open("a") as file:
        file.write("Fatal Python error: x\n")
    part = read_since(log, start)
    assert part.size == len("Fatal Python error: x\n")
    assert part.exceptions == ("Fatal Python error: x",)
