"""How much room the disks have that a node writes to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MIB = 1024 * 1024


def free_mib(directories: Iterable[Path]) -> dict[Path, float | str]:
    """MiB this user may still write, by directory; why that is not known, in the system's words, where it is not.

    A directory that is still to be made has the room of the one it will be made in. May wait for a slow disk.
    """
    found: dict[Path, float | str] = {}
    for directory in directories:
        existing = next((each for each in (directory, *directory.absolute().parents) if each.exists()), directory)
        try:
            state = os.statvfs(existing)
        except OSError as error:
            found[directory] = (error.strerror or type(error).__name__).lower()
        else:
            found[directory] = state.f_bavail * state.f_frsize / MIB
    return found
