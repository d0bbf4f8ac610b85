"""Small files that must survive a crash, and that nobody else may read or put there: a node's state.

The directory is the node's user's own and open to nobody else (0700), its files are 0600. Nothing is written or read
through a symbolic link, and what belongs to another user is refused: whoever can plant a file in the state directory
could give a node another epoch, or make it overwrite a file elsewhere. What belongs to root is accepted, for volumes
are often mounted so, and root needs no such ways.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from cluster.errors import UnsafeStateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
MOST_BYTES = 256 * 1024 * 1024
"""Longest file that is read."""


def directory_fault(path: Path) -> str:
    """Why a directory that is there cannot hold a node's state; empty when it can. Changes nothing. Raises OSError."""
    state = path.stat()
    if path.is_symlink() and path.lstat().st_uid not in {os.geteuid(), 0}:
        return _foreign(path, path.lstat().st_uid)
    return _fault(path, state)


def ensure_directory(path: Path) -> None:
    """Make the directory for a node's state, or close it to others. Raises UnsafeStateError, OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opened_directory(path):
        pass


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file by one with this content: after a crash there is the old or the new one, never a mixture.

    Writes beside it, flushes to the disk, renames over it, and flushes the directory, which is made when missing.
    Raises UnsafeStateError, OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = f".{path.name}.new"
    with naming(path), _opened_directory(path.parent) as directory:
        # Left by a run that was ended meanwhile, or planted: never written to, a link neither.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=directory)
        with os.fdopen(os.open(beside, _WRITE, 0o600, dir_fd=directory), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path.name, src_dir_fd=directory, dst_dir_fd=directory)
        os.fsync(directory)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give an error of the system the whole path it is about.

    A write to a full disk names none, and a call within a directory only its last part.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or (isinstance(error.filename, str) and error.filename.startswith("/")):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def read_if_there(path: Path) -> bytes | None:
    """The content of a file; None when there is none. Raises UnsafeStateError, OSError for anything else."""
    try:
        with _opened_directory(path.parent) as directory:
            descriptor = _open(path, _READ, directory)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES)


def open_lock(path: Path) -> int:
    """The descriptor of a file that is there for its lock alone. Raises UnsafeStateError, OSError."""
    ensure_directory(path.parent)
    with _opened_directory(path.parent) as directory:
        return _open(path, _LOCK, directory)


@contextlib.contextmanager
def _opened_directory(path: Path) -> Iterator[int]:
    """A directory's descriptor, once it is known to be safe."""
    if path.is_symlink() and path.lstat().st_uid not in {os.geteuid(), 0}:
        raise UnsafeStateError(_foreign(path, path.lstat().st_uid))
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not os.fstat(descriptor).st_mode & stat.S_ISVTX:
            _close_to_others(descriptor, 0o700)
        if fault := _fault(path, os.fstat(descriptor)):
            raise UnsafeStateError(fault)
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int, directory: int) -> int:
    """The descriptor of a file in a directory: a plain one, of this user or of root, and from now on open to no other.

    Raises UnsafeStateError, OSError.
    """
    try:
        descriptor = os.open(path.name, flags, 0o600, dir_fd=directory)
    except OSError:
        if path.is_symlink():
            raise UnsafeStateError(f"{path} is a symbolic link; allowed is a plain file: remove it") from None
        raise
    try:
        state = os.fstat(descriptor)
        if not stat.S_ISREG(state.st_mode):
            raise UnsafeStateError(f"{path} is no plain file: remove it")
        if state.st_uid not in {os.geteuid(), 0}:
            raise UnsafeStateError(_foreign(path, state.st_uid))
        _close_to_others(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _fault(path: Path, state: os.stat_result) -> str:
    """What is wrong with the state of a directory; empty when nothing is."""
    if state.st_uid not in {os.geteuid(), 0}:
        return _foreign(path, state.st_uid)
    if state.st_mode & stat.S_IWOTH:
        mode = stat.S_IMODE(state.st_mode)
        return f"{path}: every user may write there (mode {mode:04o}); choose a directory of the node's own"
    return ""


def _close_to_others(descriptor: int, mode: int) -> None:
    """Take the rights of others away from what is this user's own; a file system that cannot do that is left alone."""
    state = os.fstat(descriptor)
    if state.st_uid == os.geteuid() and state.st_mode & _OTHERS:
        with contextlib.suppress(OSError):
            os.fchmod(descriptor, mode)


def _foreign(path: Path, owner: int) -> str:
    return (
        f"{path} belongs to the user {owner}, and this process runs as {os.geteuid()}: run it as that user, or give "
        "the node a state directory of its own"
    )
