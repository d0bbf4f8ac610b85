"""The standard streams of a command: made ready once, and one clear end when nothing can be printed.

Without this a command whose output is closed (``>&-``) or on a full disk ends with a traceback, and a closed stream's
number goes to the next file or socket the command opens, which then takes what was meant for people.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1
"""Exit status of a command that could not print its answer."""
_STDOUT, _STDERR = 1, 2


class OutputError(Exception):
    """The standard output is closed, or its disk full. No OSError: commands catch those of their own work."""

    def __init__(self, error: OSError) -> None:
        reason = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
        super().__init__(f"cannot write to the standard output: {reason}")


class ReaderGoneError(Exception):
    """Whoever read the standard output has gone, and the command does nothing but print. No OSError, as above."""


class _WithoutReader(Enum):
    """What becomes of a command whose reader has gone."""

    GOES_ON = auto()
    ENDS = auto()
    IS_TOLD = auto()


class _Process:
    """The process of the command."""

    without_reader = _WithoutReader.GOES_ON


def end_with_reader() -> None:
    """From now on the command prints until it is ended: where its reader goes (``| head``), so does the command.

    Every other command goes on to its end without a reader, with its own exit status: an order is given, and what was
    examined is judged.
    """
    _Process.without_reader = _WithoutReader.ENDS


def learn_of_reader() -> None:
    """From now on writing without a reader is a BrokenPipeError, for a log that counts what it has lost."""
    _Process.without_reader = _WithoutReader.IS_TOLD


class _Answers(io.TextIOWrapper):
    """The standard output: what cannot be written is an OutputError, but where the reader has gone."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            _explain(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            _explain(error)


class _Complaints(io.TextIOWrapper):
    """The standard error output: where it takes nothing there is nobody left to tell; the exit status still does."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            _discard(_STDERR)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _discard(_STDERR)


def _explain(error: OSError) -> None:
    """Why the standard output takes nothing; where only its reader has gone, what follows goes nowhere.

    Raises OutputError; without a reader what the command has asked for.
    """
    if not isinstance(error, BrokenPipeError):
        raise OutputError(error) from error
    if _Process.without_reader is _WithoutReader.IS_TOLD:
        raise error
    _discard(_STDOUT)
    if _Process.without_reader is _WithoutReader.ENDS:
        raise ReaderGoneError from None


def _discard(descriptor: int) -> None:
    """Send what a stream still holds nowhere, or Python would try it again, and complain, at the very end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def prepare() -> None:
    """Make the standard streams ready; called once, when a command begins.

    An output takes every character: what goes to a file or another program is UTF-8 whatever the locale, for an escape
    in a document would be another document; on a terminal a character its encoding lacks is an escape. A stream that is
    closed is opened on nothing, so that no file or socket gets its number, and refuses what is written to it.
    """
    _occupy_closed()
    sys.stdout = _taken_over(sys.stdout, _STDOUT, _Answers)
    sys.stderr = _taken_over(sys.stderr, _STDERR, _Complaints)


def _occupy_closed() -> None:
    """Open what is closed of descriptors 0 to 2: for reading only, so that writing fails."""
    for descriptor in (0, _STDOUT, _STDERR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number: this one


def _taken_over(stream: Any, descriptor: int, kind: type[io.TextIOWrapper]) -> Any:
    """A stream of ``kind`` in the place of ``stream``, which is None where it was closed; anything odd is left."""
    if stream is None:
        raw = io.FileIO(descriptor, "w", closefd=False)
        return kind(io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True)
    if type(stream) is not io.TextIOWrapper:
        return stream
    encoding = stream.encoding if stream.isatty() else "utf-8"
    lines, through = stream.line_buffering, stream.write_through
    buffer = stream.detach()
    return kind(buffer, encoding=encoding, errors="backslashreplace", line_buffering=lines, write_through=through)


@contextlib.contextmanager
def answered(command: str) -> Iterator[None]:
    """Run a command; one whose answer cannot be printed ends with one line on stderr and exit status 1.

    A reader that has gone (``| head``) is no fault to explain: a command that prints until it is ended ends in silence.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except ReaderGoneError:
        raise SystemExit(0) from None
    except BrokenPipeError:
        _discard(_STDOUT)
        raise SystemExit(FAILED) from None
    except OutputError as error:
        _discard(_STDOUT)
        sys.stderr.write(f"{command}: {error}\n")
        raise SystemExit(FAILED) from None
