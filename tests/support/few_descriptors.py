"""A port in a process of its own that may have few file descriptors: what a flood of connections leaves there."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator


class LimitedProcess:
    """A program that prints its port, waits for a line, and answers it with two counts."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.port = port

    def counts(self) -> tuple[int, int]:
        """Descriptors that are left, and connections that are open."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        left, connections = map(int, self._process.stdout.readline().split())
        print(f"{left} descriptors were left beside {connections} connections")
        return left, connections


@contextlib.contextmanager
def limited_process(program: str) -> Iterator[LimitedProcess]:
    """Run a program, which limits itself, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield LimitedProcess(process, int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()
