"""A server in a process of its own that obeys lines: what it sends is no load of the process that measures."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

from cluster.process.children import bound_to_parent
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NICENESS = 10
"""A hostile server has a machine of its own, which this one must not be taken for."""


class OrderedProcess:
    """The end of the process that gives the orders."""

    def __init__(self, module: str) -> None:
        """``module`` is run by ``python -m``."""
        self._module = module
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, argument: str, descriptors: Sequence[int] = ()) -> None:
        """Run it with one argument, and let it keep these descriptors."""
        command = bound_to_parent([sys.executable, "-m", self._module, argument])
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, pass_fds=descriptors)

    async def stop(self) -> None:
        """End it, with every connection."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def order(self, line: str) -> None:
        """Give an order that is not answered. Raises HarnessError before the start."""
        if self._process is None or self._process.stdin is None:
            raise HarnessError(f"{self._module} was not started")
        self._process.stdin.write(f"{line}\n".encode())

    async def ask(self, line: str) -> str:
        """Give an order and wait for its answer, a line. Raises HarnessError when the process has ended."""
        self.order(line)
        answer = b""
        if self._process is not None and self._process.stdout is not None:
            answer = await self._process.stdout.readline()
        if not answer:
            raise HarnessError(f"{self._module} has ended")
        return answer.decode().rstrip("\n")


async def obey(take: Callable[[list[str]], str | None]) -> None:
    """The other end: give every line of the standard input to ``take`` by its words, print its answers; until the end.

    The process gives way to others from now on.
    """
    os.nice(_NICENESS)
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        if (answer := take(line.decode().split())) is not None:
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
