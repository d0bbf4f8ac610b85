"""A directory for the Unix sockets of this process, which nobody else can reach; those of dead processes go."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from pathlib import Path

_PREFIX = "pacing-port-"
_LOCK = "lock"
_LONGEST_PATH = 80
"""Longest path of the directory: that of a Unix socket in it must stay below the 104 to 108 bytes of the kernel."""
_SPARE = Path("/dev/shm")  # noqa: S108 - the directory made in it is private
"""Where the directory is made when the usual place cannot be written, as in a container with a read-only root."""


class SocketDirectory:
    """The directory, locked as long as its process lives. Making and removing it does blocking I/O."""

    def __init__(self) -> None:
        """Raises OSError when none can be made."""
        self.path = _make()
        early = self.path / f"early-{_LOCK}"
        self._lock = os.open(early, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Under its name it is locked from the first moment.
        early.rename(self.path / _LOCK)

    def remove(self) -> None:
        """Remove it with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _make() -> Path:
    failure: OSError = OSError("no directory for temporary files")
    for usual in (True, False):
        try:
            parent = Path(tempfile.gettempdir()) if usual else _SPARE
            _remove_left_behind(parent)
            made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        except OSError as error:
            failure = error
            continue
        if len(str(made)) <= _LONGEST_PATH:
            return made
        made.rmdir()
        failure = OSError(f"{parent} is too long a path for a socket; set TMPDIR to a shorter one")
    raise failure


def _remove_left_behind(parent: Path) -> None:
    """Remove the directories of processes of this user that ended without doing it."""
    for each in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = each.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and _is_abandoned(each):
                shutil.rmtree(each, ignore_errors=True)


def _is_abandoned(directory: Path) -> bool:
    """Whether its process is dead. One that has just been made, and is not locked yet, has no lock file."""
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
