"""Loaded into the process of a node before its own code: how long one callback holds the event loop at most.

The benchmark holds the other end: a file that is mapped into memory, in which it reads the longest hold and sets it
back. A hold is CPU time of the loop's thread, so that a busy machine makes none longer.
"""

from __future__ import annotations

import asyncio.events
import mmap
import os
import struct
import time
from pathlib import Path

VARIABLE = "PACING_BENCHMARK_HOLDS"
"""Environment variable with the path of the file."""
_SECONDS = struct.Struct("<d")
_NAME_BYTES = 120
SIZE = _SECONDS.size + _NAME_BYTES


class HoldsFile:
    """The file, from the benchmark's side."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(SIZE))
        self._path = path

    def take(self) -> tuple[float, str]:
        """The longest hold since the last call, seconds, and what it was; then it counts anew."""
        with self._path.open("r+b") as file:
            content = file.read(SIZE)
            file.seek(0)
            file.write(bytes(SIZE))
        name = content[_SECONDS.size :].rstrip(b"\0").decode("utf-8", "replace")
        return _SECONDS.unpack_from(content)[0], name


def install(path: Path) -> None:
    """Measure every callback of every event loop of this process."""
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), SIZE)
    run = asyncio.events.Handle._run  # noqa: SLF001 - there is no other place that sees every callback

    def measured(handle: asyncio.events.Handle) -> None:
        began = time.thread_time()
        run(handle)
        held = time.thread_time() - began
        if held > _SECONDS.unpack_from(shared)[0]:
            name = _name(handle).encode()[:_NAME_BYTES]
            shared[:SIZE] = _SECONDS.pack(held) + name.ljust(_NAME_BYTES, b"\0")

    setattr(asyncio.events.Handle, run.__name__, measured)


def _name(handle: asyncio.events.Handle) -> str:
    """The task a callback belongs to, else the callback."""
    callback = getattr(handle, "_callback", None)
    owner = getattr(callback, "__self__", None)
    return owner.get_name() if isinstance(owner, asyncio.Task) else str(getattr(callback, "__qualname__", callback))


if VARIABLE in os.environ:
    install(Path(os.environ[VARIABLE]))
