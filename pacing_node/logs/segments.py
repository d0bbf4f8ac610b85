"""Log files in segments: a new one when the current one is full or old, and old ones deleted.

The file ``name.log`` becomes ``name.20260102_030405_678.log``, named after the moment it was begun; ``name`` without
an ending gets ``.log``. A segment that was moved or deleted meanwhile is followed by a new one. One thread writes, so
nothing here waits for another.
"""

from __future__ import annotations

import logging
import os
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from pacing_node.logs.stream_output import complain

if TYPE_CHECKING:
    from pathlib import Path

_SEGMENT = re.compile(r"([0-9]+)(?: ?(KB|MB|hr))?")
_EXPIRE = re.compile(r"([0-9]+)(?: ?(file|day))?")
_BYTES = {"KB": 1024, "MB": 1024 * 1024}


@dataclass(frozen=True, slots=True)
class SegmentRule:
    """When a segment ends and which are deleted; None for never and none."""

    bytes: int | None = None
    seconds: float | None = None
    keep_files: int | None = None
    keep_seconds: float | None = None


def segment_rule(segment: str, expire: str) -> SegmentRule:
    """The rule of the options ``segment`` and ``expire``, which have been checked; zero means never."""
    size = seconds = files = age = None
    if (made := _SEGMENT.fullmatch(segment)) and int(made.group(1)):
        number, unit = int(made.group(1)), made.group(2) or "KB"
        size, seconds = (None, number * 3600.0) if unit == "hr" else (number * _BYTES[unit], None)
    if (made := _EXPIRE.fullmatch(expire)) and int(made.group(1)):
        number, unit = int(made.group(1)), made.group(2) or "file"
        files, age = (None, number * 86_400.0) if unit == "day" else (number, None)
    return SegmentRule(size, seconds, files, age)


def _open(path: str, flags: int) -> int:
    """Open a segment: readable by the group, for programs that collect logs, and never through a link."""
    return os.open(path, flags | os.O_NOFOLLOW, 0o640)


class SegmentedFile(logging.Handler):
    """Writes formatted records to a file in segments. A disk that fails costs records, never the process."""

    def __init__(self, path: Path, rule: SegmentRule) -> None:
        super().__init__()
        self._stem = path.with_suffix("") if path.suffix == ".log" else path
        self._rule = rule
        self._file: TextIO | None = None
        self._current: Path | None = None
        self._size = 0
        self._begun = 0.0
        self._named_at = 0.0
        self._failing = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, after a change of segment if it is due."""
        try:
            line = self.format(record) + "\n"
            size = len(line.encode("utf-8", "replace"))
            if self._file is None or self._is_gone() or self._due(size):
                self._begin()
            assert self._file is not None
            self._file.write(line)
            self._file.flush()
            self._size += size
            self._failing = False
        except OSError as error:
            self._complain(error)

    def _is_gone(self) -> bool:
        """Whether somebody has moved or deleted the segment: what is written to it nobody would find."""
        assert self._file is not None
        assert self._current is not None
        try:
            there = self._current.stat(follow_symlinks=False)
        except FileNotFoundError:
            return True
        return not os.path.samestat(there, os.fstat(self._file.fileno()))

    def _due(self, size: int) -> bool:
        rule = self._rule
        full = rule.bytes is not None and self._size > 0 and self._size + size > rule.bytes
        return full or (rule.seconds is not None and time.time() - self._begun >= rule.seconds)

    def _begin(self) -> None:
        self._close_file()
        self._begun = time.time()
        self._stem.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self._current = self._free_name()
        self._file = open(self._current, "a", encoding="utf-8", errors="replace", opener=_open)  # noqa: SIM115 - stays open
        self._size = 0
        self._expire()

    def _free_name(self) -> Path:
        """A name of this moment; a millisecond later if the segment before, or another file, has it."""
        moment = max(self._begun, self._named_at + 0.001)
        while True:
            at = datetime.fromtimestamp(moment, UTC)
            name = f"{self._stem.name}.{at:%Y%m%d_%H%M%S}_{at.microsecond // 1000:03d}.log"
            if not (path := self._stem.with_name(name)).exists():
                self._named_at = moment
                return path
            moment += 0.001

    def _expire(self) -> None:
        """Delete segments that are too many or too old; the current one stays."""
        pattern = re.compile(re.escape(self._stem.name) + r"\.\d{8}_\d{6}_\d{3}\.log")
        segments = sorted(file for file in self._stem.parent.iterdir() if pattern.fullmatch(file.name))
        old = [file for file in segments if file != self._current]
        doomed: set[Path] = set()
        if self._rule.keep_files is not None:
            doomed |= set(old[: max(len(segments) - self._rule.keep_files, 0)])
        if self._rule.keep_seconds is not None:
            limit = time.time() - self._rule.keep_seconds
            doomed |= {file for file in old if file.stat().st_mtime < limit}
        for file in doomed:
            file.unlink(missing_ok=True)

    def _complain(self, error: OSError) -> None:
        """Say once on stderr that the file cannot be written, and try a new segment with the next record."""
        if not self._failing:
            complain(f"pacing: log file {self._stem}: {error}\n")
        self._failing = True
        self._close_file()

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                self._failing = True

    def close(self) -> None:
        """Close the segment."""
        self._close_file()
        super().close()
