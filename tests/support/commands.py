"""The command ``pacing`` as a process of its own, forked from one that has loaded it already.

A start of Python with the command's modules costs most of a second of processor time, a fork of a process that has them
some milliseconds. Arguments, environment, directory, outputs and exit status are those of a process started anew. What
the start itself does (its modules, its standard streams) is tested by starting it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.waiting import until_blocking

LOADED = ("pacing_node.cli.cluster", "pacing_node.cli.orders", "pacing_node.cli.provision", "pacing_node.cli.token")
"""What the forks find loaded; another command loads its modules itself."""
LONGEST_SECONDS = 120.0


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str


async def pacing(*words: str, environment: Mapping[str, str] | None = None, directory: Path | None = None) -> Done:
    """Run ``pacing`` with these words; without an environment in that of this process, as it is now."""
    return await asyncio.to_thread(_ask, _forking().path, _given(words, environment, directory))


def pacing_blocking(*words: str) -> Done:
    """``pacing`` for a test without an event loop."""
    return _ask(_forking().path, _given(words))


def _given(
    words: Sequence[str], environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> dict[str, Any]:
    return {"words": words, "environment": dict(environment or os.environ), "directory": str(directory or Path.cwd())}


def _ask(server: str, given: dict[str, Any]) -> Done:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(LONGEST_SECONDS)
        asking.connect(server)
        asking.sendall(json.dumps(given).encode())
        asking.shutdown(socket.SHUT_WR)
        with asking.makefile("rb") as answer:
            return Done(**json.load(answer))


class _Forking:
    """The process that forks, started by the first who needs it."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="pacing-")
        self.path = str(Path(self._place.name) / "commands")
        command = [sys.executable, "-m", "tests.support.commands", self.path]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        until_blocking(Path(self.path).exists, "the process that forks commands listens")

    def end(self) -> None:
        """Have it end, and wait: its processor time counts as that of the tests."""
        self._process.communicate(timeout=LONGEST_SECONDS)
        self._place.cleanup()


@functools.cache
def _forking() -> _Forking:
    return _Forking()


def end_forking() -> None:
    """End the process that forks, if any; called once, at the end of the run."""
    if _forking.cache_info().currsize:
        _forking().end()


# --- in the process that forks ----------------------------------------------------------------------------------------


def _serve(path: str) -> None:
    for module in LOADED:
        importlib.import_module(module)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{path}.new")
        listening.listen()
        Path(f"{path}.new").rename(path)
        # The end of the input is the end of those who ask.
        while listening in select.select([listening, sys.stdin], [], [])[0]:
            asked, _ = listening.accept()
            with asked:
                if os.fork() == 0:
                    listening.close()
                    _answer(asked)
                    os._exit(0)
            _reap(os.WNOHANG)
    _reap(0)


def _reap(options: int) -> None:
    """Wait for children: for those that have ended, or for all."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, options)[0]:
            pass


def _answer(asked: socket.socket) -> None:
    with asked.makefile("rb") as given:
        wanted = json.load(given)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if (command := os.fork()) == 0:
            asked.close()
            _run(wanted, out.fileno(), err.fileno())
        _, ended = os.waitpid(command, 0)
        out.seek(0)
        err.seek(0)
        done = {
            "status": os.waitstatus_to_exitcode(ended),
            "out": out.read().decode(),
            "err": err.read().decode(),
        }
    asked.sendall(json.dumps(done).encode())


def _run(wanted: dict[str, Any], out: int, err: int) -> None:
    """Become the command; never returns."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(wanted["directory"])
        os.environ.clear()
        os.environ.update(wanted["environment"])
        sys.argv = ["pacing", *wanted["words"]]
        status = _exit_status()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _exit_status() -> int:
    main = importlib.import_module("pacing_node.cli.main").main
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


if __name__ == "__main__":
    _serve(sys.argv[1])
