"""Small files that must survive a crash."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file by one with this content: after a crash there is the old or the new one, never a mixture.

    Writes beside it, flushes to the disk, renames over it, and flushes the directory. Raises OSError.
    """
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_if_there(path: Path) -> bytes | None:
    """The content of a file; None when there is none. Raises OSError for anything else."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
