"""Files that others read at any moment: replaced in one step, so that nobody finds one half-written."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(file: Path, text: str, new_mode: int) -> None:
    """Put another content in the place of a file, with its owner and mode; ``new_mode`` is for one that is new.

    Raises OSError; then the file is as it was.
    """
    file = file.resolve()
    beside = file.with_name(f".{file.name}.new")
    try:
        state = file.stat() if file.exists() else None
        if state is not None and not stat.S_ISREG(state.st_mode):
            file.write_text(text, encoding="utf-8")  # a device or a pipe stays what it is
            return
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as output:  # noqa: PTH123 - a descriptor, not a path
            _take_over(descriptor, state, new_mode)
            output.write(text)
            output.flush()
            os.fsync(descriptor)
        beside.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise OSError(error.errno, error.strerror, str(file)) from error


def _take_over(descriptor: int, before: os.stat_result | None, new_mode: int) -> None:
    """Give an open file the owner and mode of the one it replaces: it may hold secrets."""
    if before is None:
        os.fchmod(descriptor, new_mode)
        return
    os.fchmod(descriptor, before.st_mode & 0o7777)
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, before.st_uid, before.st_gid)
