"""The watchdog ends a process whose event loop is frozen, whatever has become of its standard error output."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from cluster.process.watchdog import EXIT_STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

FROZEN = """
import asyncio, sys, time
from cluster.process.watchdog import Watchdog

async def freeze():
    Watchdog(0.3).start()
    time.sleep(float(sys.argv[1]))

asyncio.run(freeze())
"""
LONGEST_SECONDS = 60.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def ended(stderr: int | None, prefix: str = "") -> int:
    """Exit status of a process that freezes with this standard error output; it is killed should it never end."""
    command = [sys.executable, "-c", prefix + FROZEN, str(LONGEST_SECONDS)]
    return subprocess.run(command, stderr=stderr, timeout=LONGEST_SECONDS, check=False).returncode


def test_it_says_so(pipe: tuple[int, int]) -> None:
    assert ended(pipe[1]) == EXIT_STATUS
    assert os.read(pipe[0], 1000).startswith(b"watchdog: the event loop was frozen for ")


def test_nobody_reads_its_standard_error_any_more(pipe: tuple[int, int]) -> None:
    """As behind a container engine whose log is stuck, which may have frozen the loop in the first place."""
    fcntl.fcntl(pipe[1], fcntl.F_SETPIPE_SZ, 4096)
    os.write(pipe[1], b"x" * 4096)

    assert ended(pipe[1]) == EXIT_STATUS


def test_its_standard_error_is_closed() -> None:
    assert ended(None, "import os, sys\nos.close(2)\nsys.stderr = None\n") == EXIT_STATUS
