"""The demonstration's working directory: made anew, one demonstration at a time, nothing left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_LOCK = "lock"


@contextlib.contextmanager
def working_directory(path: Path, *, keep: bool = False) -> Iterator[Path]:
    """Make ``path`` anew, hold it while the demonstration runs, and remove it at the end unless it is to be kept.

    What an interrupted run left there is removed first. Raises HarnessError when another demonstration is running in
    it, or when it holds something that no demonstration has made.
    """
    if _is_of_others(path):
        raise HarnessError(f"{path} exists and was not made by a demonstration; move it away or use another directory")
    with _lock_file(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise HarnessError(f"a demonstration is already running in {path}, process {lock.read().strip()}") from None
        _empty(path)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        try:
            yield path
        finally:
            if not keep:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def own_directory(kept: Path | None, prefix: str) -> Iterator[Path]:
    """The directory ``kept``, made anew and left behind; without one a temporary directory of that prefix.

    Raises HarnessError as :func:`working_directory` does.
    """
    if kept is not None:
        with working_directory(kept, keep=True) as place:
            yield place
        return
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        yield Path(name)


def _is_of_others(path: Path) -> bool:
    """Whether something is there that no demonstration has made; one that cannot be read is refused later."""
    try:
        return path.exists() and (not path.is_dir() or (any(path.iterdir()) and not (path / _LOCK).exists()))
    except OSError:
        return False


def _lock_file(path: Path) -> TextIO:
    """The directory's lock, opened; the directory is made where it is missing. Raises HarnessError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        return (path / _LOCK).open("a+")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise HarnessError(f"cannot write in {path}: {reason}; name another place with --directory") from None


def _empty(path: Path) -> None:
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != _LOCK:
            entry.unlink()
